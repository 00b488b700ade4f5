//! Tests of the rule that decides whether an entry may be used.

use std::time::{Duration, Instant};

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Change, Changes, LIFETIME, TRUST};

const ONE: Uuid = Uuid::from_u128(1);
const OTHER: Uuid = Uuid::from_u128(2);

/// Both clocks, some time after the start of the test.
struct Clocks(Instant, OffsetDateTime);

impl Clocks {
    fn after(&self, time: Duration) -> (Instant, OffsetDateTime) {
        (self.0 + time, self.1 + time)
    }
}

/// A node that has heard from the database at the start, when the newest change was number 5.
fn node() -> (Changes, Clocks) {
    let changes = Changes::new();
    let (now, wall) = super::clocks();
    let clocks = Clocks(now, wall);
    changes.confirm(5, &[], clocks.after(Duration::ZERO), true);
    (changes, clocks)
}

fn change(epoch: u64, subject: Uuid) -> Change {
    Change { epoch, subjects: vec![subject] }
}

#[test]
fn a_node_trusts_its_cache_for_less_than_a_second_by_both_clocks() {
    let (changes, clocks) = node();
    assert!(!Changes::new().is_trusted(clocks.after(Duration::ZERO)), "before the first answer");
    assert!(changes.is_trusted(clocks.after(TRUST.saturating_sub(Duration::from_nanos(1)))));
    assert!(!changes.is_trusted(clocks.after(TRUST)));
    // The monotonic clock stops while the machine is suspended.
    let (now, wall) = (clocks.0 + Duration::from_millis(1), clocks.1 + Duration::from_hours(1));
    assert!(!changes.is_trusted((now, wall)));
    // The other one may be set back.
    assert!(!changes.is_trusted((now, clocks.1 - Duration::from_hours(1))));
}

#[test]
fn an_entry_holds_until_its_subject_changes_or_it_is_too_old() {
    let (changes, clocks) = node();
    let read = changes.position(clocks.0);
    changes.confirm(6, &[change(6, ONE)], clocks.after(Duration::from_millis(1)), false);
    assert!(!changes.still_holds(read, &[OTHER, ONE], clocks.0));
    assert!(changes.still_holds(read, &[OTHER], clocks.0));
    assert!(changes.still_holds(read, &[OTHER], clocks.0 + LIFETIME.saturating_sub(Duration::from_nanos(1))));
    assert!(!changes.still_holds(read, &[OTHER], clocks.0 + LIFETIME));
    // What is read afterwards has the change.
    assert!(changes.still_holds(changes.position(clocks.0), &[ONE], clocks.0));
}

#[test]
fn a_change_of_this_node_counts_before_the_changes_that_precede_it_are_known() {
    let (changes, clocks) = node();
    let read = changes.position(clocks.0);
    changes.record_own(&change(7, ONE));
    assert!(!changes.still_holds(read, &[ONE], clocks.0));
    // A read of now is not used either, until number 6 is known.
    let read = changes.position(clocks.0);
    assert!(!changes.still_holds(read, &[ONE], clocks.0));
    changes.confirm(7, &[change(6, OTHER), change(7, ONE)], clocks.after(Duration::from_millis(1)), false);
    assert!(!changes.still_holds(read, &[OTHER], clocks.0));
    assert!(changes.still_holds(changes.position(clocks.0), &[ONE, OTHER], clocks.0));
}

#[test]
fn a_distrusted_subject_is_read_again_whatever_becomes_of_the_change() {
    let (changes, clocks) = node();
    let read = changes.position(clocks.0);
    changes.distrust(ONE);
    assert!(!changes.still_holds(read, &[ONE], clocks.0));
    assert!(changes.still_holds(read, &[OTHER], clocks.0));
}

#[test]
fn all_entries_are_dropped_if_a_change_may_be_missing() {
    let new = |epochs: &[u64]| epochs.iter().map(|epoch| change(*epoch, ONE)).collect::<Vec<_>>();
    let soon = Duration::from_millis(1);
    for (newest, epochs, after, reconnected, why) in [
        (7, vec![7], soon, false, "number 6 is missing"),
        (7, vec![6], soon, false, "number 7 is missing"),
        (4, vec![], soon, false, "the database was restored"),
        (5, vec![], soon, true, "another server may have lost commits"),
        (5, vec![], TRUST, false, "there was a pause"),
    ] {
        let (changes, clocks) = node();
        let read = changes.position(clocks.0);
        changes.confirm(newest, &new(&epochs), clocks.after(after), reconnected);
        assert!(!changes.still_holds(read, &[OTHER], clocks.0), "{why}");
        assert!(changes.still_holds(changes.position(clocks.0), &[OTHER], clocks.0), "{why}");
        assert_eq!(changes.applied(), newest, "{why}");
    }
}

#[test]
fn too_many_changes_drop_all_entries() {
    let (changes, clocks) = node();
    let read = changes.position(clocks.0);
    let subjects = (10..=200_010).map(Uuid::from_u128).collect();
    changes.confirm(6, &[Change { epoch: 6, subjects }], clocks.after(Duration::from_millis(1)), false);
    assert!(!changes.still_holds(read, &[OTHER], clocks.0));
    assert!(changes.still_holds(changes.position(clocks.0), &[OTHER], clocks.0));
}
