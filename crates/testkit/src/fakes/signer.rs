//! Tokens that say nothing: the signer remembers what each stands for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tessera_identity::ports::{AccessClaims, TokenError, TokenSigner};
use tessera_kernel::{Clock, Secret};
use time::Duration;

/// Numbers its tokens and keeps their claims. As with any other, a token is good from `iat` to `exp`, give or take 30 s.
pub struct FakeSigner {
    clock: Arc<dyn Clock>,
    claims: Mutex<HashMap<String, AccessClaims>>,
}

impl FakeSigner {
    /// One that goes by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, claims: Mutex::default() }
    }
}

impl TokenSigner for FakeSigner {
    fn sign(&self, claims: &AccessClaims) -> Result<Secret<String>, TokenError> {
        let mut all = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let token = format!("token-{}", all.len() + 1);
        all.insert(token.clone(), claims.clone());
        Ok(Secret::new(token))
    }

    fn verify(&self, token: &str) -> Result<AccessClaims, TokenError> {
        const LEEWAY: Duration = Duration::seconds(30);
        let all = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let claims = all.get(token).ok_or(TokenError::Invalid)?;
        let now = self.clock.now();
        let good = now + LEEWAY >= claims.issued_at && now - LEEWAY < claims.expires_at;
        if good { Ok(claims.clone()) } else { Err(TokenError::Invalid) }
    }
}
