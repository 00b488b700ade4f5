//! Creation of API keys.

use tessera_apikeys::{
    ApiKeyPorts, ApiKeys, GenerateKey, GenerateKeyError, KeyQuotas, UnknownPermissions,
    model::{ApiKey, KeyKind, KeyLifetime, KeyOwner, KeyState, RawKey},
};
use tessera_kernel::{AccessError, PageRequest, Permission, QuotaExceeded, Role, SecretDigest};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, PERMISSIONS, actor_by_key, actor_of, api_key, application, application_id, bare_user, catalogue,
        membership, organization_id, permissions, user, user_id,
    },
    expectations::{failed, ok, parsed, some},
    fakes::FakeDigest,
};
use time::{Duration, macros::datetime};

/// Users 1, 2 and 3 are owner, administrator and member of organization 1 with application 1. User 9 is not a member.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.members(&[Role::Owner, Role::Admin, Role::Member]).await;
    bench.stores.add_users([&user(9)]).await;
    bench
}

fn reading() -> Vec<Permission> {
    vec![parsed("inventory:read")]
}

fn command() -> GenerateKey {
    GenerateKey {
        description: Some(parsed("for the warehouse")),
        permissions: reading(),
        ..GenerateKey::of(application_id(1))
    }
}

async fn generate(bench: &Workbench, by: u32, command: GenerateKey) -> Result<(ApiKey, RawKey), GenerateKeyError> {
    bench.api_keys().generate_key(&actor_of(user_id(by)), command).await
}

#[tokio::test]
async fn a_key_is_made_as_it_was_asked_for() {
    let (key, raw) = ok(generate(&bench().await, 2, command()).await);
    assert_eq!((key.owner, key.organization_id), (KeyOwner::Application(application_id(1)), organization_id(1)));
    assert_eq!((key.created_by, key.created_at), (user_id(2).into(), NOW));
    assert_eq!(key.description, Some(parsed("for the warehouse")));
    assert_eq!((key.state, key.expires_at, key.last_used()), (KeyState::Active, None, None));
    assert_eq!((key.rotated_from, key.key_prefix.as_str()), (None, raw.shown()));
}

#[tokio::test]
async fn a_key_is_found_by_its_hash_and_kept_without_itself() {
    let bench = bench().await;
    let (key, raw) = ok(generate(&bench, 1, command()).await);
    let hash = FakeDigest.digest(raw.expose());
    let found = some(ok(bench.stores.api_keys.find_key_by_hash(KeyKind::Application, &hash).await));
    assert_eq!(found.stored.key, key);
    assert!(!format!("{found:?}").contains(raw.expose()));
}

#[tokio::test]
async fn an_owners_key_has_the_catalogue_and_all_that_the_application_declares() {
    let (key, _) = ok(generate(&bench().await, 1, command()).await);
    assert_eq!(key.permissions, catalogue().union(&permissions(["goods:ship", "goods:count"])));
}

#[tokio::test]
async fn an_owner_may_restrict_a_key() {
    for permissions in [reading(), Vec::new()] {
        let restricted = GenerateKey { permissions: permissions.clone(), restrict_permissions: true, ..command() };
        let (key, _) = ok(generate(&bench().await, 1, restricted).await);
        assert_eq!(key.permissions, permissions.into_iter().collect());
    }
}

#[tokio::test]
async fn an_administrators_key_holds_what_was_requested() {
    for restrict_permissions in [false, true] {
        for permissions in [reading(), Vec::new(), PERMISSIONS.to_vec(), vec![parsed("goods:ship")]] {
            let asked = GenerateKey { permissions: permissions.clone(), restrict_permissions, ..command() };
            let (key, _) = ok(generate(&bench().await, 2, asked).await);
            assert_eq!(key.permissions, permissions.into_iter().collect());
        }
    }
}

#[tokio::test]
async fn every_unknown_permission_is_named_and_no_key_is_created() {
    let bench = bench().await;
    bench.stores.add_applications([&application(2, organization_id(1))]).await;
    let requested = ["goods:sell", "inventory:read", "inventory:admin", "goods:ship"].map(parsed).to_vec();
    for (by, restrict_permissions) in [(1, false), (1, true), (2, false)] {
        let asked = GenerateKey { permissions: requested.clone(), restrict_permissions, ..command() };
        match failed(generate(&bench, by, asked).await) {
            GenerateKeyError::UnknownPermissions(UnknownPermissions { positions, catalogue: known }) => {
                assert_eq!((positions, known), (vec![0, 2], catalogue()));
            }
            error => panic!("{error:?}"),
        }
    }
    let page = PageRequest::default();
    assert!(ok(bench.stores.api_keys.list_keys(application_id(1), page).await).items.is_empty());
}

#[tokio::test]
async fn a_key_gets_nothing_that_another_application_declares() {
    let bench = bench().await;
    let mut other = application(2, organization_id(1));
    other.permissions = ok(permissions([]).try_into());
    bench.stores.add_applications([&other]).await;
    let command = GenerateKey { application: application_id(2), permissions: vec![parsed("goods:ship")], ..command() };
    let error = failed(generate(&bench, 1, command).await);
    assert!(matches!(error, GenerateKeyError::UnknownPermissions { .. }), "{error:?}");
}

#[tokio::test]
async fn without_notices_no_mail_is_written() {
    let bench = bench().await;
    let keys = ApiKeys::new(ApiKeyPorts { notices: None, ..bench.api_key_ports() }, catalogue());
    ok(keys.generate_key(&actor_of(user_id(1)), command()).await);
    assert!(bench.mails().await.is_empty());
}

#[tokio::test]
async fn a_member_cannot_create_an_api_key() {
    let bench = bench().await;
    let error = failed(generate(&bench, 3, command()).await);
    assert!(matches!(error, GenerateKeyError::Access(AccessError::Forbidden { .. })), "{error:?}");
    assert!(bench.actions(Some(organization_id(1))).await.is_empty());
}

#[tokio::test]
async fn a_foreign_and_an_unknown_id_return_the_same_error() {
    let bench = bench().await;
    for (by, number) in [(9, 1), (9, 2), (1, 2)] {
        let command = GenerateKey { application: application_id(number), ..command() };
        let error = failed(generate(&bench, by, command).await);
        assert!(matches!(error, GenerateKeyError::Access(AccessError::NotFound(_))), "{error:?}");
    }
}

#[tokio::test]
async fn an_api_key_cannot_create_an_api_key() {
    let bench = bench().await;
    let actor = actor_by_key(&api_key(1, &application(1, organization_id(1)), user_id(1)).key);
    let error = failed(bench.api_keys().generate_key(&actor, command()).await);
    assert!(matches!(error, GenerateKeyError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn a_key_lives_for_so_many_times_24_hours() {
    let bench = bench().await;
    // The period includes the end of February in a leap year and a daylight saving time change in most of Europe.
    bench.clock.set(datetime!(2024-02-28 23:59:59.999_999 UTC));
    let thirty = GenerateKey { lifetime: KeyLifetime::Days(30), ..command() };
    let (key, _) = ok(generate(&bench, 1, thirty).await);
    assert_eq!(key.expires_at, Some(datetime!(2024-03-29 23:59:59.999_999 UTC)));
    let ten_years = GenerateKey { lifetime: KeyLifetime::Days(3650), ..command() };
    let (key, _) = ok(generate(&bench, 1, ten_years).await);
    assert_eq!(key.expires_at, Some(key.created_at + Duration::seconds(3650 * 86_400)));
}

#[tokio::test]
async fn every_api_key_is_unique() {
    let bench = bench().await;
    let (one, one_raw) = ok(generate(&bench, 1, command()).await);
    let (other, other_raw) = ok(generate(&bench, 1, command()).await);
    assert!(one.id != other.id && one_raw != other_raw);
}

#[tokio::test]
async fn the_creation_is_audited_without_the_key() {
    let bench = bench().await;
    let (key, raw) = ok(generate(&bench, 2, command()).await);
    let event = bench.events(Some(organization_id(1))).await.remove(0);
    assert_eq!((event.name.as_str(), event.subject), ("api_key.generated", Some(key.id.as_uuid())));
    let facts = [("application_id", application_id(1).to_string()), ("key_prefix", raw.shown().to_owned())];
    assert_eq!(event.details, facts.map(|(name, fact)| (name.to_owned(), fact)));
    assert!(!format!("{event:?}").contains(raw.expose()));
}

#[tokio::test]
async fn the_creator_of_an_api_key_is_notified_s200() {
    let bench = bench().await;
    let (key, raw) = ok(generate(&bench, 2, command()).await);
    let mails = bench.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (Some(&mails[0].recipient), mails[0].subject.as_str()),
        (user(2).email.as_ref(), &*format!("key {}", key.key_prefix))
    );
    assert!(
        !format!("{}{}{}", mails[0].subject, mails[0].text.expose(), mails[0].html.expose()).contains(raw.expose())
    );
    failed(generate(&bench, 3, command()).await);
    bench.stores.add_users([&bare_user(7)]).await;
    bench.stores.add_memberships([&membership(organization_id(1), user_id(7), Role::Admin)]).await;
    ok(generate(&bench, 7, command()).await);
    assert!(bench.mails().await.is_empty());
}

#[tokio::test]
async fn active_keys_and_organization_keys_are_limited_s215() {
    let bench = bench().await;
    bench.stores.add_applications([&application(2, organization_id(1))]).await;
    let active_keys = KeyQuotas::default().active_keys.with_maximum(2);
    let organization_keys = KeyQuotas::default().organization_keys.with_maximum(4);
    let keys = bench.api_keys().with_quotas(KeyQuotas { active_keys, organization_keys, ..KeyQuotas::default() });
    let actor = actor_of(user_id(1));
    let generate = async |application| {
        keys.generate_key(&actor, GenerateKey { application: application_id(application), ..command() }).await
    };
    let (first, _) = ok(generate(1).await);
    ok(generate(1).await);
    let error = failed(generate(1).await);
    let wanted = QuotaExceeded { quota: "active_keys", maximum: 2 };
    assert!(matches!(error, GenerateKeyError::Quota(exceeded) if exceeded == wanted), "{error:?}");
    // A revoked key is no longer active, but it stays in the list and counts for the organization.
    ok(keys.revoke_key(&actor, first.id).await);
    ok(generate(1).await);
    ok(generate(2).await);
    let error = failed(generate(2).await);
    let wanted = QuotaExceeded { quota: "organization_keys", maximum: 4 };
    assert!(matches!(error, GenerateKeyError::Quota(exceeded) if exceeded == wanted), "{error:?}");
}
