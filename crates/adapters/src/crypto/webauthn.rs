//! The WebAuthn protocol.

use data_encoding::BASE64URL_NOPAD;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tessera_identity::{
    model::{CeremonyOptions, CredentialId, CredentialResponse, Passkey, User},
    ports::{Assertion, CeremonyStart, ClaimedCredential, NewCredential, WebAuthn, WebAuthnError},
};
use tessera_kernel::{ProductName, TRACE_TARGET, UserId};
use url::Url;
use webauthn_rs::prelude::{
    Credential, DiscoverableAuthentication, Passkey as StoredPasskey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder,
};

/// The RP id, and the origins whose pages and applications may use its passkeys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// The RP id, a domain.
    pub id: String,
    /// The origins. At least one is of the web and within the RP id.
    pub origins: Vec<Url>,
}

/// No origin of the web is within the RP id.
#[derive(Debug, thiserror::Error)]
#[error("no origin is within the RP id")]
pub struct RelyingPartyError;

/// Creates and verifies passkeys of one RP id.
#[derive(Debug)]
pub struct WebAuthnVerifier {
    rp_id: String,
    webauthn: Webauthn,
}

impl WebAuthnVerifier {
    /// Creates the verifier. Authenticators show the name of the product.
    ///
    /// # Errors
    /// Fails when no origin is within the RP id.
    pub fn new(relying_party: &RelyingParty, product: &ProductName) -> Result<Self, RelyingPartyError> {
        let RelyingParty { id, origins } = relying_party;
        let name = product.to_string();
        let first = origins.iter().find_map(|origin| WebauthnBuilder::new(id, origin).ok());
        let builder = first.ok_or(RelyingPartyError)?.rp_name(&name);
        let builder = origins.iter().fold(builder, WebauthnBuilder::append_allowed_origin);
        Ok(Self { rp_id: id.clone(), webauthn: builder.build().map_err(|_| RelyingPartyError)? })
    }
}

impl WebAuthn for WebAuthnVerifier {
    fn rp_id(&self) -> &str {
        &self.rp_id
    }

    fn start_registration(&self, user: &User, existing: &[Passkey]) -> Result<CeremonyStart, WebAuthnError> {
        let account = account_of(user);
        let display = user.display_name.as_ref().map_or(account.as_str(), |name| name.as_str());
        let start =
            self.webauthn.start_passkey_registration(user.id.as_uuid(), &account, display, None).map_err(failed)?;
        let mut options = serde_json::to_value(&start.0.public_key).map_err(failed)?;
        // The library discourages it. A passkey that is not resident cannot sign in without an address.
        options["authenticatorSelection"]["residentKey"] = json!("preferred");
        // Only the client excludes them. The unique key reports a credential that is taken, of this user as of others.
        options["excludeCredentials"] = descriptors(existing);
        started(&options, &start.1)
    }

    #[tracing::instrument(name = "signature", target = TRACE_TARGET, skip_all)]
    fn finish_registration(&self, state: &str, response: &CredentialResponse) -> Result<NewCredential, WebAuthnError> {
        let state: PasskeyRegistration = serde_json::from_str(state).map_err(failed)?;
        let response: RegisterPublicKeyCredential = parse(response)?;
        let passkey = self.webauthn.finish_passkey_registration(&response, &state).map_err(invalid)?;
        let credential = serde_json::to_string(&passkey).map_err(failed)?;
        let created = Credential::from(passkey);
        Ok(NewCredential {
            id: CredentialId::new(created.cred_id),
            rp_id: self.rp_id.clone(),
            credential,
            counter: created.counter,
            synced: created.backup_state,
        })
    }

    fn start_authentication(&self, allowed: &[Passkey]) -> Result<CeremonyStart, WebAuthnError> {
        // The library asks for the autofill of a form with it. The client decides that, so only the options are used.
        let start = self.webauthn.start_discoverable_authentication().map_err(failed)?;
        let mut options = serde_json::to_value(&start.0.public_key).map_err(failed)?;
        options["allowCredentials"] = descriptors(allowed);
        started(&options, &start.1)
    }

    fn claimed(&self, response: &CredentialResponse) -> Option<ClaimedCredential> {
        let response: PublicKeyCredential = parse(response).ok()?;
        let user = match response.get_user_unique_id() {
            Some(handle) => Some(UserId::from_uuid(uuid::Uuid::from_slice(handle).ok()?)),
            None => None,
        };
        Some(ClaimedCredential { id: CredentialId::new(response.get_credential_id().to_vec()), user })
    }

    #[tracing::instrument(name = "signature", target = TRACE_TARGET, skip_all)]
    fn finish_authentication(
        &self,
        state: &str,
        response: &CredentialResponse,
        passkey: &Passkey,
    ) -> Result<Assertion, WebAuthnError> {
        let state: DiscoverableAuthentication = serde_json::from_str(state).map_err(failed)?;
        let mut stored: StoredPasskey = serde_json::from_str(&passkey.credential).map_err(failed)?;
        let response: PublicKeyCredential = parse(response)?;
        let result = self.webauthn.finish_discoverable_authentication_v2(&response, state, &stored).map_err(invalid)?;
        stored.update_credential(&result);
        let credential = serde_json::to_string(&stored).map_err(failed)?;
        Ok(Assertion { credential, counter: result.counter(), synced: result.backup_state() })
    }
}

/// The credentials, as options name them.
fn descriptors(passkeys: &[Passkey]) -> Value {
    let ids = passkeys.iter().map(|passkey| BASE64URL_NOPAD.encode(passkey.credential_id.as_bytes()));
    ids.map(|id| json!({"type": "public-key", "id": id})).collect()
}

/// What an authenticator shows as the account: the address, or the first wallet.
fn account_of(user: &User) -> String {
    let email = user.email.as_ref().map(ToString::to_string);
    let wallet = || user.wallets.first().map(|wallet| wallet.account.address().to_string());
    email.or_else(wallet).unwrap_or_else(|| user.id.to_string())
}

fn started(options: &Value, state: &impl serde::Serialize) -> Result<CeremonyStart, WebAuthnError> {
    let options = CeremonyOptions::try_from(options.to_string()).map_err(failed)?;
    Ok(CeremonyStart { options, state: serde_json::to_string(state).map_err(failed)? })
}

/// Reads a response without the outputs of extensions, which are not signed and not used. Browsers add new ones.
fn parse<T: DeserializeOwned>(response: &CredentialResponse) -> Result<T, WebAuthnError> {
    let mut response: Value = serde_json::from_str(response.as_json()).map_err(invalid)?;
    if let Some(members) = response.as_object_mut() {
        members.retain(|name, _| !matches!(name.as_str(), "clientExtensionResults" | "extensions"));
    }
    serde_json::from_value(response).map_err(invalid)
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> WebAuthnError {
    WebAuthnError::Invalid(Box::new(error))
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> WebAuthnError {
    WebAuthnError::Failed(Box::new(error))
}
