//! Identifiers.

use std::{collections::HashSet, str::FromStr, sync::Arc};

use tessera_kernel::{IdError, OrganizationId, SystemPorts, UserId};
use tessera_testkit::{
    builders::NOW,
    expectations::{failed, ok, parsed},
    fakes::{FixedClock, SequentialEntropy},
};
use time::{Duration, OffsetDateTime};

const CANONICAL: &str = "0195951f-0000-7abc-8def-0123456789ab";

fn system() -> SystemPorts {
    SystemPorts::new(FixedClock::new(NOW), SequentialEntropy::default())
}

#[test]
fn both_cases_are_accepted_and_the_id_is_in_lower_case() {
    for text in [CANONICAL.to_owned(), CANONICAL.to_uppercase(), CANONICAL.replace("abc", "aBC")] {
        assert_eq!(parsed::<UserId>(&text).to_string(), CANONICAL);
    }
}

#[test]
fn every_other_spelling_is_refused() {
    let simple = CANONICAL.replace('-', "");
    for text in [
        String::new(),
        simple.clone(),
        simple.to_uppercase(),
        format!("{{{CANONICAL}}}"),
        format!("urn:uuid:{CANONICAL}"),
        format!(" {CANONICAL}"),
        format!("{CANONICAL}\n"),
        CANONICAL[1..].to_owned(),
        format!("{CANONICAL}0"),
        CANONICAL.replace('a', "g"),
        format!("{}-{}", &simple[..4], &simple[4..]),
        "me".to_owned(),
    ] {
        assert_eq!(failed(UserId::from_str(&text)), IdError, "{text:?}");
    }
}

#[test]
fn an_id_is_a_version_7_uuid_of_the_clocks_time() {
    let id = UserId::generate(&system()).as_uuid();
    assert_eq!((id.get_version_num(), id.get_variant()), (7, uuid::Variant::RFC4122));
    let made = ok(OffsetDateTime::from_unix_timestamp_nanos(millis(id) * 1_000_000));
    assert_eq!(made, ok(NOW.replace_millisecond(NOW.millisecond())));
}

fn millis(id: uuid::Uuid) -> i128 {
    id.as_bytes()[..6].iter().fold(0, |sum, byte| sum * 256 + i128::from(*byte))
}

#[test]
fn later_ids_are_greater() {
    let clock = Arc::new(FixedClock::new(NOW));
    let system = SystemPorts { clock: clock.clone(), ..system() };
    let mut last = UserId::generate(&system);
    for _ in 0..100 {
        clock.advance(Duration::MILLISECOND);
        let next = UserId::generate(&system);
        assert!(next > last && next.to_string() > last.to_string());
        last = next;
    }
}

#[test]
fn ids_of_one_moment_differ() {
    let system = system();
    let ids: HashSet<UserId> = (0..10_000).map(|_| UserId::generate(&system)).collect();
    assert_eq!(ids.len(), 10_000);
}

#[test]
fn an_id_comes_back_from_storage() {
    let id = OrganizationId::generate(&system());
    assert_eq!(OrganizationId::from_uuid(id.as_uuid()), id);
    assert_eq!(parsed::<OrganizationId>(&id.to_string()), id);
}
