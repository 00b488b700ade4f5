//! Reads and writes of an organization's settings.

use std::sync::Arc;

use tessera_kernel::{AccessError, Actor, DocumentWrite, DocumentWriteError, Precondition, VersionedDocument};
use tessera_orgs::{Orgs, UpdateSettingsError};
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_of, key_actor, organization, organization_id, replace, user_id},
    concurrency::concurrently,
    expectations::{failed, ok},
};
use time::Duration;

async fn update(bench: &Workbench, by: u32, json: &str) -> Result<VersionedDocument, UpdateSettingsError> {
    bench.orgs().update_settings(&actor_of(user_id(by)), organization_id(1), replace(json)).await
}

async fn view(bench: &Workbench, by: u32) -> Result<VersionedDocument, AccessError> {
    bench.orgs().view_settings(&actor_of(user_id(by)), organization_id(1)).await
}

fn key() -> Actor {
    key_actor()
}

#[tokio::test]
async fn settings_that_nobody_set_are_empty_and_as_old_as_the_organization() {
    let settings = ok(view(&Workbench::with_organization().await, 1).await);
    assert_eq!((settings.data.as_json(), settings.version), ("{}", 0));
    assert_eq!((settings.created_at, settings.updated_at), (organization(1).created_at, organization(1).created_at));
}

#[tokio::test]
async fn owners_and_administrators_replace_them_whole() {
    let bench = Workbench::with_organization().await;
    ok(update(&bench, 1, r#"{"a":1}"#).await);
    bench.clock.advance(Duration::SECOND);
    let settings = ok(update(&bench, 2, r#"{"b":2}"#).await);
    assert_eq!((settings.data.as_json(), settings.version), (r#"{"b":2}"#, 2));
    assert_eq!(settings.updated_at, NOW + Duration::SECOND);
    for number in [1, 2] {
        assert_eq!(ok(view(&bench, number).await), settings);
    }
}

#[tokio::test]
async fn members_may_not_see_them_nor_set_them() {
    let bench = Workbench::with_organization().await;
    let error = failed(view(&bench, 3).await);
    assert!(matches!(error, AccessError::Forbidden { organization } if organization == organization_id(1)));
    let error = failed(update(&bench, 3, "{}").await);
    let UpdateSettingsError::Access(error) = error else { panic!("{error:?}") };
    assert!(matches!(error, AccessError::Forbidden { organization } if organization == organization_id(1)));
    assert_eq!(ok(view(&bench, 1).await).version, 0);
}

#[tokio::test]
async fn strangers_and_applications_find_nothing() {
    let bench = Workbench::with_organization().await;
    for actor in [actor_of(user_id(9)), key()] {
        let error = failed(bench.orgs().view_settings(&actor, organization_id(1)).await);
        assert!(matches!(error, AccessError::NotFound(_)), "{error:?}");
        let error = failed(bench.orgs().update_settings(&actor, organization_id(1), replace("{}")).await);
        assert!(matches!(error, UpdateSettingsError::Access(AccessError::NotFound(_))), "{error:?}");
    }
    let error = failed(bench.orgs().update_settings(&actor_of(user_id(1)), organization_id(7), replace("{}")).await);
    assert!(matches!(error, UpdateSettingsError::Access(AccessError::NotFound(_))), "{error:?}");
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let bench = Workbench::with_organization().await;
    let by = actor_of(user_id(1));
    for (precondition, good) in [
        (Precondition::OneOf(vec![1]), false),
        (Precondition::OneOf(Vec::new()), false),
        (Precondition::OneOf(vec![0]), true),
        (Precondition::OneOf(vec![0]), false),
        (Precondition::OneOf(vec![7, 1]), true),
        (Precondition::Exists, true),
    ] {
        let before = ok(view(&bench, 1).await);
        let write = DocumentWrite { precondition: precondition.clone(), ..replace(r#"{"x":1}"#) };
        let done = bench.orgs().update_settings(&by, organization_id(1), write).await;
        assert_eq!(done.is_ok(), good, "{precondition:?}");
        if let Err(error) = done {
            assert!(matches!(error, UpdateSettingsError::Write(DocumentWriteError::Stale)), "{error:?}");
            assert_eq!(ok(view(&bench, 1).await), before);
        }
    }
}

#[tokio::test]
async fn each_change_is_in_the_trail_and_what_was_refused_is_not() {
    let bench = Workbench::with_organization().await;
    ok(update(&bench, 1, r#"{"secret":"value"}"#).await);
    drop(failed(update(&bench, 3, "{}").await));
    let events = bench.events(Some(organization_id(1))).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].name, "organization.settings_updated");
    assert_eq!(events[0].details, [("version".to_owned(), "1".to_owned())]);
}

#[tokio::test]
async fn of_eight_changes_of_one_version_one_is_made() {
    let bench = Workbench::with_organization().await;
    let orgs = Arc::new(Orgs::new(bench.org_ports()));
    let results = concurrently(8, |_| {
        let (orgs, by) = (Arc::clone(&orgs), actor_of(user_id(1)));
        let write = DocumentWrite { precondition: Precondition::OneOf(vec![0]), ..replace("{}") };
        async move { orgs.update_settings(&by, organization_id(1), write).await }
    });
    let made = results.await.iter().filter(|result| result.is_ok()).count();
    assert_eq!((made, ok(view(&bench, 1).await).version), (1, 1));
}
