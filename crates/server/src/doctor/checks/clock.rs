//! The difference between the clock of this machine and that of the database.

use tessera_adapters::Inspection;
use tessera_kernel::StoreError;
use time::Duration;

use crate::doctor::{context::Context, finding::Finding};

pub(super) async fn check(context: &Context, database: &mut Inspection) -> Result<Finding, StoreError> {
    let clock = &context.system.clock;
    let before = clock.now();
    let Some(theirs) = database.server_time().await? else {
        return Ok(Finding::skip("SQLite uses the clock of this machine"));
    };
    let after = clock.now();
    Ok(of_difference((before - theirs).max(theirs - after).max(Duration::ZERO)))
}

fn of_difference(difference: Duration) -> Finding {
    let detail =
        format!("the clocks of this machine and of the database differ by {:.1} s", difference.as_seconds_f32());
    let advice = "enable time synchronization on both machines, such as timedatectl set-ntp true";
    Finding::graded(detail, advice, difference > Duration::seconds(10), difference > Duration::seconds(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status;

    #[test]
    fn a_difference_of_one_second_is_a_warning_and_of_ten_a_failure() {
        for (milliseconds, status) in [
            (0, Status::Ok),
            (1_000, Status::Ok),
            (1_001, Status::Warn),
            (10_000, Status::Warn),
            (10_001, Status::Fail),
        ] {
            assert_eq!(of_difference(Duration::milliseconds(milliseconds)).status, status, "{milliseconds} ms");
        }
    }
}
