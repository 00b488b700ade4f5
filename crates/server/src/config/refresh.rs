//! Lifetimes of sessions with refresh tokens.

use tessera_identity::model::RefreshSettings;
use time::Duration;

use super::source::Source;

/// The longest lifetime of a session, in seconds: a year.
const LONGEST: i64 = 31_536_000;

pub(super) fn read(source: &mut Source) -> RefreshSettings {
    let default = RefreshSettings::default();
    let mut seconds =
        |key, default: Duration, accepted| Duration::seconds(source.read_in(key, default.whole_seconds(), accepted));
    RefreshSettings {
        access_ttl: seconds("access_ttl", default.access_ttl, 60..=3600),
        idle: seconds("refresh_idle", default.idle, 1..=LONGEST),
        max: seconds("refresh_max", default.max, 1..=LONGEST),
        grace: seconds("refresh_grace", default.grace, 0..=60),
    }
}

/// Checks rules that involve several of them.
pub(super) fn check(settings: &RefreshSettings, source: &mut Source) {
    if settings.idle > settings.max {
        let max = settings.max.whole_seconds();
        source.fault("refresh_idle", format_args!("must not exceed TESSERA_REFRESH_MAX, such as {max}"));
    }
}
