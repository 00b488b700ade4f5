//! The wait between two attempts.

use time::Duration;

/// Returns how long a mail waits after that number of failed attempts: 5 s at first, then twice as long each time, at
/// most 15 min.
#[must_use]
pub fn back_off(attempts: u32) -> Duration {
    const FIRST: Duration = Duration::seconds(5);
    const LONGEST: Duration = Duration::minutes(15);
    // Eight doublings exceed the maximum.
    let doubled = FIRST * (1_i32 << attempts.saturating_sub(1).min(8));
    doubled.min(LONGEST)
}
