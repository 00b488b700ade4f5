//! Profile updates.

use tessera_identity::{
    ProfileError, UpdateProfile,
    model::{AvatarUrl, AvatarUrlError, User},
};
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_of, key_actor, user, user_id},
    expectations::{failed, ok, parsed, some},
};
use time::Duration;

async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1), &user(2)]).await;
    bench.clock.advance(Duration::SECOND);
    bench
}

async fn update(bench: &Workbench, command: UpdateProfile) -> User {
    ok(bench.identity().update_profile(&actor_of(user_id(1)), command).await)
}

async fn stored(bench: &Workbench) -> User {
    some(ok(bench.stores.identity.find_user(user_id(1)).await))
}

#[tokio::test]
async fn what_is_given_changes_and_what_is_absent_stays() {
    let bench = bench().await;
    let changed = update(&bench, UpdateProfile { first_name: Some(Some(parsed("Grace"))), ..Default::default() }).await;
    let expected = User { first_name: Some(parsed("Grace")), updated_at: NOW + Duration::SECOND, ..user(1) };
    assert_eq!(changed, expected);
    assert_eq!(stored(&bench).await, expected);
}

#[tokio::test]
async fn every_field_changes_and_clears() {
    let bench = bench().await;
    let all = UpdateProfile {
        display_name: Some(Some(parsed("Amazing Grace"))),
        first_name: Some(Some(parsed("Grace"))),
        last_name: Some(Some(parsed("Hopper"))),
        avatar_url: Some(Some(parsed("https://example.com/grace.png"))),
    };
    let changed = update(&bench, all).await;
    assert_eq!((changed.display_name, changed.last_name), (Some(parsed("Amazing Grace")), Some(parsed("Hopper"))));
    assert_eq!(changed.avatar_url, Some(parsed("https://example.com/grace.png")));
    let none = UpdateProfile {
        display_name: Some(None),
        first_name: Some(None),
        last_name: Some(None),
        avatar_url: Some(None),
    };
    let cleared = update(&bench, none).await;
    assert_eq!((&cleared.display_name, &cleared.first_name), (&None, &None));
    assert_eq!((&cleared.last_name, &cleared.avatar_url), (&None, &None));
    assert_eq!((&cleared.email, cleared.email_verified), (&user(1).email, true));
    assert_eq!(stored(&bench).await, cleared);
}

#[tokio::test]
async fn what_changes_nothing_leaves_no_trace() {
    let bench = bench().await;
    let same = UpdateProfile { display_name: Some(user(1).display_name), ..Default::default() };
    assert_eq!(update(&bench, same).await, user(1));
    assert_eq!(update(&bench, UpdateProfile::default()).await, user(1));
    assert_eq!(bench.actions(None).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_change_is_in_the_trail() {
    let bench = bench().await;
    update(&bench, UpdateProfile { last_name: Some(None), ..Default::default() }).await;
    let events = bench.events(None).await;
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].name.as_str(), events[0].subject), ("user.updated", Some(user_id(1).as_uuid())));
}

#[tokio::test]
async fn applications_and_those_who_are_gone_have_no_account() {
    let bench = bench().await;
    let key = key_actor();
    for actor in [key, actor_of(user_id(9))] {
        let error = failed(bench.identity().update_profile(&actor, UpdateProfile::default()).await);
        assert!(matches!(error, ProfileError::NotFound), "{error:?}");
    }
}

#[test]
fn pictures_come_by_https_or_from_this_machine() {
    for good in [
        "https://example.com",
        "https://example.com/",
        "https://cdn.example.com:8443/a%20b.png?size=64&x=1#top",
        "http://127.0.0.1:9000/a.png",
        "http://[::1]/a.png",
        "https://xn--bcher-kva.example/a.png",
    ] {
        assert_eq!(parsed::<AvatarUrl>(good).as_str(), good);
    }
    for insecure in
        ["http://example.com/a.png", "http://localhost/a", "ftp://example.com/a", "javascript:alert(1)", "data:,x"]
    {
        assert_eq!(failed(insecure.parse::<AvatarUrl>()), AvatarUrlError::InsecureScheme, "{insecure}");
    }
    for malformed in [
        "",
        "a.png",
        "//example.com/a.png",
        "https://",
        "https:example.com",
        "https://user@example.com/a.png",
        "https://user:pw@example.com/a.png",
        "https://bücher.example/a.png",
        "https://EXAMPLE.com/a.png",
        "https://example.com/a b.png",
        "https://example.com/a\n.png",
        "https://example.com/\"><script>",
        "https://example.com/a/../b.png",
        "https:\\\\example.com",
    ] {
        assert_eq!(failed(malformed.parse::<AvatarUrl>()), AvatarUrlError::Malformed, "{malformed}");
    }
}

#[test]
fn the_url_of_a_picture_has_at_most_2048_characters() {
    let of = |length: usize| format!("https://example.com/{}", "x".repeat(length - 20));
    assert_eq!(parsed::<AvatarUrl>(&of(2048)).as_str().len(), 2048);
    assert_eq!(failed(of(2049).parse::<AvatarUrl>()), AvatarUrlError::TooLong);
}
