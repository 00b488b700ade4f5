//! Set of all signing keys: the current key, the published keys, and the due changes.
//!
//! A verifier fetches the published keys and caches them. A token must not be issued before its key is published, and
//! must not outlive it. So a rotation has these steps:
//!
//! 1. The next key is published. The old key continues to sign until every verifier can know the next key.
//! 2. The next key signs. The old key stays published until its last token has expired.
//!
//! Every step depends only on the stored keys and the time. So any node can take it, at any later time.

use time::{Duration, OffsetDateTime};

use super::signing_key::{KeyId, Retirement, SigningKey};

/// How long a verifier may cache the published keys.
pub const JWKS_MAX_AGE: Duration = Duration::minutes(5);

/// Lifetime of a service token.
pub const TOKEN_LIFETIME: Duration = Duration::minutes(5);

/// Maximum difference between the clocks of nodes and verifiers.
const LEEWAY: Duration = Duration::seconds(30);

/// Maximum age of the keys that a node uses.
pub const MAX_SNAPSHOT_AGE: Duration = Duration::seconds(30);

/// Time from the publication of a key to its first token. A verifier may fetch the keys at the last moment from a node
/// that does not know the key yet. It may cache that response for the allowed time. The clock of another node may be
/// ahead.
pub const PUBLISH_BEFORE_USE: Duration =
    Duration::seconds(MAX_SNAPSHOT_AGE.whole_seconds() + JWKS_MAX_AGE.whole_seconds() + LEEWAY.whole_seconds());

/// Time from the last token of a key to its removal. The clock of the node that signed the token may be behind, and the
/// verifier accepts the same tolerance.
const KEEP_AFTER_USE: Duration = Duration::seconds(TOKEN_LIFETIME.whole_seconds() + 2 * LEEWAY.whole_seconds());

/// Why the keys are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationTrigger {
    /// Periodic check for due changes.
    Routine,
    /// Rotation on request of an operator, without interruption for verifiers.
    Rotation,
    /// The operator no longer trusts the keys. Their tokens must become invalid.
    Emergency,
}

/// Changes to the keys, applied together in one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Keys to remove.
    pub removed: Vec<KeyId>,
    /// The key that gets a successor, and its retirement times.
    pub retired: Option<(KeyId, Retirement)>,
    /// When the new key starts to sign, if one must be created.
    pub made: Option<OffsetDateTime>,
}

impl Plan {
    /// Returns whether no change is due.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// All signing keys, in the order in which they sign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRing(Vec<SigningKey>);

impl KeyRing {
    /// Sorts the keys by the time at which they start to sign.
    #[must_use]
    pub fn new(mut keys: Vec<SigningKey>) -> Self {
        keys.sort_by(|one, other| (one.signs_from, &one.id).cmp(&(other.signs_from, &other.id)));
        Self(keys)
    }

    /// Returns the keys in order.
    #[must_use]
    pub fn keys(&self) -> &[SigningKey] {
        &self.0
    }

    /// Returns the current signing key. The first key signs even before its start time: the clock of the node that set
    /// the time may be ahead of this one.
    #[must_use]
    pub fn signing(&self, now: OffsetDateTime) -> Option<&SigningKey> {
        self.0.iter().rfind(|key| key.signs_from <= now).or(self.0.first())
    }

    /// Returns the next key, which does not sign yet.
    #[must_use]
    pub fn upcoming(&self, now: OffsetDateTime) -> Option<&SigningKey> {
        let signing = self.signing(now)?;
        self.0.iter().find(|key| key.signs_from > now && key.id != signing.id)
    }

    /// Returns the keys that verifiers must know.
    pub fn published(&self, now: OffsetDateTime) -> impl Iterator<Item = &SigningKey> {
        self.0.iter().filter(move |key| !has_left(key, now))
    }

    /// Returns the changes that are due now. A key signs for `life`.
    #[must_use]
    pub fn plan(&self, now: OffsetDateTime, life: Duration, trigger: RotationTrigger) -> Plan {
        if trigger == RotationTrigger::Emergency {
            let removed = self.0.iter().map(|key| key.id.clone()).collect();
            return Plan { removed, retired: None, made: Some(now) };
        }
        let Some(signing) = self.signing(now) else {
            // No verifier can have fetched a key yet, so the new key can sign at once.
            return Plan { made: Some(now), ..Plan::default() };
        };
        let removed = self.0.iter().filter(|key| has_left(key, now)).map(|key| key.id.clone()).collect();
        let end = signing.signs_from + life;
        let due = trigger == RotationTrigger::Rotation || now + PUBLISH_BEFORE_USE >= end;
        if !due || self.upcoming(now).is_some() {
            return Plan { removed, ..Plan::default() };
        }
        let earliest = now + PUBLISH_BEFORE_USE;
        let signs_until = if trigger == RotationTrigger::Rotation { earliest } else { end.max(earliest) };
        let retirement = Retirement { signs_until, published_until: signs_until + KEEP_AFTER_USE };
        Plan { removed, retired: Some((signing.id.clone(), retirement)), made: Some(signs_until) }
    }
}

fn has_left(key: &SigningKey, now: OffsetDateTime) -> bool {
    key.retirement.is_some_and(|retirement| retirement.published_until <= now)
}
