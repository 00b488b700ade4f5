//! Issue and removal of recovery codes in the transaction of a change.

use tessera_kernel::{AuditEntry, SecretHash, SessionId, StoreError, UserId};
use time::OffsetDateTime;

use super::{
    events::FactorEvent,
    model::{FactorKind, RecoveryCode},
};
use crate::{
    Identity, SessionError,
    model::{Credentials, SignInMethods},
    ports::IdentityTransaction,
};

impl Identity {
    /// Locks the account of a session that is live at `now`. If the owner has recovered the account meanwhile, the session
    /// was ended. It must neither leave nor remove a factor.
    pub(crate) async fn lock_own_account(
        &self,
        tx: &mut dyn IdentityTransaction,
        (user, session): (UserId, SessionId),
        now: OffsetDateTime,
    ) -> Result<Credentials, SessionError> {
        let account = tx.users().lock(user).await?.ok_or(SessionError::SessionEnded)?;
        if tx.sessions().is_live(user, session, now).await? { Ok(account) } else { Err(SessionError::SessionEnded) }
    }

    /// Issues recovery codes if the user has no factor yet. The caller adds the first one. The transaction must hold the
    /// lock on the user.
    pub(crate) async fn codes_of_first_factor(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: UserId,
    ) -> Result<Option<Vec<RecoveryCode>>, StoreError> {
        if tx.factors().enrolled(user).await?.any() {
            return Ok(None);
        }
        self.issue_recovery_codes(tx, user).await.map(Some)
    }

    /// Issues new recovery codes, which replace the earlier ones. The transaction must hold the lock on the user.
    pub(crate) async fn issue_recovery_codes(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: UserId,
    ) -> Result<Vec<RecoveryCode>, StoreError> {
        let entropy = &*self.ports.system.entropy;
        let codes: Vec<RecoveryCode> = (0..RecoveryCode::COUNT).map(|_| RecoveryCode::generate(entropy)).collect();
        let hashes: Vec<SecretHash> = codes.iter().map(|code| self.hash_of_code(user, code)).collect();
        tx.factors().replace_recovery_codes(user, &hashes).await?;
        Ok(codes)
    }

    /// Removes the recovery codes of a user who has no factor any more, and MFA from their sessions: an organization that requires
    /// MFA means accounts that have it. Call it after the removal of a factor.
    pub(crate) async fn remove_unusable_codes(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: UserId,
    ) -> Result<(), StoreError> {
        if tx.factors().enrolled(user).await?.any() {
            return Ok(());
        }
        tx.sessions().remove_methods(user, SignInMethods::factors()).await?;
        tx.factors().replace_recovery_codes(user, &[]).await
    }

    /// Removes all factors and recovery codes of a user, and adds what was removed to `actions`. Returns whether there were
    /// any. The transaction must hold the lock on the user.
    pub(crate) async fn remove_all_factors(
        &self,
        tx: &mut dyn IdentityTransaction,
        user: UserId,
        actions: &mut Vec<AuditEntry>,
    ) -> Result<bool, StoreError> {
        let before = actions.len();
        if tx.factors().delete_totp(user).await? {
            actions.push(FactorEvent::Removed { user, factor: FactorKind::Totp }.into());
        }
        tx.factors().replace_recovery_codes(user, &[]).await?;
        Ok(actions.len() > before)
    }

    /// The hash of a code as it is stored.
    pub(crate) fn hash_of_code(&self, user: UserId, code: &RecoveryCode) -> SecretHash {
        self.ports.digest.digest(&format!("{user} {}", code.expose()))
    }
}
