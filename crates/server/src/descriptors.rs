//! The bound on connections that follows from the limit of file descriptors.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// File descriptors that are not for client connections: databases, logs, mail, chains, the runtime.
const RESERVED: usize = 256;

/// Raises the soft limit of file descriptors as far as the connections need it and the hard limit allows it. Returns
/// the number of connections that fit.
pub(crate) fn connection_bound(wanted: usize) -> usize {
    let needed = wanted.saturating_add(RESERVED);
    let before = getrlimit(Resource::Nofile);
    let raised = raised(before, needed as u64);
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current,
        Err(_) => before.current,
    };
    let bound = fitting(wanted, limit);
    if bound < wanted {
        tracing::warn!(
            wanted,
            bound,
            "the limit of open files (RLIMIT_NOFILE) is too low for TESSERA_MAX_CONNECTIONS: fewer connections are accepted"
        );
    }
    bound
}

/// Returns the number of connections that would fit into the limit as far as it can be raised.
pub(crate) fn reachable_bound(wanted: usize) -> usize {
    let needed = wanted.saturating_add(RESERVED);
    fitting(wanted, raised(getrlimit(Resource::Nofile), needed as u64).current)
}

/// `None` means no limit.
fn raised(limit: Rlimit, needed: u64) -> Rlimit {
    let most = limit.maximum.map_or(needed, |hard| hard.min(needed));
    Rlimit { current: limit.current.map(|soft| soft.max(most)), maximum: limit.maximum }
}

fn fitting(wanted: usize, limit: Option<u64>) -> usize {
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    // If the reserve is more than half of the limit, connections get half of the limit.
    wanted.min(limit.saturating_sub(RESERVED).max(limit / 2)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_raised_as_far_as_needed_and_allowed() {
        let limit = |current, maximum| Rlimit { current, maximum };
        assert_eq!(raised(limit(Some(1024), Some(4096)), 2000).current, Some(2000));
        assert_eq!(raised(limit(Some(1024), Some(4096)), 10_256).current, Some(4096));
        assert_eq!(raised(limit(Some(1024), None), 10_256).current, Some(10_256));
        assert_eq!(raised(limit(Some(20_000), Some(40_000)), 10_256).current, Some(20_000));
        assert_eq!(raised(limit(None, None), 10_256).current, None);
    }

    #[test]
    fn connections_leave_the_reserve() {
        assert_eq!(fitting(10_000, None), 10_000);
        assert_eq!(fitting(10_000, Some(10_256)), 10_000);
        assert_eq!(fitting(10_000, Some(10_255)), 9_999);
        assert_eq!(fitting(10_000, Some(300)), 150);
        assert_eq!(fitting(10_000, Some(1)), 1);
    }
}
