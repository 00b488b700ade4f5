//! Custom data of users.

use tessera_identity::{ViewCustomDataError, WriteCustomDataError};
use tessera_kernel::{Actor, DocumentWrite, DocumentWriteError, Precondition, VersionedDocument};
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_of, key_actor, merge, replace, user, user_id},
    expectations::{failed, ok},
};
use time::Duration;

async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1), &user(2)]).await;
    bench
}

fn by(number: u32) -> Actor {
    actor_of(user_id(number))
}

async fn write(bench: &Workbench, write: DocumentWrite) -> Result<VersionedDocument, WriteCustomDataError> {
    bench.identity().write_custom_data(&by(1), user_id(1), write).await
}

async fn view(bench: &Workbench) -> VersionedDocument {
    ok(bench.identity().view_custom_data(&by(1), user_id(1)).await)
}

#[tokio::test]
async fn data_that_nobody_wrote_are_empty_and_as_old_as_the_account() {
    let data = view(&bench().await).await;
    assert_eq!((data.data.as_json(), data.version), ("{}", 0));
    assert_eq!((data.created_at, data.updated_at), (user(1).created_at, user(1).created_at));
}

#[tokio::test]
async fn data_are_written_replaced_and_merged() {
    let bench = bench().await;
    bench.clock.advance(Duration::SECOND);
    let first = ok(write(&bench, merge(r#"{"b":1,"a":{"x":1.50,"n":null}}"#)).await);
    assert_eq!((first.data.as_json(), first.version), (r#"{"b":1,"a":{"x":1.50}}"#, 1));
    assert_eq!((first.created_at, first.updated_at), (NOW + Duration::SECOND, NOW + Duration::SECOND));
    bench.clock.advance(Duration::SECOND);
    let second = ok(write(&bench, merge(r#"{"a":{"y":2},"b":null}"#)).await);
    assert_eq!((second.data.as_json(), second.version), (r#"{"a":{"x":1.50,"y":2}}"#, 2));
    assert_eq!((second.created_at, second.updated_at), (first.created_at, NOW + Duration::seconds(2)));
    let third = ok(write(&bench, replace(r#"{"n":null}"#)).await);
    assert_eq!((third.data.as_json(), third.version), (r#"{"n":null}"#, 3));
    assert_eq!(view(&bench).await, third);
}

#[tokio::test]
async fn nobody_else_finds_them() {
    let bench = bench().await;
    ok(write(&bench, replace("{}")).await);
    let key = key_actor();
    for actor in [by(2), key] {
        let error = failed(bench.identity().view_custom_data(&actor, user_id(1)).await);
        assert!(matches!(error, ViewCustomDataError::NotFound), "{error:?}");
        let error = failed(bench.identity().write_custom_data(&actor, user_id(1), replace("{}")).await);
        assert!(matches!(error, WriteCustomDataError::NotFound), "{error:?}");
    }
    let gone = failed(bench.identity().view_custom_data(&by(9), user_id(9)).await);
    assert!(matches!(gone, ViewCustomDataError::NotFound), "{gone:?}");
    let gone = failed(bench.identity().write_custom_data(&by(9), user_id(9), replace("{}")).await);
    assert!(matches!(gone, WriteCustomDataError::NotFound), "{gone:?}");
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let bench = bench().await;
    for (precondition, good) in [
        (Precondition::OneOf(vec![1]), false),
        (Precondition::OneOf(vec![0]), true),
        (Precondition::OneOf(vec![0]), false),
        (Precondition::Exists, true),
    ] {
        let before = view(&bench).await;
        let done = write(&bench, DocumentWrite { precondition: precondition.clone(), ..merge(r#"{"x":1}"#) }).await;
        assert_eq!(done.is_ok(), good, "{precondition:?}");
        if let Err(error) = done {
            assert!(matches!(error, WriteCustomDataError::Write(DocumentWriteError::Stale)), "{error:?}");
            assert_eq!(view(&bench).await, before);
        }
    }
}

#[tokio::test]
async fn a_merge_that_grows_too_large_changes_nothing() {
    let bench = bench().await;
    let long = |name: &str| format!(r#"{{"{name}":"{}"}}"#, "x".repeat(40_000));
    let written = ok(write(&bench, replace(&long("a"))).await);
    let error = failed(write(&bench, merge(&long("b"))).await);
    assert!(matches!(error, WriteCustomDataError::Write(DocumentWriteError::TooLarge(_))), "{error:?}");
    assert_eq!(view(&bench).await, written);
}

#[tokio::test]
async fn each_write_is_in_the_trail_without_the_data() {
    let bench = bench().await;
    ok(write(&bench, replace(r#"{"pin":"1234"}"#)).await);
    drop(failed(bench.identity().write_custom_data(&by(2), user_id(1), replace("{}")).await));
    let events = bench.events(None).await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].name.as_str(), events[0].subject), ("custom_data.written", Some(user_id(1).as_uuid())));
    assert!(!format!("{events:?}").contains("1234"));
}
