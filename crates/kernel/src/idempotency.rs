//! Requests with an `Idempotency-Key`, which are executed at most once: the claim of a request on its key, and the ports.

pub mod running;

use std::{error::Error, str::FromStr, sync::Arc};

use async_trait::async_trait;
use time::Duration;

use crate::{Secret, SecretHash, StoreError};

/// The key that a client has chosen for one request: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(Secret<String>);

/// The text is not an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 255 visible ASCII characters, with a double quote on both sides or on none")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    const MAX_LENGTH: usize = 255;

    /// The characters without the quotes.
    #[must_use]
    pub const fn expose(&self) -> &String {
        self.0.expose()
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    /// Accepts the key bare or in double quotes. Both are the same key.
    fn from_str(text: &str) -> Result<Self, IdempotencyKeyError> {
        let bare = match text.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').ok_or(IdempotencyKeyError)?,
            None if text.ends_with('"') => return Err(IdempotencyKeyError),
            None => text,
        };
        let visible = bare.bytes().all(|byte| byte.is_ascii_graphic());
        if bare.is_empty() || bare.len() > Self::MAX_LENGTH || !visible {
            return Err(IdempotencyKeyError);
        }
        Ok(Self(Secret::new(bare.to_owned())))
    }
}

/// The claim of a running request on its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyClaim {
    /// The keyed hash of the key and of whose key it is. It identifies the row.
    pub key: SecretHash,
    /// A random number of the request. It changes if another request takes the claim over.
    pub owner: u128,
}

impl IdempotencyClaim {
    /// After this time another request can take an unmarked claim over. A request that takes longer cannot commit if that has
    /// happened.
    pub const LEASE: Duration = Duration::seconds(60);

    /// How long a key and its response are stored.
    pub const RETENTION: Duration = Duration::DAY;
}

/// What a request found under its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimStatus {
    /// Nothing, or a claim that was given up. The request has the claim now.
    Claimed,
    /// The first request with the key is still running.
    Running,
    /// The key belongs to a request with another fingerprint.
    OtherRequest,
    /// The first request was executed, and its response was not stored.
    Lost,
    /// The sealed response of the first request.
    Answered(Vec<u8>),
}

/// The stored keys of requests. Times are those of the clock of the storage.
///
/// They must be in one storage with everything that requests change. The commit of a transaction that was begun
/// [`on behalf of`](running::on_behalf_of) a claim marks the claim in the same transaction, or fails with
/// [`StoreError::Superseded`] if another request has taken it over or it does not exist. A commit of a transaction that
/// [`prepares`](running::preparing) the change only checks the claim. A port that changes something for a request without a
/// transaction of its own does the same.
#[async_trait]
pub trait IdempotencyKeys: Send + Sync {
    /// Claims the key for a request with that fingerprint. Of concurrent requests, exactly one gets it. An existing claim
    /// is taken over if it is not marked and its lease is over. A key that is older than [`IdempotencyClaim::RETENTION`] counts as
    /// unknown. The claim is durable when this returns.
    async fn claim(&self, claim: &IdempotencyClaim, fingerprint: &SecretHash) -> Result<ClaimStatus, StoreError>;

    /// Stores the response and ends the request. Returns `false` if another request has the claim.
    async fn keep_response(&self, claim: &IdempotencyClaim, sealed: &[u8]) -> Result<bool, StoreError>;

    /// Ends a request without a response. An unmarked claim is deleted, so that the key can be used again. A marked one is
    /// [`ClaimStatus::Lost`] from then on. The claim of another request stays.
    async fn release(&self, claim: &IdempotencyClaim) -> Result<(), StoreError>;
}

/// Why a response could not be sealed or opened.
pub type SealFault = Box<dyn Error + Send + Sync>;

/// The cryptography of stored requests. All of it needs the master key and the key of the client, of which storage has only
/// a keyed hash.
pub trait IdempotencySeal: Send + Sync {
    /// Returns a keyed hash of the key and of whose key it is.
    fn hide(&self, scope: &str, key: &IdempotencyKey) -> SecretHash;

    /// Returns a keyed hash of the parts of a request. They may contain a password, so a plain hash could be searched.
    fn fingerprint(&self, key: &IdempotencyKey, parts: &[&[u8]]) -> SecretHash;

    /// Encrypts a response under the hidden key.
    ///
    /// # Errors
    /// Encryption failed.
    fn seal(&self, hidden: &SecretHash, key: &IdempotencyKey, response: &[u8]) -> Result<Vec<u8>, SealFault>;

    /// Decrypts a response that was sealed with the same arguments.
    ///
    /// # Errors
    /// The response was sealed with other keys or was changed.
    fn open(&self, hidden: &SecretHash, key: &IdempotencyKey, sealed: &[u8]) -> Result<Vec<u8>, SealFault>;
}

/// The ports of requests with an idempotency key. Clones share them.
#[derive(Clone)]
pub struct IdempotencyPorts {
    /// The stored keys.
    pub keys: Arc<dyn IdempotencyKeys>,
    /// Their cryptography.
    pub seal: Arc<dyn IdempotencySeal>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_bare_or_quoted() {
        let longest = "x".repeat(255);
        for (text, key) in [("a", "a"), ("\"a\"", "a"), ("~!b\"c", "~!b\"c"), (longest.as_str(), longest.as_str())] {
            assert_eq!(text.parse::<IdempotencyKey>().as_ref().map(|key| key.expose().as_str()), Ok(key));
        }
        let (long, quoted) = ("x".repeat(256), format!("\"{}\"", "x".repeat(256)));
        for text in ["", "\"", "\"\"", "\"a", "a\"", "a b", " a", "a\t", "é", "\u{7f}", &long, &quoted] {
            assert_eq!(text.parse::<IdempotencyKey>(), Err(IdempotencyKeyError), "{text:?}");
        }
    }
}
