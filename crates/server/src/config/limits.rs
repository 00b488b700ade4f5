//! The quotas of all rate limits, and the bounds.

use std::{fmt, str::FromStr};

use tessera_kernel::{Bound, RateLimit, limit};
use time::Duration;

use super::source::Source;

/// How often a limit admits an action: a number of events in a window of seconds.
#[derive(Clone, Copy)]
struct Rate {
    quota: u32,
    seconds: i64,
}

const RULE: &str = "<events>/<seconds>, from 1/1 to 1000000/2592000, such as 10/900";

impl FromStr for Rate {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (quota, seconds) = text.split_once('/').ok_or(())?;
        // A sign would be accepted by the parsers of numbers.
        if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'/') {
            return Err(());
        }
        let (quota, seconds) = (quota.parse().map_err(drop)?, seconds.parse().map_err(drop)?);
        let fits = (1..=1_000_000).contains(&quota) && (1..=2_592_000).contains(&seconds);
        if fits { Ok(Self { quota, seconds }) } else { Err(()) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.quota, self.seconds)
    }
}

/// Reads `limit_<name>` for each limit. Returns all limits.
pub(super) fn read(source: &mut Source) -> Vec<RateLimit> {
    let read = |limit: &RateLimit| {
        let default = Rate { quota: limit.quota, seconds: limit.window.whole_seconds() };
        let key = format!("limit_{}", limit.name.replace('-', "_"));
        let Rate { quota, seconds } = source.read_as(&key, default, RULE);
        RateLimit { quota, window: Duration::seconds(seconds), ..*limit }
    };
    limit::ALL.iter().map(read).collect()
}

/// All bounds as the operator has configured them.
#[derive(Debug)]
pub(crate) struct Bounds(Vec<Bound>);

impl Bounds {
    /// Reads `limit_<name>` for each bound.
    pub(super) fn read(source: &mut Source) -> Self {
        let read = |bound: &Bound| {
            let key = format!("limit_{}", bound.name.replace('-', "_"));
            Bound { maximum: source.read_in(&key, bound.maximum, 1..=10_000_000), ..*bound }
        };
        Self(limit::BOUNDS.iter().map(read).collect())
    }

    /// The configured maximum of a bound.
    pub(crate) fn maximum(&self, bound: Bound) -> usize {
        self.0.iter().find(|known| known.name == bound.name).map_or(bound.maximum, |known| known.maximum)
    }
}
