//! The notice after many wrong passwords.

use tessera_identity::{
    ChangePassword, SignIn, SignInError,
    model::{PasswordAttempt, SessionRequest},
};
use tessera_kernel::{Actor, limit};
use tessera_testkit::{
    Workbench,
    builders::{actor_with, device, origin, session, user, user_id},
    expectations::{failed, ok, parsed},
};

const PASSWORD: &str = "correct horse";
const NOTICE: &str = "100 wrong passwords";

async fn sign_in(bench: &Workbench, email: &str, password: &str) -> Result<(), SignInError> {
    let (email, password) = (email.to_owned(), PasswordAttempt::new(password));
    let command = SignIn { email, password, device: device(), origin: origin(), session: SessionRequest::default() };
    bench.identity().sign_in(command).await.map(drop)
}

/// Sends wrong passwords, as many as the limits admit in each window.
async fn guess(bench: &Workbench, email: &str, times: u32) {
    for number in 1..=times {
        let error = failed(sign_in(bench, email, "wrong horse").await);
        assert!(matches!(error, SignInError::InvalidCredentials), "{error:?}");
        if number.is_multiple_of(limit::SIGN_IN.quota) {
            bench.clock.advance(limit::SIGN_IN_NETWORK.window);
        }
    }
    bench.clock.advance(limit::SIGN_IN_NETWORK.window);
}

/// The number of notices so far. No mail is delivered in these tests, and one can be taken again after two minutes.
async fn notices(bench: &Workbench) -> usize {
    bench.mails().await.iter().filter(|mail| mail.subject == NOTICE).count()
}

async fn bench() -> (Workbench, Actor) {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    let session = session(1, user_id(1));
    bench.stores.add_session(&session).await;
    (bench, actor_with(&session))
}

#[tokio::test]
async fn a_hundred_wrong_passwords_are_notified_once() {
    let (bench, _) = bench().await;
    guess(&bench, "user1@example.com", 99).await;
    assert_eq!(notices(&bench).await, 0);
    guess(&bench, "user1@example.com", 2).await;
    assert_eq!(notices(&bench).await, 1);
    guess(&bench, "user1@example.com", 150).await;
    assert_eq!(notices(&bench).await, 1);
}

#[tokio::test]
async fn a_correct_password_starts_the_count_again() {
    let (bench, _) = bench().await;
    guess(&bench, "user1@example.com", 99).await;
    ok(sign_in(&bench, "user1@example.com", PASSWORD).await);
    guess(&bench, "user1@example.com", 99).await;
    assert_eq!(notices(&bench).await, 0);
    guess(&bench, "user1@example.com", 1).await;
    assert_eq!(notices(&bench).await, 1);
    ok(sign_in(&bench, "user1@example.com", PASSWORD).await);
    guess(&bench, "user1@example.com", 100).await;
    assert_eq!(notices(&bench).await, 2);
}

#[tokio::test]
async fn wrong_current_passwords_count_too() {
    let (bench, actor) = bench().await;
    guess(&bench, "user1@example.com", 90).await;
    let change =
        |current: &str| ChangePassword { current: Some(PasswordAttempt::new(current)), new: parsed("battery staple") };
    for _ in 0..10 {
        failed(bench.identity().change_password(&actor, change("wrong horse")).await);
    }
    assert_eq!(notices(&bench).await, 1);
}

#[tokio::test]
async fn an_address_without_an_account_is_counted_and_not_notified() {
    let (bench, _) = bench().await;
    guess(&bench, "unknown@example.com", 110).await;
    // A user without a password, whose address gets the notice all the same.
    bench.stores.add_users([&user(2)]).await;
    guess(&bench, "user2@example.com", 100).await;
    let mails = bench.mails().await;
    let sent: Vec<_> = mails.iter().map(|mail| (Some(&mail.recipient), mail.subject.as_str())).collect();
    assert_eq!(sent, [(user(2).email.as_ref(), NOTICE)]);
}
