//! Interruption of an operation whose first factor was correct.

use tessera_kernel::{FactorMethod, MfaRequired, RequestMetadata, Secret, StoreError, UserId};
use time::OffsetDateTime;

use super::model::{EnrolledFactors, Interrupted, InterruptedOperation, MfaToken};
use crate::{Identity, ports::IdentityTransaction};

impl Identity {
    /// Stores the operation of a user who has a second factor, and commits the transaction, which must hold the lock on the
    /// user.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub(crate) async fn interrupt(
        &self,
        mut tx: Box<dyn IdentityTransaction>,
        (user, factors): (UserId, EnrolledFactors),
        operation: Interrupted,
        now: OffsetDateTime,
        origin: &RequestMetadata,
    ) -> Result<MfaRequired, StoreError> {
        let token = MfaToken::generate(&*self.ports.system.entropy);
        let hash = self.ports.digest.digest(token.expose());
        let whole = now.replace_nanosecond(0).unwrap_or(now);
        let expires_at = whole + InterruptedOperation::TTL;
        let interrupted = InterruptedOperation { token: hash, user, operation, ceremony: None, expires_at };
        tx.interrupted_operations().insert(&interrupted).await?;
        tx.commit().await?;
        // After the commit: the ceremony of a passkey is a write of its own.
        let passkey_options = self.start_passkey_factor(&interrupted, origin).await?;
        let token = Secret::new(token.expose().to_owned());
        let mut methods = factors.methods();
        // The passkeys may be of another RP id.
        methods.retain(|method| *method != FactorMethod::Passkey || passkey_options.is_some());
        Ok(MfaRequired { token, methods, passkey_options, expires_at })
    }
}
