//! The secrets with which refresh tokens are derived.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use tessera_identity::{model::RefreshSecretId, ports::RefreshCodes};

/// The number of bytes of a secret.
const BYTES: usize = 32;

/// All secrets of refresh tokens. The newest one is for new sessions.
pub struct RefreshSecrets {
    newest: RefreshSecretId,
    keys: BTreeMap<RefreshSecretId, hmac::Key>,
}

impl RefreshSecrets {
    /// Creates the codes from opened secrets. Returns `None` if there is no secret, or one does not have 32 bytes.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = (RefreshSecretId, Vec<u8>)>) -> Option<Self> {
        let key = |(id, secret): (RefreshSecretId, Vec<u8>)| {
            (secret.len() == BYTES).then(|| (id, hmac::Key::new(hmac::HMAC_SHA256, &secret)))
        };
        let keys: BTreeMap<_, _> = secrets.into_iter().map(key).collect::<Option<_>>()?;
        let (newest, _) = keys.last_key_value()?;
        Some(Self { newest: *newest, keys })
    }
}

impl RefreshCodes for RefreshSecrets {
    fn newest_secret(&self) -> RefreshSecretId {
        self.newest
    }

    fn code(&self, secret: RefreshSecretId, message: &[u8]) -> Option<[u8; 32]> {
        let code = hmac::sign(self.keys.get(&secret)?, message);
        code.as_ref().try_into().ok()
    }
}
