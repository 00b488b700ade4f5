//! Start of the enrollment of an authenticator app.

use tessera_kernel::{Actor, StoreError};
use time::OffsetDateTime;

use super::{
    model::{TotpEnrollment, TotpSecret},
    ports::TotpProvisioning,
};
use crate::{
    Identity,
    model::User,
    sessions::require_recent_authentication::{SessionError, session_of},
};

/// A secret that the user has to confirm.
#[derive(Debug)]
pub struct StartedTotp {
    /// What the authenticator app needs. It is not shown again.
    pub provisioning: TotpProvisioning,
    /// When the enrollment expires.
    pub expires_at: OffsetDateTime,
}

tessera_kernel::error_enum! {
    /// Why no enrollment was started.
    pub enum StartTotpError {
        /// The user has an authenticator app already.
        #[error("the user has an authenticator app")]
        Exists,
    }
    from Session(SessionError), Store(StoreError)
}

impl Identity {
    /// Creates a secret for an authenticator app of the actor. It replaces an earlier one that was not confirmed.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the session has ended or is too old, the user has an authenticator app, or
    /// encryption or storage fails.
    pub async fn start_totp(&self, actor: &Actor) -> Result<StartedTotp, StartTotpError> {
        let (user, session) = session_of(actor)?;
        let now = self.require_recent_authentication(session).await?;
        let known = self.ports.store.find_user(user).await?.ok_or(SessionError::SessionEnded)?;
        let secret = TotpSecret::generate(&*self.ports.system.entropy);
        let sealed = self.ports.totp.seal(user, &secret)?;
        let enrollment = TotpEnrollment { user, sealed, expires_at: now + TotpEnrollment::TTL };
        let provisioning = self.ports.totp.provision(&secret, &account_name(&known))?;
        let mut tx = self.ports.store.begin().await?;
        self.lock_own_account(&mut *tx, (user, session), now).await?;
        if tx.factors().enrolled(user).await?.totp {
            return Err(StartTotpError::Exists);
        }
        tx.factors().put_totp_enrollment(&enrollment).await?;
        tx.commit().await?;
        Ok(StartedTotp { provisioning, expires_at: enrollment.expires_at })
    }
}

/// The name of the account in the authenticator app.
fn account_name(user: &User) -> String {
    let email = user.email.as_ref().map(ToString::to_string);
    let wallet = || user.wallets.first().map(|wallet| wallet.account.address().to_string());
    email.or_else(wallet).unwrap_or_else(|| user.id.to_string())
}
