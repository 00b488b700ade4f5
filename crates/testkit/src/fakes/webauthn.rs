//! Fake WebAuthn without cryptography.

use std::sync::atomic::{AtomicU32, Ordering};

use tessera_identity::{
    model::{CeremonyOptions, CredentialId, CredentialResponse, Passkey, User},
    ports::{Assertion, CeremonyStart, ClaimedCredential, NewCredential, WebAuthn, WebAuthnError},
};
use tessera_kernel::UserId;

use crate::expectations::ok;

/// Numbers its challenges. Its options are `{"challenge":"2"}`.
#[derive(Debug, Default)]
pub struct FakeWebAuthn {
    challenges: AtomicU32,
}

/// An authenticator with one credential. Its responses are forgeable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FakePasskey {
    /// The number of the credential.
    pub number: u32,
    /// The user handle.
    pub user: Option<UserId>,
    /// The signature counter.
    pub counter: u32,
    /// Whether the signature, the origin, the RP id and the user verification are right.
    pub valid: bool,
}

impl FakePasskey {
    /// A credential of the user, whose authenticator does not count.
    #[must_use]
    pub const fn of(number: u32, user: UserId) -> Self {
        Self { number, user: Some(user), counter: 0, valid: true }
    }

    /// The response to a ceremony with these options.
    #[must_use]
    pub fn answer(&self, options: &CeremonyOptions) -> CredentialResponse {
        let user = self.user.map(|user| user.to_string()).unwrap_or_default();
        let challenge = options.as_json().split('"').nth(3).unwrap_or_default();
        ok(format!("{{{challenge};{};{user};{};{}}}", self.number, self.counter, self.valid).try_into())
    }
}

/// Reads a response of [`FakePasskey`], with its challenge.
fn read(response: &CredentialResponse) -> Option<(String, FakePasskey)> {
    let json = response.as_json();
    let parts: Vec<&str> = json.strip_prefix('{')?.strip_suffix('}')?.split(';').collect();
    let [challenge, number, user, counter, valid] = parts.try_into().ok()?;
    let passkey = FakePasskey {
        number: number.parse().ok()?,
        user: user.parse().ok(),
        counter: counter.parse().ok()?,
        valid: valid.parse().ok()?,
    };
    Some((challenge.to_owned(), passkey))
}

/// Reads a response that is valid for the challenge.
fn valid(state: &str, response: &CredentialResponse) -> Result<FakePasskey, WebAuthnError> {
    let valid = read(response).filter(|(challenge, passkey)| challenge == state && passkey.valid);
    valid.map(|(_, passkey)| passkey).ok_or_else(|| WebAuthnError::Invalid("the response is not valid".into()))
}

impl FakeWebAuthn {
    fn start(&self) -> CeremonyStart {
        let challenge = self.challenges.fetch_add(1, Ordering::SeqCst).to_string();
        CeremonyStart { options: ok(format!(r#"{{"challenge":"{challenge}"}}"#).try_into()), state: challenge }
    }
}

impl WebAuthn for FakeWebAuthn {
    fn rp_id(&self) -> &'static str {
        "example.com"
    }

    fn start_registration(&self, _: &User, _: &[Passkey]) -> Result<CeremonyStart, WebAuthnError> {
        Ok(self.start())
    }

    fn finish_registration(&self, state: &str, response: &CredentialResponse) -> Result<NewCredential, WebAuthnError> {
        let FakePasskey { number, counter, .. } = valid(state, response)?;
        let id = CredentialId::new(number.to_be_bytes().to_vec());
        Ok(NewCredential {
            id,
            rp_id: self.rp_id().to_owned(),
            credential: format!("key {number}"),
            counter,
            synced: true,
        })
    }

    fn start_authentication(&self, _: &[Passkey]) -> Result<CeremonyStart, WebAuthnError> {
        Ok(self.start())
    }

    fn claimed(&self, response: &CredentialResponse) -> Option<ClaimedCredential> {
        let (_, FakePasskey { number, user, .. }) = read(response)?;
        Some(ClaimedCredential { id: CredentialId::new(number.to_be_bytes().to_vec()), user })
    }

    fn finish_authentication(
        &self,
        state: &str,
        response: &CredentialResponse,
        passkey: &Passkey,
    ) -> Result<Assertion, WebAuthnError> {
        let FakePasskey { number, counter, .. } = valid(state, response)?;
        let credential = format!("key {number}");
        let counts_on = counter > passkey.counter || (counter, passkey.counter) == (0, 0);
        if credential != passkey.credential || !counts_on {
            return Err(WebAuthnError::Invalid("another key, or an old counter".into()));
        }
        Ok(Assertion { credential, counter, synced: true })
    }
}
