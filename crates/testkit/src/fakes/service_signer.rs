//! Fake signer of service tokens. Tokens are opaque; the signer stores their claims.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use tessera_kernel::Secret;
use tessera_sso::{
    model::{KeyId, NewKey, SigningKey},
    ports::{ServiceClaims, ServiceTokenSigner, SigningError},
};

use crate::builders;

/// Numbers its keys and tokens, and stores the key and the claims of each token.
#[derive(Default)]
pub struct FakeServiceSigner {
    made: AtomicUsize,
    broken: AtomicBool,
    tokens: Mutex<HashMap<String, (KeyId, ServiceClaims)>>,
}

impl FakeServiceSigner {
    /// The number of keys that were generated.
    #[must_use]
    pub fn keys_made(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }

    /// Makes every later generation or opening of a key fail.
    pub fn break_down(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    /// The key and the claims of a token.
    #[must_use]
    pub fn read(&self, token: &str) -> Option<(KeyId, ServiceClaims)> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    fn admit(&self) -> Result<(), SigningError> {
        let broken = self.broken.load(Ordering::SeqCst);
        if broken { Err(SigningError("as the test wants it".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl ServiceTokenSigner for FakeServiceSigner {
    async fn make_key(&self) -> Result<NewKey, SigningError> {
        self.admit()?;
        let number = self.made.fetch_add(1, Ordering::SeqCst) + 1;
        let SigningKey { id, public, sealed, .. } = builders::signing_key(u32::try_from(number).unwrap_or(u32::MAX));
        Ok(NewKey { id, public, sealed })
    }

    fn open_key(&self, _: &SigningKey) -> Result<(), SigningError> {
        self.admit()
    }

    fn sign(&self, key: &SigningKey, claims: &ServiceClaims) -> Result<Secret<String>, SigningError> {
        self.admit()?;
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let token = format!("service-token-{}", tokens.len() + 1);
        tokens.insert(token.clone(), (key.id.clone(), claims.clone()));
        Ok(Secret::new(token))
    }
}
