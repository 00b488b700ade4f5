//! Limits: how often an action is allowed, and how many objects may exist.

pub(crate) mod guesses;
pub mod table;

use std::{fmt, net::IpAddr};

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use crate::StoreError;

/// How often an action is allowed: at most `quota` times in a window, which starts with the first counted event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The name of the counters and of the setting, in kebab-case.
    pub name: &'static str,
    /// The public name. It appears in the problem and in the header `RateLimit-Policy`.
    pub shown_as: &'static str,
    /// How many events a window admits.
    pub quota: u32,
    /// The length of a window, in whole seconds.
    pub window: Duration,
}

impl RateLimit {
    /// A limit of `quota` events in windows of that many seconds.
    #[must_use]
    pub const fn new(name: &'static str, quota: u32, seconds: i64) -> Self {
        Self { name, shown_as: name, quota, window: Duration::seconds(seconds) }
    }

    const fn shown_as(self, name: &'static str) -> Self {
        Self { shown_as: name, ..self }
    }
}

/// How many things of one kind a requester, or all of them, may have open at once. A further one displaces another one, so that
/// a flood does not lock out others: a bound has no window, and no response names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The name of the setting, in kebab-case.
    pub name: &'static str,
    /// How many may be open.
    pub maximum: usize,
}

/// An event that a limit has counted and admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The limit, as it is configured.
    pub limit: RateLimit,
    /// The events that the window still admits after this one, 0 after the last.
    pub left: u32,
    /// The time until the window ends. It never exceeds the window.
    pub resets_in: Duration,
    /// When the window ends, by the clock that counts. It identifies the window.
    pub ends_at: OffsetDateTime,
}

/// The limit rejected an action. Nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the limit {} is reached", limit.name)]
pub struct RateLimited {
    /// The limit.
    pub limit: RateLimit,
    /// The time until the limit admits an action again. It never exceeds the window.
    pub retry_after: Duration,
    /// Whether this is the first rejection in its window.
    pub first: bool,
}

crate::error_enum! {
    /// Why an event was not admitted.
    pub enum RateLimitError {}
    from
        Limited(RateLimited),
        /// The event may have been counted.
        Store(StoreError),
}

impl RateLimitError {
    /// Converts both variants into the error of a use case.
    #[must_use]
    pub fn split<E: From<RateLimited> + From<StoreError>>(self) -> E {
        match self {
            Self::Limited(limited) => limited.into(),
            Self::Store(error) => error.into(),
        }
    }
}

/// The counters of rate limits. All nodes of an installation share them.
#[async_trait]
pub trait RateLimits: Send + Sync {
    /// Counts one event of `subject` (a user id, a canonical address, a network) and admits or rejects it. Counters of
    /// different limits or subjects are independent; the empty text is a subject, too. Limits with the same name share
    /// their counters, each with its own quota. A window starts with its first event and ends by the clock of the
    /// storage. Rejected events do not extend it.
    ///
    /// The count is atomic and durable when this returns: of concurrent calls, exactly `quota` are admitted. A rejected
    /// event is not counted, so [`give_back_all`](Self::give_back_all) makes room for another one. It must
    /// not be called inside a transaction, because it would wait for a second connection, and because a rollback must
    /// not undo the count. The storage has only a hash of the subject.
    ///
    /// # Errors
    /// [`RateLimitError::Limited`] if the window has already admitted `quota` events.
    async fn count(&self, limit: RateLimit, subject: &str) -> Result<Counted, RateLimitError> {
        let counted = self.count_all(&[(limit, subject.to_owned())]).await?;
        counted.into_iter().next().ok_or_else(|| StoreError::Other("an event was not counted".into()).into())
    }

    /// Does the same for several events, in the order of a slice without duplicates. All callers name their limits in one
    /// order, so that they cannot wait for each other. All of them are admitted, or none: an
    /// event after the first rejected one is not looked at, and those before it are given back.
    async fn count_all(&self, events: &[(RateLimit, String)]) -> Result<Vec<Counted>, RateLimitError>;

    /// Takes admitted events back, each with its subject, so that their windows admit others. Does nothing for a window that has
    /// ended, also if another one has begun.
    async fn give_back_all(&self, events: &[(Counted, String)]) -> Result<(), StoreError>;
}

/// A quota rejected the creation of an object. The installation allows no more objects of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the quota {quota} is used up")]
pub struct QuotaExceeded {
    /// The public name, in `snake_case`, as in the setting `TESSERA_QUOTA_<NAME>`.
    pub quota: &'static str,
    /// The number of objects that the quota allows.
    pub maximum: u64,
}

/// How many objects of a kind may exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    name: &'static str,
    maximum: Option<u64>,
}

impl Quota {
    /// A quota of that name, in `snake_case`. A `maximum` of 0 means that there is none.
    #[must_use]
    pub const fn new(name: &'static str, maximum: u64) -> Self {
        Self { name, maximum: if maximum == 0 { None } else { Some(maximum) } }
    }

    /// Returns the same quota with another maximum.
    #[must_use]
    pub const fn with_maximum(self, maximum: u64) -> Self {
        Self::new(self.name, maximum)
    }

    /// The public name, as in the setting `TESSERA_QUOTA_<NAME>`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The number of objects that it allows. `None` if it allows any number.
    #[must_use]
    pub const fn maximum(self) -> Option<u64> {
        self.maximum
    }

    /// Checks whether one more object may be added to those that exist.
    ///
    /// The check is exact only if no object can be added between the count and the insertion. The caller therefore
    /// holds a lock on the owner of the objects.
    ///
    /// # Errors
    /// [`QuotaExceeded`] if the maximum is reached.
    pub const fn admit(self, existing: u64) -> Result<(), QuotaExceeded> {
        match self.maximum {
            Some(maximum) if existing >= maximum => Err(self.exceeded()),
            _ => Ok(()),
        }
    }

    /// The error for one object too many, for callers whose storage did the count.
    #[must_use]
    pub const fn exceeded(self) -> QuotaExceeded {
        let maximum = match self.maximum {
            Some(maximum) => maximum,
            None => u64::MAX,
        };
        QuotaExceeded { quota: self.name, maximum }
    }
}

/// The network of a client: an IPv4 address, or the first 64 bits of an IPv6 address. Rate limits count by network.
///
/// A client usually controls a whole IPv6 /64, so counting single IPv6 addresses would limit nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address. An IPv4-mapped IPv6 address counts as its IPv4 address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self(IpAddr::from([a, b, c, d, 0, 0, 0, 0]))
            }
        }
    }

    /// The first address of the network.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
