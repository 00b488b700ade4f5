//! Verification of a second factor.

use tessera_kernel::{
    Counted, Event, FactorMethod, RateLimitError, RequestMetadata, SecretHash, StoreError, UserId, limit,
};

use super::{
    events::FactorEvent,
    model::{InterruptedOperation, RecoveryCode, TotpCode, TotpFactor},
};
use crate::{
    Identity,
    model::{SignInMethod, User},
    ports::{AccountChange, IdentityTransaction},
};

/// A second factor as the client sends it. A malformed one is a wrong one.
#[derive(Debug)]
pub enum PresentedFactor {
    /// A code of an authenticator app.
    Totp(String),
    /// A recovery code.
    RecoveryCode(String),
    /// The response of an authenticator, as JSON.
    Passkey(String),
}

impl PresentedFactor {
    /// The method, for the audit trail.
    #[must_use]
    pub const fn method(&self) -> FactorMethod {
        match self {
            Self::Totp(_) => FactorMethod::Totp,
            Self::RecoveryCode(_) => FactorMethod::RecoveryCode,
            Self::Passkey(_) => FactorMethod::Passkey,
        }
    }
}

/// A correct factor that is not consumed yet.
pub(super) enum CorrectFactor {
    Totp(TotpFactor, i64),
    RecoveryCode(SecretHash),
    /// Its use is already recorded.
    Passkey,
}

impl CorrectFactor {
    pub(super) const fn method(&self) -> SignInMethod {
        match self {
            Self::Totp(..) => SignInMethod::Totp,
            Self::RecoveryCode(_) => SignInMethod::RecoveryCode,
            Self::Passkey => SignInMethod::Passkey,
        }
    }
}

impl Identity {
    /// Counts an attempt with a code of the user before it is checked, so that of any number of concurrent attempts no more
    /// than the quota are checked. A correct one is given back.
    pub(crate) async fn count_factor(&self, user: UserId) -> Result<(Counted, String), RateLimitError> {
        let subject = user.to_string();
        Ok((self.ports.limits.count(limit::FACTOR, &subject).await?, subject))
    }

    /// Checks a factor without consuming it. Returns `None` if it is wrong.
    pub(super) async fn check_factor(
        &self,
        operation: &InterruptedOperation,
        factor: &PresentedFactor,
    ) -> Result<Option<CorrectFactor>, StoreError> {
        let user = operation.user;
        match factor {
            PresentedFactor::Totp(typed) => {
                let Some(known) = self.ports.factors.find_totp(user).await? else { return Ok(None) };
                let Ok(code) = typed.parse::<TotpCode>() else { return Ok(None) };
                let now = self.ports.factors.now().await?;
                let step = self.ports.totp.matching_step(user, &known.sealed, &code, now)?;
                Ok(step.map(|step| CorrectFactor::Totp(known, step)))
            }
            // Only the removal of the code shows whether the user has it.
            PresentedFactor::RecoveryCode(typed) => Ok(typed
                .parse::<RecoveryCode>()
                .ok()
                .map(|code| CorrectFactor::RecoveryCode(self.hash_of_code(user, &code)))),
            PresentedFactor::Passkey(credential) => {
                let good = self.check_passkey_factor(operation, credential).await?;
                Ok(good.then_some(CorrectFactor::Passkey))
            }
        }
    }

    /// Consumes a factor in the transaction, which must hold the lock on the user. Returns `false` if it was consumed
    /// before, or the user does not have it.
    pub(super) async fn consume_factor(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: &User,
        factor: &CorrectFactor,
        origin: &RequestMetadata,
    ) -> Result<bool, StoreError> {
        match factor {
            CorrectFactor::Totp(known, step) => tx.factors().accept_step(known, *step).await,
            CorrectFactor::RecoveryCode(hash) => {
                let Some(left) = tx.factors().take_recovery_code(user.id, hash).await? else { return Ok(false) };
                let what = FactorEvent::CodeUsed { user: user.id, left };
                let event = Event::by_anonymous(origin, what, &self.ports.system);
                tx.events().append(&event).await?;
                self.notify(tx, user, AccountChange::RecoveryCodeUsed { left }).await?;
                Ok(true)
            }
            CorrectFactor::Passkey => Ok(true),
        }
    }
}
