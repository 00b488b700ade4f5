//! All signing keys together: which of them signs, which are published, and what has to become of them.
//!
//! A verifier fetches the published keys and keeps them for a while. A token must never come before its key, nor outlive
//! it, so a rotation is slow: the next key is published, the old one signs on until everybody knows the next, and stays
//! published until its last token has died. Every step follows from the stored keys and the time alone, so it does not
//! matter which node takes it, nor how late.

use time::{Duration, OffsetDateTime};

use super::{KeyId, Retirement, SigningKey};

/// How long a verifier may go by the published keys that it has.
pub const PUBLISHED_FOR: Duration = Duration::minutes(5);

/// How long a service token is good.
pub const TOKEN_LIFE: Duration = Duration::minutes(5);

/// How far apart the clocks of nodes and verifiers may be.
const LEEWAY: Duration = Duration::seconds(30);

/// How old the keys may be that a node goes by.
pub const STALE: Duration = Duration::seconds(30);

/// From the publication of a key to its first token: a node that does not know the key yet may be asked at the last moment,
/// its answer is kept for as long as allowed, and another node's clock may be ahead.
pub const LEAD: Duration =
    Duration::seconds(STALE.whole_seconds() + PUBLISHED_FOR.whole_seconds() + LEEWAY.whole_seconds());

/// From the last token of a key to its removal: the clock of the node that signed it may be behind, and the verifier allows
/// for as much.
const TAIL: Duration = Duration::seconds(TOKEN_LIFE.whole_seconds() + 2 * LEEWAY.whole_seconds());

/// Why keys are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// It is somebody's turn to see what is due.
    Routine,
    /// An operator wants a new key, without anybody noticing.
    Rotation,
    /// An operator trusts the keys no longer: their tokens have to die.
    Emergency,
}

/// What has to be done to the keys, all of it or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Keys that go.
    pub removed: Vec<KeyId>,
    /// The key that gets a successor, and its end.
    pub retired: Option<(KeyId, Retirement)>,
    /// When the successor signs, if one has to be made.
    pub made: Option<OffsetDateTime>,
}

impl Plan {
    /// Whether everything is as it has to be.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Every key that there is, in the order in which they sign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRing(Vec<SigningKey>);

impl KeyRing {
    /// Brings keys into their order.
    #[must_use]
    pub fn new(mut keys: Vec<SigningKey>) -> Self {
        keys.sort_by(|one, other| (one.signs_from, &one.id).cmp(&(other.signs_from, &other.id)));
        Self(keys)
    }

    /// The keys, in their order.
    #[must_use]
    pub fn keys(&self) -> &[SigningKey] {
        &self.0
    }

    /// The key that signs. The first of all signs even before its time: the clock that set it may be ahead of this one.
    #[must_use]
    pub fn signing(&self, now: OffsetDateTime) -> Option<&SigningKey> {
        self.0.iter().rfind(|key| key.signs_from <= now).or(self.0.first())
    }

    /// The key that will sign after that one.
    #[must_use]
    pub fn upcoming(&self, now: OffsetDateTime) -> Option<&SigningKey> {
        let signing = self.signing(now)?;
        self.0.iter().find(|key| key.signs_from > now && key.id != signing.id)
    }

    /// The keys that verifiers have to know.
    pub fn published(&self, now: OffsetDateTime) -> impl Iterator<Item = &SigningKey> {
        self.0.iter().filter(move |key| !has_left(key, now))
    }

    /// What has to be done now, where a key is to sign for `life`.
    #[must_use]
    pub fn plan(&self, now: OffsetDateTime, life: Duration, occasion: Occasion) -> Plan {
        if occasion == Occasion::Emergency {
            let removed = self.0.iter().map(|key| key.id.clone()).collect();
            return Plan { removed, retired: None, made: Some(now) };
        }
        let Some(signing) = self.signing(now) else {
            // Nobody can have fetched anything yet, so nobody has to be waited for.
            return Plan { made: Some(now), ..Plan::default() };
        };
        let removed = self.0.iter().filter(|key| has_left(key, now)).map(|key| key.id.clone()).collect();
        let end = signing.signs_from + life;
        let due = occasion == Occasion::Rotation || now + LEAD >= end;
        if !due || self.upcoming(now).is_some() {
            return Plan { removed, ..Plan::default() };
        }
        let earliest = now + LEAD;
        let signs_until = if occasion == Occasion::Rotation { earliest } else { end.max(earliest) };
        let retirement = Retirement { signs_until, published_until: signs_until + TAIL };
        Plan { removed, retired: Some((signing.id.clone(), retirement)), made: Some(signs_until) }
    }
}

fn has_left(key: &SigningKey, now: OffsetDateTime) -> bool {
    key.retirement.is_some_and(|retirement| retirement.published_until <= now)
}
