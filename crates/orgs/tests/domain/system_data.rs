//! System data: access by administrators and by application keys.

use tessera_kernel::{
    AccessError, Actor, DocumentWrite, DocumentWriteError, PageRequest, Permission, Precondition, VersionedDocument,
};
use tessera_orgs::{ViewSystemDataError, WriteSystemDataError};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, PERMISSIONS, actor_by_key, actor_of, api_key, application, merge, organization, organization_id, replace,
        user_id,
    },
    expectations::{failed, ok, parsed},
};
use time::Duration;

/// Users 1, 2 and 3 are owner, administrator and member of organization 1. User 9 is not a member. Organization 2 has
/// no members.
async fn bench() -> Workbench {
    let bench = Workbench::with_organization().await;
    bench.stores.add_organizations([&organization(2)]).await;
    bench
}

fn by(number: u32) -> Actor {
    actor_of(user_id(number))
}

/// An actor that uses a key of an application of the organization.
fn by_key(of: u32, permissions: &[Permission]) -> Actor {
    let mut key = api_key(1, &application(1, organization_id(of)), user_id(1)).key;
    key.permissions = permissions.iter().cloned().collect();
    actor_by_key(&key)
}

async fn write_about(
    bench: &Workbench,
    actor: &Actor,
    user: u32,
    write: DocumentWrite,
) -> Result<VersionedDocument, WriteSystemDataError> {
    bench.orgs().write_system_data(actor, organization_id(1), user_id(user), write).await
}

async fn write(
    bench: &Workbench,
    actor: &Actor,
    write: DocumentWrite,
) -> Result<VersionedDocument, WriteSystemDataError> {
    write_about(bench, actor, 3, write).await
}

async fn view(bench: &Workbench, actor: &Actor, user: u32) -> Result<VersionedDocument, ViewSystemDataError> {
    bench.orgs().view_system_data(actor, organization_id(1), user_id(user)).await
}

#[tokio::test]
async fn data_are_written_replaced_and_merged() {
    let bench = bench().await;
    let first = ok(write(&bench, &by(1), replace(r#"{"b":1,"a":{"x":1.50}}"#)).await);
    assert_eq!((first.version, first.created_at, first.updated_at), (1, NOW, NOW));
    bench.clock.advance(Duration::SECOND);
    let merged = ok(write(&bench, &by(2), merge(r#"{"a":{"y":2},"b":null}"#)).await);
    assert_eq!((merged.data.as_json(), merged.version), (r#"{"a":{"x":1.50,"y":2}}"#, 2));
    assert_eq!((merged.created_at, merged.updated_at), (NOW, NOW + Duration::SECOND));
    let replaced = ok(write(&bench, &by(1), replace(r#"{"c":3}"#)).await);
    assert_eq!((replaced.data.as_json(), replaced.version), (r#"{"c":3}"#, 3));
    assert_eq!(ok(view(&bench, &by(2), 3).await), replaced);
}

#[tokio::test]
async fn a_merge_into_nothing_makes_data() {
    let data = ok(write(&bench().await, &by(1), merge(r#"{"a":{"b":null},"c":1}"#)).await);
    assert_eq!((data.data.as_json(), data.version), (r#"{"a":{},"c":1}"#, 1));
}

#[tokio::test]
async fn a_key_of_the_organization_reads_and_writes_as_it_permits() {
    let bench = bench().await;
    let (reader, writer) = (by_key(1, &[parsed("system_data:read")]), by_key(1, &[parsed("system_data:write")]));
    let written = ok(write(&bench, &writer, replace("{}")).await);
    assert_eq!(ok(view(&bench, &reader, 3).await), written);
    let error = failed(write(&bench, &reader, replace("{}")).await);
    assert!(matches!(error, WriteSystemDataError::Access(AccessError::Forbidden { .. })), "{error:?}");
    let error = failed(view(&bench, &writer, 3).await);
    assert!(matches!(error, ViewSystemDataError::Access(AccessError::Forbidden { .. })), "{error:?}");
    let error = failed(bench.orgs().list_system_data(&writer, organization_id(1), PageRequest::default()).await);
    assert!(matches!(error, AccessError::Forbidden { .. }), "{error:?}");
}

#[tokio::test]
async fn strangers_and_keys_of_others_find_nothing() {
    let bench = bench().await;
    ok(write(&bench, &by(1), replace("{}")).await);
    for actor in [by(9), by_key(2, &PERMISSIONS)] {
        let error = failed(view(&bench, &actor, 3).await);
        assert!(matches!(error, ViewSystemDataError::Access(AccessError::NotFound(_))), "{error:?}");
        let error = failed(bench.orgs().list_system_data(&actor, organization_id(1), PageRequest::default()).await);
        assert!(matches!(error, AccessError::NotFound(_)), "{error:?}");
        let error = failed(write(&bench, &actor, replace("{}")).await);
        assert!(matches!(error, WriteSystemDataError::Access(AccessError::NotFound(_))), "{error:?}");
    }
}

#[tokio::test]
async fn members_may_neither_read_nor_write_even_their_own() {
    let bench = bench().await;
    ok(write(&bench, &by(1), replace("{}")).await);
    let error = failed(view(&bench, &by(3), 3).await);
    assert!(matches!(error, ViewSystemDataError::Access(AccessError::Forbidden { .. })), "{error:?}");
    let error = failed(write(&bench, &by(3), replace("{}")).await);
    assert!(matches!(error, WriteSystemDataError::Access(AccessError::Forbidden { .. })), "{error:?}");
}

#[tokio::test]
async fn data_are_of_members_when_written_and_stay_when_they_leave() {
    let bench = bench().await;
    for (actor, outsider) in [(by(1), 9), (by_key(1, &PERMISSIONS), 8)] {
        let error = failed(write_about(&bench, &actor, outsider, replace("{}")).await);
        assert!(matches!(error, WriteSystemDataError::MemberNotFound), "{error:?}");
        let error = failed(view(&bench, &actor, outsider).await);
        assert!(matches!(error, ViewSystemDataError::DataNotFound), "{error:?}");
    }
    let written = ok(write(&bench, &by(1), replace("{}")).await);
    ok(bench.orgs().remove_member(&by(1), organization_id(1), user_id(3)).await);
    assert_eq!(ok(view(&bench, &by(1), 3).await), written);
    let error = failed(write(&bench, &by(1), replace("{}")).await);
    assert!(matches!(error, WriteSystemDataError::MemberNotFound), "{error:?}");
}

#[tokio::test]
async fn a_precondition_needs_data_that_are_there() {
    let bench = bench().await;
    let guarded = |precondition| DocumentWrite { precondition, ..replace("{}") };
    for precondition in [Precondition::Exists, Precondition::OneOf(vec![0])] {
        let error = failed(write(&bench, &by(1), guarded(precondition)).await);
        assert!(matches!(error, WriteSystemDataError::Write(DocumentWriteError::Stale)), "{error:?}");
    }
    ok(write(&bench, &by(1), replace("{}")).await);
    ok(write(&bench, &by(1), guarded(Precondition::OneOf(vec![1]))).await);
    let error = failed(write(&bench, &by(1), guarded(Precondition::OneOf(vec![1]))).await);
    assert!(matches!(error, WriteSystemDataError::Write(DocumentWriteError::Stale)), "{error:?}");
    ok(write(&bench, &by(1), guarded(Precondition::Exists)).await);
}

#[tokio::test]
async fn a_merge_that_grows_too_large_changes_nothing() {
    let bench = bench().await;
    let long = |name: &str| format!(r#"{{"{name}":"{}"}}"#, "x".repeat(40_000));
    let written = ok(write(&bench, &by(1), replace(&long("a"))).await);
    let error = failed(write(&bench, &by(1), merge(&long("b"))).await);
    assert!(matches!(error, WriteSystemDataError::Write(DocumentWriteError::TooLarge(_))), "{error:?}");
    assert_eq!(ok(view(&bench, &by(1), 3).await), written);
}

#[tokio::test]
async fn each_write_is_in_the_trail_without_the_data() {
    let bench = bench().await;
    ok(write(&bench, &by(1), replace(r#"{"pin":"1234"}"#)).await);
    ok(write(&bench, &by_key(1, &PERMISSIONS), merge("{}")).await);
    drop(failed(write(&bench, &by(9), merge("{}")).await));
    let events = bench.events(Some(organization_id(1))).await;
    let told: Vec<_> = events.iter().map(|event| (event.name.as_str(), event.subject)).collect();
    assert_eq!(told, [("system_data.written", Some(user_id(3).as_uuid())); 2]);
    assert!(events.iter().all(|event| !format!("{event:?}").contains("1234")));
}
