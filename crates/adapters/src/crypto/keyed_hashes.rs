//! Keyed hashes, and the keys of stored responses. All nodes must compute the same ones, also while they have different
//! master keys, so their root is stored and does not change with the master key.

use aws_lc_rs::{
    aead::{AES_256_GCM, LessSafeKey, UnboundKey},
    error::Unspecified,
    hkdf::{HKDF_SHA256, Prk},
    hmac,
};
use data_encoding::HEXLOWER;
use tessera_kernel::SecretHash;

/// The number of bytes of a root.
pub(super) const ROOT_LEN: usize = 32;

/// The keys that HKDF-SHA256 (RFC 5869) derives from a root.
pub(super) struct KeyedHashes {
    /// Hides the subjects of rate limits.
    subjects: hmac::Key,
    /// Hides the devices and networks of users.
    devices: hmac::Key,
    /// Hides idempotency keys and their requests.
    requests: hmac::Key,
    /// Derives the keys of stored responses.
    root: Prk,
}

impl KeyedHashes {
    pub(super) fn derive(root: &[u8; ROOT_LEN]) -> Result<Self, Unspecified> {
        let root = Prk::new_less_safe(HKDF_SHA256, root);
        let key = |info: &[u8]| root.expand(&[info], hmac::HMAC_SHA256).map(hmac::Key::from);
        Ok(Self {
            subjects: key(b"rate limit subjects v1")?,
            devices: key(b"known devices v1")?,
            requests: key(b"idempotent requests v1")?,
            root,
        })
    }

    pub(super) fn subject(&self, subject: &str) -> String {
        HEXLOWER.encode(hmac::sign(&self.subjects, subject.as_bytes()).as_ref())
    }

    pub(super) fn device(&self, plain: &SecretHash) -> SecretHash {
        to_hash(hmac::sign(&self.devices, plain.as_bytes()))
    }

    pub(super) fn request(&self, parts: &[&[u8]]) -> SecretHash {
        let mut context = hmac::Context::with_key(&self.requests);
        for part in parts {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        to_hash(context.sign())
    }

    /// The key of a stored response, which depends on the root and on another secret.
    pub(super) fn response_cipher(&self, other: &[u8]) -> Result<LessSafeKey, Unspecified> {
        let info = [b"idempotent response v1".as_slice(), other];
        let key = self.root.expand(&info, &AES_256_GCM)?;
        Ok(LessSafeKey::new(UnboundKey::from(key)))
    }
}

fn to_hash(tag: hmac::Tag) -> SecretHash {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    SecretHash::from_bytes(bytes)
}
