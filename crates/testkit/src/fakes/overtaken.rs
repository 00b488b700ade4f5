//! Somebody else acts while a password is being worked on.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_identity::{
    Identity, IdentityPorts,
    model::{HashCost, Password, PasswordAttempt, PasswordHash, User},
    ports::{HashError, IdentityStore, PasswordHasher, Requester, Verdict},
};

use super::FakeHasher;
use crate::{Workbench, expectations::ok};

/// Hashes like [`FakeHasher`], but the account changes at the worst moment: while a password is compared, another takes its
/// place; while one is hashed for an account that is not there yet, somebody registers it.
pub struct OvertakenHasher {
    /// What hashes.
    pub inner: Arc<FakeHasher>,
    /// Where the account is.
    pub store: Arc<dyn IdentityStore>,
    /// Whose account it is.
    pub user: User,
    /// The password that it has afterwards.
    pub password: &'static str,
}

impl OvertakenHasher {
    /// An identity on that store whose account changes at the worst moment.
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

    async fn verify<'a>(
        &'a self,
        attempt: &'a PasswordAttempt,
        hash: Option<&'a PasswordHash>,
        costs: &'a [HashCost],
        requester: Requester,
    ) -> Result<Verdict, HashError> {
        let mut tx = ok(self.store.begin().await);
        ok(tx.users().set_password_hash(self.user.id, &self.inner.hash_of(self.password)).await);
        ok(tx.commit().await);
        self.inner.verify(attempt, hash, costs, requester).await
    }

    async fn rehash(&self, attempt: &PasswordAttempt, requester: Requester) -> Result<PasswordHash, HashError> {
        self.inner.rehash(attempt, requester).await
    }
}
