//! The state of the refresh tokens of a session.

use tessera_kernel::SecretHash;
use time::{Duration, OffsetDateTime};

/// The id of a secret with which refresh tokens are derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefreshSecretId(pub u16);

/// What a presented refresh token is at the time of its use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshUse {
    /// The newest token, not used before.
    First,
    /// A used token in its grace period.
    Repeated,
    /// A used token after its grace period.
    Reused,
    /// A token that storage knows nothing about, such as one from before a restored backup.
    Unknown,
}

/// The refresh tokens of a session. Each refresh begins a new generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshChain {
    /// The hash of the family, by which the session is found.
    pub family: SecretHash,
    /// The secret of the tokens of the session.
    pub secret: RefreshSecretId,
    /// The generation of the newest token, which was not used yet.
    pub generation: u32,
    /// When earlier generations were used.
    pub uses: RefreshUses,
}

impl RefreshChain {
    /// The chain of a new session.
    #[must_use]
    pub fn new(family: SecretHash, secret: RefreshSecretId) -> Self {
        Self { family, secret, generation: 0, uses: RefreshUses::default() }
    }

    /// What the token of a generation is at that time.
    #[must_use]
    pub fn judge(&self, generation: u32, at: OffsetDateTime, grace: Duration) -> RefreshUse {
        match self.uses.first_use(generation) {
            _ if generation == self.generation => RefreshUse::First,
            _ if generation > self.generation => RefreshUse::Unknown,
            Some(first) if at - first < grace => RefreshUse::Repeated,
            _ => RefreshUse::Reused,
        }
    }

    /// The chain after the first use of the newest token at that time.
    #[must_use]
    pub fn rotated(&self, at: OffsetDateTime, grace: Duration) -> Self {
        let mut uses = self.uses.clone();
        uses.add(self.generation, at, grace);
        Self { generation: self.generation.saturating_add(1), uses, ..self.clone() }
    }
}

/// When generations were first used, oldest first: as many as the decision about their grace period needs. The oldest
/// entry may be one whose grace period is over. It stands for all before it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RefreshUses(Vec<(u32, OffsetDateTime)>);

impl RefreshUses {
    /// The maximum number of entries. If more generations are used in one grace period, neighbours share an entry.
    pub const MOST: usize = 32;

    /// Reads stored entries, oldest first.
    #[must_use]
    pub const fn from_stored(entries: Vec<(u32, OffsetDateTime)>) -> Self {
        Self(entries)
    }

    /// The entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[(u32, OffsetDateTime)] {
        &self.0
    }

    /// The time of the first use of a generation, or of a later generation that shares its entry.
    fn first_use(&self, generation: u32) -> Option<OffsetDateTime> {
        self.0.iter().find(|(of, _)| *of >= generation).map(|(_, at)| *at)
    }

    fn add(&mut self, generation: u32, at: OffsetDateTime, grace: Duration) {
        self.0.push((generation, at));
        // The newest of the entries whose grace period is over shows that all before it are over, too.
        let over = self.0.iter().take_while(|(_, first)| at - *first >= grace).count();
        self.0.drain(..over.saturating_sub(1));
        if self.0.len() > Self::MOST {
            self.merge();
        }
    }

    /// Removes the entry whose neighbours are closest. Its generations then count as used when the next entry was, which is
    /// a little later. A generation never counts as used earlier than it was, so no token is rejected in its grace period.
    /// The oldest entry stays, because it bounds the others.
    fn merge(&mut self) {
        let spans = self.0.windows(3).map(|three| three[2].1 - three[0].1).enumerate();
        if let Some((before, _)) = spans.min_by_key(|(_, span)| *span) {
            self.0.remove(before + 1);
        }
    }
}
