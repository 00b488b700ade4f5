//! Fake signer of access tokens. Tokens are opaque; the signer stores their claims.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tessera_identity::ports::{AccessClaims, TokenError, TokenSigner};
use tessera_kernel::Secret;

/// Numbers its tokens and stores their claims.
#[derive(Default)]
pub struct FakeSigner {
    claims: Mutex<HashMap<String, AccessClaims>>,
}

impl TokenSigner for FakeSigner {
    fn sign(&self, claims: &AccessClaims) -> Result<Secret<String>, TokenError> {
        let mut all = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let token = format!("token-{}", all.len() + 1);
        all.insert(token.clone(), claims.clone());
        Ok(Secret::new(token))
    }

    fn verify(&self, token: &str) -> Result<AccessClaims, TokenError> {
        let all = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(token).cloned().ok_or(TokenError::Invalid)
    }
}
