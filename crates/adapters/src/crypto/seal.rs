//! Encryption at rest: AES-256-GCM with a key that is not stored in the database.

use std::{fmt, str::FromStr};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{self, SHA256},
    error::Unspecified,
    hkdf::{HKDF_SHA256, Prk},
    hmac,
};
use data_encoding::HEXLOWER;
use tessera_kernel::{Entropy, KeyedDigest, Secret, SecretDigest as _, SecretHash};
use tessera_system::Sha256Digest;

use super::keyed_hashes::{KeyedHashes, ROOT_LEN};

/// First byte of a sealed value without the id of its key. The nonce follows, then the ciphertext with its tag. Values of
/// earlier versions have this layout, and those whose key does not depend on the master key alone.
const WITHOUT_ID: u8 = 1;

/// First byte of a sealed value with the id of its key, which follows. The rest is as in [`WITHOUT_ID`].
const WITH_ID: u8 = 2;

/// The number of bytes of [`MasterKeyId`].
const ID_LEN: usize = 8;

/// Identifies a master key in sealed values, and does not reveal it: the first 8 bytes of SHA-256 of a fixed text and the
/// key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MasterKeyId([u8; ID_LEN]);

impl MasterKeyId {
    fn of(text: &str) -> Self {
        let mut context = digest::Context::new(&SHA256);
        context.update(b"tessera master key id");
        context.update(text.as_bytes());
        let mut id = [0; ID_LEN];
        id.copy_from_slice(&context.finish().as_ref()[..ID_LEN]);
        Self(id)
    }
}

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// A key with its id.
struct Cipher {
    id: MasterKeyId,
    key: LessSafeKey,
}

/// The key that encrypts stored secrets, possibly with a second one that only decrypts.
pub struct MasterKey {
    current: Cipher,
    also: Option<Cipher>,
    root: Secret<[u8; ROOT_LEN]>,
    hashes: KeyedHashes,
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
        // The extraction step of HKDF with the salt `tessera`.
        let salt = hmac::Key::new(hmac::HMAC_SHA256, b"tessera");
        let mut root = [0; ROOT_LEN];
        root.copy_from_slice(hmac::sign(&salt, text.as_bytes()).as_ref());
        let secret = Prk::new_less_safe(HKDF_SHA256, &root);
        let key = secret.expand(&[b"secrets at rest v1"], &AES_256_GCM).map_err(invalid)?;
        Ok(Self {
            current: Cipher { id: MasterKeyId::of(text), key: LessSafeKey::new(UnboundKey::from(key)) },
            also: None,
            hashes: KeyedHashes::derive(&root).map_err(invalid)?,
            root: Secret::new(root),
        })
    }
}

fn invalid(_: Unspecified) -> MasterKeyError {
    MasterKeyError
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

    /// The id of the key, in hexadecimal.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.current.id.to_string()
    }

    /// The id of the key that encrypts.
    #[must_use]
    pub const fn id(&self) -> MasterKeyId {
        self.current.id
    }

    /// The id of the key that only decrypts.
    #[must_use]
    pub fn also_id(&self) -> Option<MasterKeyId> {
        self.also.as_ref().map(|cipher| cipher.id)
    }

    /// Adds a second key, which only decrypts.
    #[must_use]
    pub fn with_also(mut self, other: Self) -> Self {
        self.also = Some(other.current);
        self
    }

    /// The root of keyed hashes, which must be sealed before it is stored. Until [`Self::with_hash_root`] replaces it, it is
    /// derived from the key.
    #[must_use]
    pub const fn hash_root(&self) -> &[u8; ROOT_LEN] {
        self.root.expose()
    }

    /// Replaces the root of keyed hashes, so that they stay the same with another master key.
    ///
    /// # Errors
    /// The root does not have 32 bytes.
    pub fn with_hash_root(mut self, root: &[u8]) -> Result<Self, MasterKeyError> {
        let root: [u8; ROOT_LEN] = root.try_into().map_err(|_| MasterKeyError)?;
        self.hashes = KeyedHashes::derive(&root).map_err(invalid)?;
        self.root = Secret::new(root);
        Ok(self)
    }

    /// The HMAC-SHA-256 of the subject of a rate limit, such as an address, in hexadecimal.
    #[must_use]
    pub fn hide_subject(&self, subject: &str) -> String {
        self.hashes.subject(subject)
    }

    /// The keyed hash of a plain hash, which previous versions have stored for the same text.
    pub(crate) fn keyed_hash(&self, plain: &SecretHash) -> SecretHash {
        self.hashes.device(plain)
    }

    /// The HMAC-SHA-256 of parts of a request with an idempotency key. Different lists of parts have different hashes.
    pub(super) fn hash_request(&self, parts: &[&[u8]]) -> SecretHash {
        self.hashes.request(parts)
    }

    /// Encrypts a value. The name is authenticated, so that one secret cannot replace another. The result contains the id
    /// of the key.
    ///
    /// # Errors
    /// [`SealError::Failed`] if encryption fails.
    pub fn seal(&self, name: &str, value: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        let Cipher { id, key } = &self.current;
        let sealed = encrypt(key, name.as_bytes(), value, entropy)?;
        Ok([&[WITH_ID], id.0.as_slice(), &sealed].concat())
    }

    /// Decrypts a value that was sealed under the same name, with the key whose id the value contains. A value without an
    /// id is tried with each key.
    ///
    /// # Errors
    /// [`SealError::Malformed`] if the layout is unknown. [`SealError::WrongKey`] if decryption fails.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        self.open_with_its_key(name, sealed).map(|(_, value)| value)
    }

    fn open_with_its_key(&self, name: &str, sealed: &[u8]) -> Result<(MasterKeyId, Vec<u8>), SealError> {
        let (id, encrypted) = split(sealed)?;
        let mut error = SealError::WrongKey;
        for cipher in self.ciphers().filter(|cipher| id.is_none_or(|id| id == cipher.id)) {
            match decrypt(&cipher.key, name.as_bytes(), encrypted) {
                Ok(value) => return Ok((cipher.id, value)),
                Err(failed) => error = failed,
            }
        }
        Err(error)
    }

    fn ciphers(&self) -> impl Iterator<Item = &Cipher> {
        [&self.current].into_iter().chain(&self.also)
    }

    /// The id of the key of a sealed value: the one that it contains, or that of the key that opens it. `None` if it
    /// contains no id and no key opens it.
    #[must_use]
    pub fn id_of(&self, name: &str, sealed: &[u8]) -> Option<MasterKeyId> {
        match split(sealed) {
            Ok((Some(id), _)) => Some(id),
            _ => self.open_with_its_key(name, sealed).ok().map(|(id, _)| id),
        }
    }

    /// Whether a sealed value contains the id of the key that encrypts.
    #[must_use]
    pub fn has_sealed(&self, sealed: &[u8]) -> bool {
        split(sealed).is_ok_and(|(id, _)| id == Some(self.current.id))
    }

    /// Encrypts a sealed value again with the key that encrypts.
    ///
    /// # Errors
    /// Those of [`Self::open`] and [`Self::seal`].
    pub fn reseal(&self, name: &str, sealed: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        self.seal(name, &self.open(name, sealed)?, entropy)
    }

    /// Encrypts a value like [`Self::seal`], with a key that HKDF derives from the root of keyed hashes and another secret.
    /// Both are needed to decrypt it, so it cannot be sealed again without the other secret. The root does not change with
    /// the master key.
    pub(super) fn seal_with(
        &self,
        other: &[u8],
        name: &[u8],
        value: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, SealError> {
        let key = self.hashes.response_cipher(other).map_err(|_| SealError::Failed)?;
        Ok([&[WITHOUT_ID], encrypt(&key, name, value, entropy)?.as_slice()].concat())
    }

    /// Decrypts a value of [`Self::seal_with`].
    pub(super) fn open_with(&self, other: &[u8], name: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let key = self.hashes.response_cipher(other).map_err(|_| SealError::Failed)?;
        match split(sealed)? {
            (None, encrypted) => decrypt(&key, name, encrypted),
            (Some(_), _) => Err(SealError::Malformed),
        }
    }
}

/// HMAC-SHA-256 of the SHA-256 hash of the text.
impl KeyedDigest for MasterKey {
    fn keyed_digest(&self, text: &str) -> SecretHash {
        self.keyed_hash(&Sha256Digest.digest(text))
    }
}

/// Separates the id of the key, if there is one, from the nonce with the ciphertext.
fn split(sealed: &[u8]) -> Result<(Option<MasterKeyId>, &[u8]), SealError> {
    let (layout, rest) = sealed.split_first().ok_or(SealError::Malformed)?;
    match *layout {
        WITHOUT_ID => Ok((None, rest)),
        WITH_ID => {
            let (id, encrypted) = rest.split_first_chunk::<ID_LEN>().ok_or(SealError::Malformed)?;
            Ok((Some(MasterKeyId(*id)), encrypted))
        }
        _ => Err(SealError::Malformed),
    }
}

/// Returns the nonce, the ciphertext and its tag.
fn encrypt(key: &LessSafeKey, name: &[u8], value: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE_LEN];
    entropy.fill(&mut nonce);
    let mut sealed = value.to_vec();
    let unique = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(unique, Aad::from(name), &mut sealed).map_err(|_| SealError::Failed)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(key: &LessSafeKey, name: &[u8], encrypted: &[u8]) -> Result<Vec<u8>, SealError> {
    let (nonce, ciphertext) = encrypted.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Malformed)?;
    let mut opened = ciphertext.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = key.open_in_place(nonce, Aad::from(name), &mut opened).map_err(|_| SealError::WrongKey)?;
    Ok(plain.to_vec())
}
