//! Encryption at rest: AES-256-GCM with a key that is not stored in the database.

use std::str::FromStr;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{SHA256, digest},
    hkdf::{HKDF_SHA256, Prk, Salt},
    hmac,
};
use data_encoding::HEXLOWER;
use tessera_kernel::{Entropy, KeyedDigest, SecretDigest as _, SecretHash};
use tessera_system::Sha256Digest;

/// First byte of a sealed value, the version of its layout. The nonce follows, then the ciphertext with its tag.
const LAYOUT: u8 = 1;

/// The key that encrypts stored secrets.
pub struct MasterKey {
    cipher: LessSafeKey,
    /// Hides the subjects of rate limits.
    subjects: hmac::Key,
    /// Hides the devices and networks of users.
    devices: hmac::Key,
    /// Hides idempotency keys and their requests.
    requests: hmac::Key,
    /// Derives the keys of stored responses.
    root: Prk,
    id: String,
}

/// The text is not a valid master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the master key must have at least 32 characters, 8 of them different, such as the output of openssl rand -hex 32"
)]
pub struct MasterKeyError;

/// Why a value could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The value was sealed with another key or under another name, or it was changed afterwards.
    #[error("the value can't be opened with this master key")]
    WrongKey,
    /// The value does not have the known layout.
    #[error("the value is not of the known layout")]
    Malformed,
    /// Encryption failed.
    #[error("the value could not be sealed")]
    Failed,
}

impl FromStr for MasterKey {
    type Err = MasterKeyError;

    /// Accepts a text of at least 32 characters, 8 of them different. HKDF-SHA256 (RFC 5869) derives the cipher key
    /// from it.
    fn from_str(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let mut different: Vec<char> = text.chars().collect();
        different.sort_unstable();
        different.dedup();
        if text.chars().count() < 32 || different.len() < 8 {
            return Err(MasterKeyError);
        }
        let secret = Salt::new(HKDF_SHA256, b"tessera").extract(text.as_bytes());
        let key = secret.expand(&[b"secrets at rest v1"], &AES_256_GCM).map_err(|_| MasterKeyError)?;
        let subjects = secret.expand(&[b"rate limit subjects v1"], hmac::HMAC_SHA256).map_err(|_| MasterKeyError)?;
        let devices = secret.expand(&[b"known devices v1"], hmac::HMAC_SHA256).map_err(|_| MasterKeyError)?;
        let requests = secret.expand(&[b"idempotent requests v1"], hmac::HMAC_SHA256).map_err(|_| MasterKeyError)?;
        Ok(Self {
            cipher: LessSafeKey::new(UnboundKey::from(key)),
            subjects: hmac::Key::from(subjects),
            devices: hmac::Key::from(devices),
            requests: hmac::Key::from(requests),
            root: secret,
            id: key_id(text),
        })
    }
}

/// Names a key without revealing it.
fn key_id(text: &str) -> String {
    let digest = digest(&SHA256, format!("tessera master key id{text}").as_bytes());
    HEXLOWER.encode(&digest.as_ref()[..8])
}

impl MasterKey {
    /// Generates the text of a new key: 32 random bytes in hexadecimal.
    #[must_use]
    pub fn generate_text(entropy: &dyn Entropy) -> String {
        let (mut high, mut low) = ([0; 16], [0; 16]);
        entropy.fill(&mut high);
        entropy.fill(&mut low);
        format!("{:032x}{:032x}", u128::from_be_bytes(high), u128::from_be_bytes(low))
    }

    /// The id of the key, 16 hexadecimal digits. It is no secret.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.id.clone()
    }

    /// The HMAC-SHA-256 of the subject of a rate limit, such as an address, in hexadecimal.
    #[must_use]
    pub fn hide_subject(&self, subject: &str) -> String {
        HEXLOWER.encode(hmac::sign(&self.subjects, subject.as_bytes()).as_ref())
    }

    /// The keyed hash of a plain hash, which previous versions have stored for the same text.
    pub(crate) fn keyed_hash(&self, plain: &SecretHash) -> SecretHash {
        let tag = hmac::sign(&self.devices, plain.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        SecretHash::from_bytes(bytes)
    }

    /// The HMAC-SHA-256 of parts of a request with an idempotency key. Different lists of parts have different hashes.
    pub(super) fn hash_request(&self, parts: &[&[u8]]) -> SecretHash {
        let mut context = hmac::Context::with_key(&self.requests);
        for part in parts {
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        SecretHash::from_bytes(hash)
    }

    /// Encrypts a value. The name is authenticated, so that one secret cannot replace another.
    ///
    /// # Errors
    /// [`SealError::Failed`] if encryption fails.
    pub fn seal(&self, name: &str, value: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        seal(&self.cipher, name.as_bytes(), value, entropy)
    }

    /// Decrypts a value that was sealed under the same name.
    ///
    /// # Errors
    /// [`SealError::Malformed`] if the layout is unknown. [`SealError::WrongKey`] if decryption fails.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        open(&self.cipher, name.as_bytes(), sealed)
    }

    /// Encrypts a value like [`Self::seal`], with a key that HKDF derives from the master key and another secret. Both are
    /// needed to decrypt it.
    pub(super) fn seal_with(
        &self,
        other: &[u8],
        name: &[u8],
        value: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        seal(&self.derived(other)?, name, value, entropy)
    }

    /// Decrypts a value of [`Self::seal_with`].
    pub(super) fn open_with(&self, other: &[u8], name: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        open(&self.derived(other)?, name, sealed)
    }

    fn derived(&self, other: &[u8]) -> Result<LessSafeKey, SealError> {
        let info = [b"idempotent response v1".as_slice(), other];
        let key = self.root.expand(&info, &AES_256_GCM).map_err(|_| SealError::Failed)?;
        Ok(LessSafeKey::new(UnboundKey::from(key)))
    }
}

/// HMAC-SHA-256 of the SHA-256 hash of the text.
impl KeyedDigest for MasterKey {
    fn keyed_digest(&self, text: &str) -> SecretHash {
        self.keyed_hash(&Sha256Digest.digest(text))
    }
}

fn seal(cipher: &LessSafeKey, name: &[u8], value: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE_LEN];
    entropy.fill(&mut nonce);
    let mut sealed = value.to_vec();
    let unique = Nonce::assume_unique_for_key(nonce);
    cipher.seal_in_place_append_tag(unique, Aad::from(name), &mut sealed).map_err(|_| SealError::Failed)?;
    Ok([&[LAYOUT], nonce.as_slice(), &sealed].concat())
}

fn open(cipher: &LessSafeKey, name: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (layout, rest) = sealed.split_first().ok_or(SealError::Malformed)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Malformed)?;
    if *layout != LAYOUT {
        return Err(SealError::Malformed);
    }
    let mut opened = ciphertext.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = cipher.open_in_place(nonce, Aad::from(name), &mut opened).map_err(|_| SealError::WrongKey)?;
    Ok(plain.to_vec())
}
