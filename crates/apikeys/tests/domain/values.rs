//! Lifetimes, descriptions and states of keys.

use tessera_apikeys::model::{
    ApiKey, FoundKey, KeyDescription, KeyLifetime, KeyLifetimeError, KeyName, KeyState, OwnerRights,
    ServiceAccountPermission, StoredKey,
};
use tessera_apikeys::policy;
use tessera_kernel::{ActingParty, CredentialStatus, PermissionSet, Role, text::TextError};
use tessera_testkit::{
    builders::{
        NOW, PERMISSIONS, api_key, application, catalogue, organization_id, permissions, service_account_id, user_id,
    },
    expectations::{failed, ok, parsed},
};
use time::{Duration, OffsetDateTime};

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

fn status(key: ApiKey, rights: OwnerRights, at: OffsetDateTime) -> CredentialStatus {
    let hash = api_key(1, &application(1, organization_id(1)), user_id(1)).hash;
    FoundKey { stored: StoredKey { key, hash }, secret_expires_at: None, rights, at }.status()
}

#[test]
fn a_key_whose_owner_has_no_rights_is_disabled() {
    for rights in [OwnerRights::Role(None), OwnerRights::Permissions(None)] {
        assert_eq!(status(key(KeyState::Active), rights, NOW), CredentialStatus::Disabled);
    }
    // An account without permissions is active.
    for rights in [OwnerRights::Role(Some(Role::Member)), OwnerRights::Permissions(Some(permissions([])))] {
        assert_eq!(status(key(KeyState::Active), rights, NOW), CredentialStatus::Live);
    }
}

#[test]
fn a_name_is_one_line_of_100_characters() {
    assert_eq!(parsed::<KeyName>(&"ä".repeat(100)).as_str().chars().count(), 100);
    assert_eq!(failed("ä".repeat(101).parse::<KeyName>()), TextError::TooLong { max: 100 });
    assert_eq!(failed("".parse::<KeyName>()), TextError::Empty);
}

#[test]
fn the_error_of_a_permission_lists_all_that_are_accepted() {
    let error = failed("org:write".parse::<ServiceAccountPermission>()).to_string();
    let all = policy::SERVICE_ACCOUNT_PERMISSIONS.map(|permission| permission.to_string());
    assert_eq!(error, format!("must be one of {}", all.join(", ")));
    for name in all {
        assert!(name.parse::<ServiceAccountPermission>().is_ok(), "{name}");
    }
}

#[test]
fn an_active_key_is_live_until_it_expires() {
    let expiry = NOW + Duration::days(30);
    assert_eq!(
        status(key(KeyState::Active), OwnerRights::OfKey, expiry - Duration::MICROSECOND),
        CredentialStatus::Live
    );
    assert_eq!(status(key(KeyState::Active), OwnerRights::OfKey, expiry), CredentialStatus::Expired);
    let forever = ApiKey { expires_at: None, ..key(KeyState::Active) };
    assert_eq!(status(forever, OwnerRights::OfKey, NOW + Duration::days(365_000)), CredentialStatus::Live);
}

#[test]
fn a_revoked_key_stays_revoked_when_it_expires() {
    let revoked = key(KeyState::Revoked { at: NOW });
    for at in [NOW, NOW + Duration::days(31)] {
        assert_eq!(status(revoked.clone(), OwnerRights::Role(None), at), CredentialStatus::Ended);
    }
    assert_eq!((revoked.revoked_at(), key(KeyState::Active).revoked_at()), (Some(NOW), None));
}

#[test]
fn members_manage_no_keys() {
    assert_eq!((policy::READ_KEYS.role, policy::WRITE_KEYS.role), (Role::Admin, Role::Admin));
}

#[test]
fn only_an_owner_gets_more_than_was_asked_for() {
    let asked = permissions(["event:record"]);
    let by = |role, restrict| {
        let creator = ActingParty::Member { user: user_id(1), role, by_key: false };
        policy::granted(&creator, catalogue(), asked.clone(), restrict)
    };
    assert_eq!(by(Role::Owner, false), catalogue());
    for (role, restrict) in [(Role::Owner, true), (Role::Admin, false), (Role::Admin, true)] {
        assert_eq!(by(role, restrict), asked);
    }
    let all = PermissionSet::from_iter(PERMISSIONS);
    let account = ActingParty::ServiceAccount { account: service_account_id(1), permissions: all };
    assert_eq!(policy::granted(&account, catalogue(), asked.clone(), false), asked);
}
