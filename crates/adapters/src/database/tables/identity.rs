//! The store and the transaction of the identity domain.

use async_trait::async_trait;
use tessera_identity::{
    model::{Credentials, KnownSession, Session, User},
    ports::{
        CustomDataRows, DeviceTokens, EmailProofs, FactorRows, IdentityStore, IdentityTransaction,
        InterruptedOperations, KnownDevices, Passkeys, PasswordCheckContext, PasswordResetRows, PendingRegistrations,
        RequestHashes, Sessions, Users, Wallets, WrongPasswords,
    },
};
use tessera_kernel::{EmailAddress, Page, PageRequest, SecretHash, SessionId, StoreError, UserId, VersionedDocument};
use tessera_outbox::Outbox;
use time::OffsetDateTime;

use super::{documents, hash_costs, sessions, users};
use crate::database::engine::{SqlStore, transaction::Tx};

#[async_trait]
impl IdentityStore for SqlStore {
    async fn begin(&self) -> Result<Box<dyn IdentityTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await?))
    }

    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let read = async { users::find(&mut self.reader().await?, id).await };
        self.credentials.users.find(id, read).await
    }

    async fn find_credentials(&self, email: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
        users::find_credentials(&mut self.reader().await?, email).await
    }

    async fn find_credentials_of(&self, id: UserId) -> Result<Option<Credentials>, StoreError> {
        users::find_credentials_of(&mut self.reader().await?, id).await
    }

    async fn password_check_context(
        &self,
        user: UserId,
        request: RequestHashes,
    ) -> Result<PasswordCheckContext, StoreError> {
        hash_costs::check_context(&mut self.reader().await?, user, request).await
    }

    async fn delete_unused_hash_costs(&self) -> Result<u64, StoreError> {
        if !hash_costs::any_unused(&mut self.reader().await?).await? {
            return Ok(0);
        }
        let mut tx = self.transaction().await?;
        let forgotten = hash_costs::delete_unused(&mut tx.lease).await?;
        tx.lease.commit().await?;
        Ok(forgotten)
    }

    async fn find_session(&self, id: SessionId) -> Result<Option<KnownSession>, StoreError> {
        let read = async { sessions::find(&mut self.reader().await?, id).await };
        let known = self.credentials.sessions.find(id, read).await?;
        if known.as_ref().is_none_or(|known| known.is_live() || known.session.refresh.is_none()) {
            return Ok(known);
        }
        // Another node may have refreshed the session, which makes no other node read it again.
        self.reread_session(id).await
    }

    async fn reread_session(&self, id: SessionId) -> Result<Option<KnownSession>, StoreError> {
        self.credentials.sessions.forget(&id);
        sessions::find(&mut self.reader().await?, id).await
    }

    async fn find_refreshed(&self, family: SecretHash) -> Result<Option<KnownSession>, StoreError> {
        sessions::find_refreshed(&mut self.reader().await?, family).await
    }

    async fn rotate_refresh(&self, refreshed: &Session, from: u32) -> Result<bool, StoreError> {
        let done = sessions::rotate_refresh(&mut self.writer().await?, refreshed, from).await?;
        self.credentials.sessions.forget(&refreshed.id);
        Ok(done)
    }

    async fn list_live_sessions(
        &self,
        user: UserId,
        now: OffsetDateTime,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        sessions::list_live(&mut self.reader().await?, user, now, page).await
    }

    async fn find_custom_data(&self, user: UserId) -> Result<Option<VersionedDocument>, StoreError> {
        documents::find_custom_data(&mut self.reader().await?, user).await
    }
}

impl IdentityTransaction for Tx {
    tessera_kernel::accessors!(
        users: Users, wallets: Wallets, sessions: Sessions, known_devices: KnownDevices,
        custom_data: CustomDataRows, password_resets: PasswordResetRows, device_tokens: DeviceTokens, wrong_passwords: WrongPasswords, outbox: Outbox, email_proofs: EmailProofs, pending_registrations: PendingRegistrations, passkeys: Passkeys, factors: FactorRows, interrupted_operations: InterruptedOperations,
    );
}
