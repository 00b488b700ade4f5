//! Email verification of an existing account.

use std::sync::Arc;

use tessera_identity::{
    Identity,
    model::{Credentials, User},
};
use tessera_kernel::{AccountError, Accounts as _, InvitedAccount, InvitedUser, Outcome, Secret};
use tessera_testkit::{
    Workbench,
    builders::{NOW, actor_with, bare_user, key_actor, origin, session, user, user_id},
    concurrency::concurrently,
    expectations::{failed, ok, parsed, some},
    fakes::OvertakenHasher,
};
use time::Duration;

const PASSWORD: &str = "correct horse";
const OTHER: &str = "battery staple";

fn unproved() -> User {
    User { email_verified: false, ..user(1) }
}

/// User 1 with a password and an unverified address.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.stores.add_user_with_password(&unproved(), &bench.hasher.hash_of(PASSWORD)).await;
    bench.clock.advance(Duration::hours(1));
    bench
}

fn guest(password: Option<&str>) -> InvitedUser {
    InvitedUser {
        email: parsed("USER1@example.com"),
        password: password.map(|password| Secret::new(password.to_owned())),
        display_name: Some("Mallory".to_owned()),
        user_agent: None,
        origin: origin(),
    }
}

async fn provision_account(bench: &Workbench, password: Option<&str>) -> Result<InvitedAccount, AccountError> {
    Workbench::provision_account(&bench.identity(), &guest(password)).await
}

async fn stored(bench: &Workbench) -> Credentials {
    some(ok(bench.stores.identity.find_credentials_of(user_id(1)).await))
}

/// Asserts that the account is unchanged.
async fn is_untouched(bench: &Workbench) {
    let before = Credentials { user: unproved(), password_hash: Some(bench.hasher.hash_of(PASSWORD)) };
    assert_eq!(stored(bench).await, before);
}

#[track_caller]
fn assert_not_verified<T: std::fmt::Debug>(result: Result<T, AccountError>) {
    let error = failed(result);
    assert!(matches!(error, AccountError::EmailNotVerified), "{error:?}");
}

#[tokio::test]
async fn the_password_of_the_account_verifies_its_email_s182() {
    let bench = bench().await;
    let provisioned = ok(provision_account(&bench, Some(PASSWORD)).await);
    let proved = User { updated_at: NOW + Duration::hours(1), ..user(1) };
    assert_eq!((provisioned.created, provisioned.user), (false, user_id(1)));
    let hash = Some(bench.hasher.hash_of(PASSWORD));
    assert_eq!(stored(&bench).await, Credentials { user: proved, password_hash: hash });
    assert!(ok(bench.identity().is_verified(user_id(1)).await));
    let event = bench.events(None).await.remove(0);
    assert_eq!((event.name.as_str(), event.outcome, event.actor), ("user.email_verified", Outcome::Success, None));
    assert_eq!((event.subject, event.origin), (Some(user_id(1).as_uuid()), origin()));
}

#[tokio::test]
async fn a_wrong_password_does_not_verify_the_email_s182() {
    let bench = bench().await;
    for wrong in [OTHER, "", "correct hors", &"x".repeat(5000)] {
        assert_not_verified(provision_account(&bench, Some(wrong)).await);
    }
    is_untouched(&bench).await;
    assert!(!ok(bench.identity().is_verified(user_id(1)).await));
    let events = bench.events(None).await;
    assert_eq!((events.len(), events[0].attempts), (1, 4));
    for event in &events {
        assert_eq!((event.name.as_str(), event.outcome), ("user.email_verification_refused", Outcome::Refused));
        assert_eq!(event.subject, Some(user_id(1).as_uuid()));
    }
    assert!(!format!("{events:?}").contains(OTHER));
}

#[tokio::test]
async fn a_missing_password_does_not_verify_the_email_s182() {
    let bench = bench().await;
    assert_not_verified(provision_account(&bench, None).await);
    is_untouched(&bench).await;
    assert!(bench.actions(None).await.is_empty());
}

#[tokio::test]
async fn a_verified_account_requires_no_password_s182() {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    for password in [None, Some(OTHER), Some("")] {
        let provisioned = ok(provision_account(&bench, password).await);
        assert_eq!((provisioned.created, provisioned.user), (false, user_id(1)));
    }
    assert_eq!((bench.hasher.verified(), bench.actions(None).await.len()), (0, 0));
}

#[tokio::test]
async fn no_password_verifies_an_account_without_a_password_s182() {
    let bench = Workbench::new();
    bench.stores.add_users([&unproved()]).await;
    assert_not_verified(provision_account(&bench, Some(PASSWORD)).await);
    assert_eq!(bench.hasher.verified_without_hash(), 1);
    assert_eq!(ok(bench.stores.identity.find_user(user_id(1)).await), Some(unproved()));
}

#[tokio::test]
async fn a_busy_hasher_is_not_reported_as_a_wrong_password_s182() {
    let bench = bench().await;
    bench.hasher.become_busy();
    let error = failed(provision_account(&bench, Some(PASSWORD)).await);
    assert!(matches!(error, AccountError::Busy { .. }), "{error:?}");
    is_untouched(&bench).await;
    assert!(bench.actions(None).await.is_empty());
}

fn overtaken(bench: &Workbench, password: &'static str) -> Identity {
    OvertakenHasher::identity(bench, bench.stores.identity.clone(), unproved(), password)
}

#[tokio::test]
async fn a_password_changed_during_its_check_does_not_verify_the_email_s182() {
    let bench = bench().await;
    assert_not_verified(Workbench::provision_account(&overtaken(&bench, OTHER), &guest(Some(PASSWORD))).await);
    let now = Credentials { user: unproved(), password_hash: Some(bench.hasher.hash_of(OTHER)) };
    assert_eq!(stored(&bench).await, now);
    assert_eq!(bench.actions(None).await, ["user.email_verification_refused"]);
}

#[tokio::test]
async fn a_hash_renewed_during_the_check_is_compared_again_s182() {
    let bench = bench().await;
    bench.hasher.outdate();
    let provisioned = ok(Workbench::provision_account(&overtaken(&bench, PASSWORD), &guest(Some(PASSWORD))).await);
    assert!(!provisioned.created && stored(&bench).await.user.email_verified);
    assert_eq!(bench.hasher.verified(), 2);
}

#[tokio::test]
async fn an_outdated_hash_verifies_the_email_s182() {
    let bench = bench().await;
    let outdated = stored(&bench).await.password_hash;
    bench.hasher.outdate();
    ok(provision_account(&bench, Some(PASSWORD)).await);
    assert!(stored(&bench).await.user.email_verified);
    assert_eq!((stored(&bench).await.password_hash, bench.hasher.hashed()), (outdated, 0));
}

#[tokio::test]
async fn an_account_created_during_the_request_is_not_verified_s182() {
    let bench = Workbench::new();
    assert_not_verified(Workbench::provision_account(&overtaken(&bench, OTHER), &guest(Some(PASSWORD))).await);
    assert_eq!(stored(&bench).await.user, unproved());
}

#[tokio::test]
async fn concurrent_verifications_write_one_audit_entry_s182() {
    let bench = bench().await;
    let identity = Arc::new(bench.identity());
    let results = concurrently(12, |number| {
        let (identity, password) = (Arc::clone(&identity), (number % 3 != 1).then_some(PASSWORD));
        async move { Workbench::provision_account(&identity, &guest(password)).await }
    });
    for result in results.await {
        assert_eq!(ok(result).user, user_id(1));
    }
    assert!(stored(&bench).await.user.email_verified);
    assert_eq!(bench.actions(None).await, ["user.email_verified"]);
}

#[tokio::test]
async fn a_signed_in_user_verifies_their_own_email_s182() {
    let bench = bench().await;
    let (identity, actor) = (bench.identity(), actor_with(&session(1, user_id(1))));
    for _ in 0..2 {
        let account = ok(identity.verify_email(&actor, &parsed("USER1@example.com")).await);
        assert_eq!((account.user, account.created), (user_id(1), false));
        assert_eq!(stored(&bench).await.user, User { updated_at: NOW + Duration::hours(1), ..user(1) });
        bench.clock.advance(Duration::hours(1));
    }
    let events = bench.events(None).await;
    assert_eq!((events.len(), events[0].name.as_str()), (1, "user.email_verified"));
    assert_eq!(events[0].actor, Some(("user".to_owned(), user_id(1).as_uuid())));
}

#[tokio::test]
async fn a_mail_to_another_address_does_not_verify_the_email_s182() {
    let bench = bench().await;
    bench.stores.add_users([&bare_user(2)]).await;
    for (number, address) in [(1, "user2@example.com"), (2, "user1@example.com")] {
        let actor = actor_with(&session(number, user_id(number)));
        let error = failed(bench.identity().verify_email(&actor, &parsed(address)).await);
        assert!(matches!(error, AccountError::AnotherAddress), "{error:?}");
    }
    is_untouched(&bench).await;
    assert!(bench.actions(None).await.is_empty());
}

#[tokio::test]
async fn an_application_or_a_deleted_user_cannot_verify_an_email() {
    let bench = bench().await;
    let key = key_actor();
    for actor in [key, actor_with(&session(1, user_id(9)))] {
        let error = failed(bench.identity().verify_email(&actor, &parsed("user1@example.com")).await);
        assert!(matches!(error, AccountError::SessionEnded), "{error:?}");
    }
    assert!(!ok(bench.identity().is_verified(user_id(9)).await));
    is_untouched(&bench).await;
}

/// The addresses are equal, but a mail to one does not reach the mailbox of the other.
#[tokio::test]
async fn a_mail_to_another_mailbox_of_an_equal_address_proves_nothing_s182() {
    let bench = Workbench::new();
    let hash = bench.hasher.hash_of(PASSWORD);
    let own = User { email: Some(parsed("admin@corp.example")), ..unproved() };
    bench.stores.add_user_with_password(&own, &hash).await;
    let other = InvitedUser { email: parsed("adm\u{131}n@corp.example"), ..guest(Some(PASSWORD)) };
    let error = failed(Workbench::provision_account(&bench.identity(), &other).await);
    assert!(matches!(error, AccountError::AnotherAddress), "{error:?}");
    let actor = actor_with(&session(1, user_id(1)));
    let error = failed(bench.identity().verify_email(&actor, &other.email).await);
    assert!(matches!(error, AccountError::AnotherAddress), "{error:?}");
    assert_eq!(stored(&bench).await, Credentials { user: own, password_hash: Some(hash) });
    assert!(bench.actions(None).await.is_empty());
}
