//! Password hasher during whose work the account changes.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_identity::{
    Identity, IdentityPorts,
    model::{Password, PasswordAttempt, PasswordHash, User},
    ports::{Comparison, HashError, IdentityStore, PasswordHasher, Requester, Verdict},
};

use super::FakeHasher;
use crate::{Workbench, expectations::ok};

/// Hashes like [`FakeHasher`], but changes the account concurrently. During a comparison, the stored password is
/// replaced. During hashing for an account that does not exist yet, the account is registered.
pub struct OvertakenHasher {
    /// The hasher that does the work.
    pub inner: Arc<FakeHasher>,
    /// The store of the account.
    pub store: Arc<dyn IdentityStore>,
    /// The user of the account.
    pub user: User,
    /// The password of the account after the change.
    pub password: &'static str,
}

impl OvertakenHasher {
    /// Creates an identity service over the store whose account changes while a password is hashed or compared.
    #[must_use]
    pub fn identity(bench: &Workbench, store: Arc<dyn IdentityStore>, user: User, password: &'static str) -> Identity {
        let hasher = Arc::new(Self { inner: bench.hasher.clone(), store: store.clone(), user, password });
        Identity::new(IdentityPorts { store, hasher, ..bench.identity_ports() }, Workbench::identity_settings())
    }
}

#[async_trait]
impl PasswordHasher for OvertakenHasher {
    async fn hash(&self, password: &Password, requester: Requester) -> Result<PasswordHash, HashError> {
        let mut tx = ok(self.store.begin().await);
        if ok(tx.users().lock(self.user.id).await).is_none() {
            ok(tx.users().insert(&self.user, Some(&self.inner.hash_of(self.password))).await);
        }
        ok(tx.commit().await);
        self.inner.hash(password, requester).await
    }

    async fn verify(&self, compared: Comparison<'_>, requester: Requester) -> Result<Verdict, HashError> {
        let mut tx = ok(self.store.begin().await);
        ok(tx.users().set_password_hash(self.user.id, &self.inner.hash_of(self.password)).await);
        ok(tx.commit().await);
        self.inner.verify(compared, requester).await
    }

    async fn rehash(&self, attempt: &PasswordAttempt, requester: Requester) -> Result<PasswordHash, HashError> {
        self.inner.rehash(attempt, requester).await
    }
}
