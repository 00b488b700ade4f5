//! Lifetimes, descriptions and states of keys.

use tessera_apikeys::model::{ApiKey, KeyDescription, KeyLifetime, KeyLifetimeError, KeyState, KeyStatus};
use tessera_apikeys::policy;
use tessera_kernel::{Role, text::TextError};
use tessera_testkit::{
    builders::{NOW, api_key, application, catalogue, organization_id, permissions, user_id},
    expectations::{failed, ok, parsed},
};
use time::Duration;

#[test]
fn zero_days_are_for_ever() {
    assert_eq!(ok(KeyLifetime::try_from(0)), KeyLifetime::Forever);
    assert_eq!(KeyLifetime::default().expiry(NOW), None);
}

#[test]
fn a_finite_life_has_1_to_3650_days() {
    assert_eq!(ok(KeyLifetime::try_from(1)), KeyLifetime::Days(1));
    assert_eq!(ok(KeyLifetime::try_from(3650)), KeyLifetime::Days(3650));
}

#[test]
fn other_numbers_of_days_are_refused() {
    for days in [-1, 3651, 65_535, 65_536, 65_537, i64::MIN, i64::MAX] {
        assert_eq!(failed(KeyLifetime::try_from(days)), KeyLifetimeError, "{days}");
    }
}

#[test]
fn a_day_has_24_hours() {
    assert_eq!(KeyLifetime::Days(1).expiry(NOW), Some(NOW + Duration::seconds(86_400)));
    assert_eq!(KeyLifetime::Days(3650).expiry(NOW), Some(NOW + Duration::seconds(3650 * 86_400)));
}

#[test]
fn a_description_is_one_line_of_200_characters() {
    assert_eq!(parsed::<KeyDescription>(&"ä".repeat(200)).as_str().chars().count(), 200);
    assert_eq!(failed("ä".repeat(201).parse::<KeyDescription>()), TextError::TooLong { max: 200 });
    assert_eq!(failed("a\nb".parse::<KeyDescription>()), TextError::ForbiddenCharacter);
}

fn key(state: KeyState) -> ApiKey {
    ApiKey { state, ..api_key(1, &application(1, organization_id(1)), user_id(1)).key }
}

#[test]
fn an_active_key_is_live_until_it_expires() {
    let expiry = NOW + Duration::days(30);
    assert_eq!(key(KeyState::Active).status(expiry - Duration::MICROSECOND), KeyStatus::Live);
    assert_eq!(key(KeyState::Active).status(expiry), KeyStatus::Expired);
    let forever = ApiKey { expires_at: None, ..key(KeyState::Active) };
    assert_eq!(forever.status(NOW + Duration::days(365_000)), KeyStatus::Live);
}

#[test]
fn a_revoked_key_stays_revoked_when_it_expires() {
    let revoked = key(KeyState::Revoked { at: NOW });
    assert_eq!(revoked.status(NOW), KeyStatus::Revoked);
    assert_eq!(revoked.status(NOW + Duration::days(31)), KeyStatus::Revoked);
    assert_eq!((revoked.revoked_at(), key(KeyState::Active).revoked_at()), (Some(NOW), None));
}

#[test]
fn members_manage_no_keys() {
    assert_eq!([Role::Owner, Role::Admin, Role::Member].map(|role| role >= policy::MANAGE), [true, true, false]);
}

#[test]
fn only_an_owner_gets_more_than_was_asked_for() {
    let asked = permissions(["event:record"]);
    assert_eq!(policy::granted(Role::Owner, catalogue(), asked.clone(), false), catalogue());
    assert_eq!(policy::granted(Role::Owner, catalogue(), asked.clone(), true), asked);
    assert_eq!(policy::granted(Role::Admin, catalogue(), asked.clone(), false), asked);
    assert_eq!(policy::granted(Role::Admin, catalogue(), asked.clone(), true), asked);
}
