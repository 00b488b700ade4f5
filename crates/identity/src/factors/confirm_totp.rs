//! Confirmation of an authenticator app.

use tessera_kernel::{
    Actor, Event, FactorMethod, OnConflict, RateLimitError, RateLimited, SessionId, StoreError, UserId,
};

use super::{
    events::FactorEvent,
    model::{FactorKind, RecoveryCode, TotpCode, TotpEnrollment, TotpFactor},
};
use crate::{
    Identity,
    model::{KnownSession, SignInMethod, SignInMethods},
    ports::AccountChange,
    sessions::require_recent_authentication::{SessionError, session_of},
};

tessera_kernel::error_enum! {
    /// Why no authenticator app was added.
    pub enum ConfirmTotpError {
        /// The code is wrong, or there is no enrollment to confirm.
        #[error("the code is wrong or the enrollment has expired")]
        WrongCode,
    }
    from Session(SessionError), RateLimited(RateLimited), Store(StoreError)
}

/// Maximum number of attempts. One is repeated if the enrollment was replaced or sealed again meanwhile.
const TRIES: usize = 3;

/// What became of an enrollment whose code was correct.
enum Confirmation {
    /// It is a factor now. There are recovery codes if it is the first one.
    Added(Option<Vec<RecoveryCode>>),
    /// The enrollment is not the present one any more.
    EnrollmentChanged,
}

impl Identity {
    /// Adds the authenticator app whose enrollment the actor has started. The session then has MFA. The user gets a mail.
    /// Returns the recovery codes if this is the first factor.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended, the code is wrong, the limit of the account is reached,
    /// or storage fails.
    pub async fn confirm_totp(&self, actor: &Actor, code: &str) -> Result<Option<Vec<RecoveryCode>>, ConfirmTotpError> {
        let (user, session) = session_of(actor)?;
        let attempt = self.count_factor(user).await.map_err(RateLimitError::split::<ConfirmTotpError>)?;
        let confirmed = self.confirm(actor, (user, session), code).await;
        if let Err(ConfirmTotpError::WrongCode) = &confirmed {
            let what = FactorEvent::Rejected { user, method: FactorMethod::Totp };
            self.note(&Event::by(actor, what, &self.ports.system)).await?;
        } else {
            self.ports.limits.give_back_all(&[attempt]).await?;
        }
        confirmed
    }

    async fn confirm(
        &self,
        actor: &Actor,
        (user, session): (UserId, SessionId),
        code: &str,
    ) -> Result<Option<Vec<RecoveryCode>>, ConfirmTotpError> {
        let code: TotpCode = code.parse().map_err(|_| ConfirmTotpError::WrongCode)?;
        for _ in 0..TRIES {
            let enrollment = self.ports.factors.find_totp_enrollment(user).await?.ok_or(ConfirmTotpError::WrongCode)?;
            let now = self.ports.factors.now().await?;
            let step = self.ports.totp.matching_step(user, &enrollment.sealed, &code, now)?;
            let last_step = step.ok_or(ConfirmTotpError::WrongCode)?;
            let factor = TotpFactor { user, sealed: enrollment.sealed.clone(), last_step, created_at: now };
            if let Confirmation::Added(codes) = self.add_totp(actor, session, &enrollment, &factor).await? {
                return Ok(codes);
            }
        }
        Err(ConfirmTotpError::WrongCode)
    }

    async fn add_totp(
        &self,
        actor: &Actor,
        session: SessionId,
        enrollment: &TotpEnrollment,
        factor: &TotpFactor,
    ) -> Result<Confirmation, ConfirmTotpError> {
        let (user, now) = (factor.user, factor.created_at);
        let known = self.ports.store.find_session(session).await?.filter(KnownSession::is_live);
        // The enrollment required recent authentication. It does not itself count as one.
        let authenticated_at = known.ok_or(SessionError::SessionEnded)?.session.authenticated_at;
        let mut tx = self.ports.store.begin().await?;
        let account = self.lock_own_account(&mut *tx, (user, session), now).await?;
        if !tx.factors().take_totp_enrollment(enrollment).await? {
            return Ok(Confirmation::EnrollmentChanged);
        }
        let codes = self.codes_of_first_factor(&mut *tx, user).await?;
        tx.factors().insert_totp(factor).await.on_conflict(ConfirmTotpError::WrongCode)?;
        let methods = SignInMethods::of(SignInMethod::Totp);
        tx.sessions().reauthenticate(user, session, methods, authenticated_at).await?;
        let what = FactorEvent::Added { user, factor: FactorKind::Totp };
        tx.events().append(&Event::by(actor, what, &self.ports.system)).await?;
        self.notify(&mut *tx, &account.user, AccountChange::FactorAdded(FactorKind::Totp)).await?;
        tx.commit().await?;
        Ok(Confirmation::Added(codes))
    }
}
