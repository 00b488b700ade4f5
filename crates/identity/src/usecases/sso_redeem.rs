//! An application's back end redeems a code.

use tessera_kernel::{Event, Origin, StoreError};
use time::OffsetDateTime;

use super::sso_token::{IssueError, SsoToken};
use crate::{
    SingleSignOn,
    events::{CodeRefusal, IdentityEvent},
    model::{CodeVerifier, RelyingParty, SsoCode, SsoCodeState, SsoSecret},
    ports::TokenError,
};

/// What an application presents.
#[derive(Debug)]
pub struct RedeemSsoCode {
    /// The code, as it came. One that is none was given to nobody.
    pub code: String,
    /// Where it came.
    pub redirect_uri: String,
    /// What only the application knows.
    pub verifier: CodeVerifier,
    /// Where the request came from.
    pub origin: Origin,
}

/// No token was made.
#[derive(Debug, thiserror::Error)]
pub enum RedeemSsoCodeError {
    /// The code is unknown, used or expired, not of this address and verifier, or of an application that has given the address
    /// up: always the same answer.
    #[error("the code is not valid")]
    InvalidGrant,
    /// The token could not be made.
    #[error(transparent)]
    Token(#[from] TokenError),
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
    /// Redeems a code. It is used up, whatever comes out: who has it without the verifier has stolen it.
    ///
    /// # Errors
    /// See [`RedeemSsoCodeError`].
    pub async fn redeem(&self, command: RedeemSsoCode) -> Result<SsoToken, RedeemSsoCodeError> {
        let judge = |code: &SsoCode, party: &RelyingParty, now| self.fault_of(code, party, &command, now);
        match self.present(&command.code, &command.origin, judge).await? {
            Some((code, None)) => Ok(self.issue(code.into()).await?),
            _ => Err(RedeemSsoCodeError::InvalidGrant),
        }
    }

    /// Uses a code up, and tells what was wrong about it. `None` when there is no such code.
    pub(super) async fn present(
        &self,
        code: &str,
        origin: &Origin,
        judge: impl FnOnce(&SsoCode, &RelyingParty, OffsetDateTime) -> Option<CodeRefusal>,
    ) -> Result<Option<(SsoCode, Option<CodeRefusal>)>, StoreError> {
        let Ok(secret) = code.parse::<SsoSecret>() else { return Ok(None) };
        let hash = self.ports.digest.digest(secret.expose());
        // Read first: a code that was never issued costs no transaction.
        if !self.ports.store.knows_sso_code(&hash).await? {
            return Ok(None);
        }
        let now = self.ports.store.now().await?;
        let mut tx = self.ports.store.begin().await?;
        // Codes go with their application: of one that was deleted there is none.
        let Some((code, party)) = tx.sso_codes().lock(&hash).await? else { return Ok(None) };
        let refusal = judge(&code, &party, now);
        let what = IdentityEvent::of_code(&code, refusal).into();
        let event = Event::by_visitor(origin, what, &*self.ports.clock, &*self.ports.entropy);
        tx.sso_codes().redeem(&hash, now).await?;
        tx.events().append(&event).await?;
        tx.commit().await?;
        Ok(Some((code, refusal)))
    }

    /// What is wrong with a code by itself, whatever comes with it.
    pub(super) fn fault_of_age(code: &SsoCode, now: OffsetDateTime) -> Option<CodeRefusal> {
        if code.state != SsoCodeState::Open {
            Some(CodeRefusal::Used)
        } else if now >= code.expires_at {
            Some(CodeRefusal::Expired)
        } else {
            None
        }
    }

    /// What is wrong, for the trail; the answer does not say it.
    fn fault_of(
        &self,
        code: &SsoCode,
        party: &RelyingParty,
        command: &RedeemSsoCode,
        now: OffsetDateTime,
    ) -> Option<CodeRefusal> {
        let digest = &self.ports.digest;
        if let Some(refusal) = Self::fault_of_age(code, now) {
            Some(refusal)
        } else if code.redirect_uri != command.redirect_uri {
            Some(CodeRefusal::RedirectUri)
        } else if !party.takes(&code.redirect_uri) {
            Some(CodeRefusal::Application)
        } else if !digest.matches(code.code_challenge.hash(), &digest.digest(command.verifier.expose())) {
            Some(CodeRefusal::Verifier)
        } else {
            None
        }
    }
}
