//! Redemption of an authorization code by the back end of an application.

use tessera_kernel::{Event, RequestMetadata, Secret, StoreError};
use time::OffsetDateTime;

use super::{
    events::{CodePresented, CodeRefusal},
    issue_token::{IssueError, SsoToken},
    model::{AuthorizationCode, CodeVerifier, CodeVerifierError, OneTimeSecret, SsoCodeState},
};
use crate::{relying_parties::model::RelyingParty, service::SingleSignOn, service_tokens::ports::SigningError};

/// A redemption request.
#[derive(Debug)]
pub struct RedeemSsoCode {
    /// The code, as received. A malformed code matches no stored code.
    pub code: String,
    /// The redirect URI that received the code.
    pub redirect_uri: String,
    /// The PKCE code verifier, as received.
    pub verifier: Secret<String>,
    /// Request metadata.
    pub origin: RequestMetadata,
}

tessera_kernel::error_enum! {
    /// Why no token was issued.
    pub enum RedeemSsoCodeError {
        /// The code is unknown, used, expired, or belongs to another redirect URI or verifier, or the application has
        /// removed the redirect URI. The response is the same for all of them.
        #[error("the code is not valid")]
        InvalidGrant,
    }
    from
        /// The code is consumed.
        MalformedVerifier(CodeVerifierError),
        Token(SigningError),
        Store(StoreError),
}

impl From<IssueError> for RedeemSsoCodeError {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Token(error) => Self::Token(error),
            IssueError::Store(error) => Self::Store(error),
        }
    }
}

impl SingleSignOn {
    /// Redeems a code. The code is consumed whatever the result: a caller without the verifier has stolen it.
    ///
    /// # Errors
    /// Fails when the code is invalid, the code verifier is malformed, or signing or storage fails.
    pub async fn redeem(&self, command: RedeemSsoCode) -> Result<SsoToken, RedeemSsoCodeError> {
        let verifier = command.verifier.expose().parse::<CodeVerifier>();
        let code = self.consume(&command, verifier.as_ref().ok()).await?;
        // Report a malformed verifier only now that the code is consumed.
        verifier?;
        Ok(self.issue(code.ok_or(RedeemSsoCodeError::InvalidGrant)?.into()).await?)
    }

    /// Consumes the code. Returns `None` if it does not exist or is refused.
    async fn consume(
        &self,
        command: &RedeemSsoCode,
        verifier: Option<&CodeVerifier>,
    ) -> Result<Option<AuthorizationCode>, StoreError> {
        let Ok(secret) = command.code.parse::<OneTimeSecret>() else { return Ok(None) };
        let hash = self.ports.digest.digest(secret.expose());
        // Read first, so that an unknown code costs no transaction.
        if !self.ports.store.knows_sso_code(&hash).await? {
            return Ok(None);
        }
        let now = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        // Codes are deleted together with their application.
        let Some((code, party)) = tx.sso_codes().lock(&hash).await? else { return Ok(None) };
        let refusal = self.fault_of(&code, &party, &command.redirect_uri, verifier, now);
        let what = CodePresented::new(&code, refusal);
        let event = Event::by_anonymous(&command.origin, what, &self.ports.system);
        tx.sso_codes().redeem(&hash, now).await?;
        tx.events().append(&event).await?;
        tx.commit().await?;
        Ok(refusal.is_none().then_some(code))
    }

    /// Returns the reason for refusal for the audit trail. The response does not contain it.
    fn fault_of(
        &self,
        code: &AuthorizationCode,
        party: &RelyingParty,
        redirect_uri: &str,
        verifier: Option<&CodeVerifier>,
        now: OffsetDateTime,
    ) -> Option<CodeRefusal> {
        let digest = &self.ports.digest;
        let matches =
            |verifier: &CodeVerifier| digest.matches(code.code_challenge.hash(), &digest.digest(verifier.expose()));
        if code.state != SsoCodeState::Open {
            Some(CodeRefusal::Used)
        } else if now >= code.expires_at {
            Some(CodeRefusal::Expired)
        } else if code.redirect_uri != redirect_uri {
            Some(CodeRefusal::RedirectUri)
        } else if !party.allows_redirect_uri(&code.redirect_uri) {
            Some(CodeRefusal::Application)
        } else if !verifier.is_some_and(matches) {
            Some(CodeRefusal::Verifier)
        } else {
            None
        }
    }
}
