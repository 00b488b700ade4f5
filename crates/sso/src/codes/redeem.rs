//! Redemption of an authorization code by the back end of an application.

use tessera_kernel::{Event, RequestMetadata, StoreError};
use time::OffsetDateTime;

use super::{
    events::{CodePresented, CodeRefusal},
    issue_token::{IssueError, SsoToken},
    model::{AuthorizationCode, CodeVerifier, OneTimeSecret, SsoCodeState},
};
use crate::{relying_parties::model::RelyingParty, service::SingleSignOn, service_tokens::ports::SigningError};

/// A redemption request.
#[derive(Debug)]
pub struct RedeemSsoCode {
    /// The code, as received. A malformed code matches no stored code.
    pub code: String,
    /// The redirect URI that received the code.
    pub redirect_uri: String,
    /// The PKCE code verifier.
    pub verifier: CodeVerifier,
    /// Request metadata.
    pub origin: RequestMetadata,
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum RedeemSsoCodeError {
    /// The code is unknown, used, expired, or belongs to another redirect URI or verifier, or the application has
    /// removed the redirect URI. The response is the same for all of them.
    #[error("the code is not valid")]
    InvalidGrant,
    /// The token could not be signed.
    #[error(transparent)]
    Token(#[from] SigningError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    /// Fails when the code is invalid, or signing or storage fails.
    pub async fn redeem(&self, command: RedeemSsoCode) -> Result<SsoToken, RedeemSsoCodeError> {
        let judge = |code: &AuthorizationCode, party: &RelyingParty, now| self.fault_of(code, party, &command, now);
        match self.present(&command.code, &command.origin, judge).await? {
            Some((code, None)) => Ok(self.issue(code.into()).await?),
            _ => Err(RedeemSsoCodeError::InvalidGrant),
        }
    }

    /// Consumes a code and returns it with the reason for refusal, if any. Returns `None` if the code does not exist.
    pub(super) async fn present(
        &self,
        code: &str,
        origin: &RequestMetadata,
        judge: impl FnOnce(&AuthorizationCode, &RelyingParty, OffsetDateTime) -> Option<CodeRefusal>,
    ) -> Result<Option<(AuthorizationCode, Option<CodeRefusal>)>, StoreError> {
        let Ok(secret) = code.parse::<OneTimeSecret>() else { return Ok(None) };
        let hash = self.ports.digest.digest(secret.expose());
        // Read first, so that an unknown code costs no transaction.
        if !self.ports.store.knows_sso_code(&hash).await? {
            return Ok(None);
        }
        let now = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        // Codes are deleted together with their application.
        let Some((code, party)) = tx.sso_codes().lock(&hash).await? else { return Ok(None) };
        let refusal = judge(&code, &party, now);
        let what = CodePresented::new(&code, refusal).into();
        let event = Event::by_anonymous(origin, what, &*self.ports.clock, &*self.ports.entropy);
        tx.sso_codes().redeem(&hash, now).await?;
        tx.events().append(&event).await?;
        tx.commit().await?;
        Ok(Some((code, refusal)))
    }

    /// Checks whether the code itself is already used or expired.
    pub(super) fn fault_of_age(code: &AuthorizationCode, now: OffsetDateTime) -> Option<CodeRefusal> {
        if code.state != SsoCodeState::Open {
            Some(CodeRefusal::Used)
        } else if now >= code.expires_at {
            Some(CodeRefusal::Expired)
        } else {
            None
        }
    }

    /// Returns the reason for refusal for the audit trail. The response does not contain it.
    fn fault_of(
        &self,
        code: &AuthorizationCode,
        party: &RelyingParty,
        command: &RedeemSsoCode,
        now: OffsetDateTime,
    ) -> Option<CodeRefusal> {
        let digest = &self.ports.digest;
        if let Some(refusal) = Self::fault_of_age(code, now) {
            Some(refusal)
        } else if code.redirect_uri != command.redirect_uri {
            Some(CodeRefusal::RedirectUri)
        } else if !party.allows_redirect_uri(&code.redirect_uri) {
            Some(CodeRefusal::Application)
        } else if !digest.matches(code.code_challenge.hash(), &digest.digest(command.verifier.expose())) {
            Some(CodeRefusal::Verifier)
        } else {
            None
        }
    }
}
