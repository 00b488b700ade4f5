//! How often a key can be used.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    str::FromStr,
};

use tessera_kernel::text_value;
use time::{Duration, OffsetDateTime};

text_value! {
    /// The name of a limit of a key.
    LimitName, identifier, 32;
}

/// A limit of the requests in each window. Windows follow each other without a gap, and one begins at the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLimit {
    /// The name.
    pub name: LimitName,
    /// The requests in each window. A request can cost more than one.
    pub requests: RequestCount,
    /// The length of a window.
    pub window: WindowSeconds,
}

impl KeyLimit {
    /// Returns the start of the window at a time.
    #[must_use]
    pub fn window_start(&self, at: OffsetDateTime) -> OffsetDateTime {
        let (seconds, length) = (at.unix_timestamp(), i64::from(self.window.get()));
        OffsetDateTime::from_unix_timestamp(seconds - seconds.rem_euclid(length)).unwrap_or(at)
    }

    /// Returns the end of the window at a time.
    #[must_use]
    pub fn window_end(&self, at: OffsetDateTime) -> OffsetDateTime {
        self.window_start(at) + Duration::seconds(i64::from(self.window.get()))
    }
}

/// Declares a number with a range.
macro_rules! ranged {
    ($(#[doc = $about:literal] $name:ident, $error:ident: $from:literal to $to:literal, $words:literal;)+) => {$(
        #[doc = $about]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(u32);

        /// The number is out of range.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        #[error($words)]
        pub struct $error;

        impl $name {
            /// The lowest value.
            pub const MIN: u32 = $from;
            /// The highest value.
            pub const MAX: u32 = $to;

            /// Returns the number.
            #[must_use]
            pub const fn get(self) -> u32 {
                self.0
            }
        }

        impl TryFrom<i64> for $name {
            type Error = $error;

            fn try_from(number: i64) -> Result<Self, $error> {
                let number = u32::try_from(number).ok().filter(|number| (Self::MIN..=Self::MAX).contains(number));
                number.map(Self).ok_or($error)
            }
        }
    )+};
}

ranged! {
    /// A number of requests in a window.
    RequestCount, RequestCountError: 1 to 1_000_000_000, "must be from 1 to 1000000000";
    /// The length of a window in seconds, up to 30 days.
    WindowSeconds, WindowSecondsError: 1 to 2_592_000, "must be from 1 to 2592000";
    /// A number of uses that remain.
    UseCount, UseCountError: 0 to 1_000_000_000, "must be from 0 to 1000000000";
    /// The number of uses after a refill.
    RefillAmount, RefillAmountError: 1 to 1_000_000_000, "must be from 1 to 1000000000";
    /// What a use takes from each window and from the remaining uses. With 0, it only reads them.
    UseCost, UseCostError: 0 to 1_000_000, "must be from 0 to 1000000";
    /// How long the previous secret stays valid after a rotation, in seconds, up to 30 days.
    OverlapSeconds, OverlapSecondsError: 0 to 2_592_000, "must be from 0 to 2592000";
}

impl UseCost {
    /// The cost of a request to this service.
    pub const ONE: Self = Self(1);
}

impl Default for UseCost {
    fn default() -> Self {
        Self::ONE
    }
}

impl Default for OverlapSeconds {
    /// A day.
    fn default() -> Self {
        Self(86_400)
    }
}

/// The limits of a key: at most [`Self::MAX`], with different names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyLimits(Vec<KeyLimit>);

/// The limits are not acceptable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyLimitsError {
    /// There are more than [`KeyLimits::MAX`].
    #[error("must have at most {} entries", KeyLimits::MAX)]
    TooMany,
    /// Some limits have the name of an earlier one. The content is their positions, from 0.
    #[error("is the name of an earlier limit")]
    Duplicates(Vec<usize>),
}

impl KeyLimits {
    /// The highest number of limits.
    pub const MAX: usize = 5;

    /// Adds a new counter for each limit that has none, and removes the counters of other limits, for storages in memory.
    pub fn keep_counters<C: Clone>(&self, counters: &mut BTreeMap<LimitName, C>, new: &C) {
        counters.retain(|name, _| self.0.iter().any(|limit| limit.name == *name));
        for limit in &self.0 {
            counters.entry(limit.name.clone()).or_insert_with(|| new.clone());
        }
    }
}

impl Deref for KeyLimits {
    type Target = [KeyLimit];

    fn deref(&self) -> &[KeyLimit] {
        &self.0
    }
}

impl TryFrom<Vec<KeyLimit>> for KeyLimits {
    type Error = KeyLimitsError;

    fn try_from(limits: Vec<KeyLimit>) -> Result<Self, KeyLimitsError> {
        if limits.len() > Self::MAX {
            return Err(KeyLimitsError::TooMany);
        }
        let mut names = BTreeSet::new();
        let repeated = limits.iter().enumerate().filter(|(_, limit)| !names.insert(&limit.name));
        let positions: Vec<usize> = repeated.map(|(position, _)| position).collect();
        if positions.is_empty() { Ok(Self(limits)) } else { Err(KeyLimitsError::Duplicates(positions)) }
    }
}

/// When the number of remaining uses is set again. Days and months begin at midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefillInterval {
    /// At the start of each day.
    Day,
    /// At the start of each month.
    Month,
}

/// The text is not the name of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be one of day, month")]
pub struct RefillIntervalError;

impl FromStr for RefillInterval {
    type Err = RefillIntervalError;

    fn from_str(text: &str) -> Result<Self, RefillIntervalError> {
        [Self::Day, Self::Month].into_iter().find(|interval| interval.as_str() == text).ok_or(RefillIntervalError)
    }
}

impl RefillInterval {
    /// The name of the interval in the API and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// Returns the latest start of an interval at a time.
    #[must_use]
    pub fn start(self, at: OffsetDateTime) -> OffsetDateTime {
        let date = at.to_offset(time::UtcOffset::UTC).date();
        let first = match self {
            Self::Day => date,
            Self::Month => date.replace_day(1).unwrap_or(date),
        };
        first.midnight().assume_utc()
    }

    /// Returns the next start of an interval after a time.
    #[must_use]
    pub fn end(self, at: OffsetDateTime) -> OffsetDateTime {
        let start = self.start(at);
        match self {
            Self::Day => start + Duration::DAY,
            // Every month has less than 32 days.
            Self::Month => self.start(start + Duration::days(32)),
        }
    }
}

/// A refill of the remaining uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refill {
    /// The remaining uses after a refill. Uses that were left are not added.
    pub amount: RefillAmount,
    /// When it happens.
    pub interval: RefillInterval,
}

/// A number of uses that a key has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UseLimit {
    /// The uses that no node has taken yet.
    pub remaining: UseCount,
    /// When the number was set, by a user or by a refill.
    pub since: OffsetDateTime,
    /// The refill. `None` if there is none.
    pub refill: Option<Refill>,
}

impl UseLimit {
    /// Returns the limit at a time, with the refill that is due.
    #[must_use]
    pub fn at(self, now: OffsetDateTime) -> Self {
        let Some(refill) = self.refill else { return self };
        let start = refill.interval.start(now);
        if start <= self.since {
            return self;
        }
        Self { remaining: UseCount(refill.amount.get()), since: start, ..self }
    }

    /// Returns the limit with fewer remaining uses, or with none.
    #[must_use]
    pub const fn without(self, uses: u32) -> Self {
        Self { remaining: UseCount(self.remaining.0.saturating_sub(uses)), ..self }
    }

    /// Returns the limit with uses that were taken before, up to the highest number.
    #[must_use]
    pub fn with(self, uses: u32) -> Self {
        Self { remaining: UseCount(self.remaining.0.saturating_add(uses).min(UseCount::MAX)), ..self }
    }
}
