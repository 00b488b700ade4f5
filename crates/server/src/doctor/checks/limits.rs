//! Rate limits, and the limit of open files.

use crate::{config::Throttle, descriptors};

use crate::doctor::{context::Context, finding::Finding};

pub(super) fn check(context: &Context) -> Finding {
    let (config, mut findings) = (&context.config, Vec::new());
    if config.throttle == Throttle::Off {
        findings.push(Finding::fail(
            "the rate limits are off: passwords can be guessed without limit",
            "unset TESSERA_THROTTLE, which is for load tests only",
        ));
    }
    let wanted = config.max_connections;
    let fitting = descriptors::reachable_bound(wanted);
    if fitting < wanted {
        findings.push(Finding::warn(
            format!("the limit of open files admits {fitting} of {wanted} connections, if the service has the limit of this command"),
            "set LimitNOFILE= in the unit of systemd or ulimit -n of the shell, or lower TESSERA_MAX_CONNECTIONS",
        ));
    }
    Finding::combined(
        findings,
        Finding::ok(format!("the rate limits are on; {wanted} connections fit the limit of open files")),
    )
}
