//! Password resets with a token from a mail.

use std::sync::Arc;

use tessera_identity::{
    ChangePassword, Identity, NewPasswordError, ResetPassword, ResetPasswordError, SignIn,
    model::{PasswordAttempt, PasswordReset, ResetToken, SessionRequest, SessionState, User},
    ports::RequestHashes,
};
use tessera_kernel::{Clock as _, EmailAddress, SecretDigest as _};
use tessera_testkit::{
    Workbench,
    builders::{actor_with, device, origin, passkey, session, session_id, user, user_id, wallet},
    concurrency::concurrently,
    expectations::{failed, ok, parsed, some},
    fakes::{FakeDigest, SequentialEntropy},
};
use time::Duration;

const OLD: &str = "correct horse";
const NEW: &str = "battery staple";

/// User 1 as registered, with a password, two wallets and two sessions, and user 2 with one of each.
async fn bench(email_verified: bool) -> Workbench {
    let bench = Workbench::new();
    let registered = User { email_verified, ..user(1) };
    bench.stores.add_user_with_password(&registered, &bench.hasher.hash_of(OLD)).await;
    bench.user_with_password(2, OLD).await;
    bench.stores.add_wallets(user_id(1), [&wallet(1), &wallet(2)]).await;
    bench.stores.add_wallets(user_id(2), [&wallet(3)]).await;
    for (number, of) in [(1, 1), (2, 1), (3, 2)] {
        bench.stores.add_session(&session(number, user_id(of))).await;
    }
    bench
}

/// A token that was just sent to user 1.
async fn token(bench: &Workbench) -> ResetToken {
    token_to(bench, some(user(1).email)).await
}

async fn token_to(bench: &Workbench, email: EmailAddress) -> ResetToken {
    let token = ResetToken::generate(&*bench.entropy);
    let (hash, expires_at) = (FakeDigest.digest(token.expose()), bench.clock.now() + PasswordReset::TTL);
    bench.stores.add_password_reset(&PasswordReset { user: user_id(1), email, hash, expires_at }).await;
    token
}

fn command(token: &ResetToken, password: &str) -> ResetPassword {
    ResetPassword { token: token.clone(), password: parsed(password), origin: origin() }
}

async fn reset(bench: &Workbench, token: &ResetToken, password: &str) -> Result<(), ResetPasswordError> {
    bench.identity().reset_password(command(token, password)).await
}

/// Asserts that the token sets no password and shows no data.
async fn is_invalid(bench: &Workbench, token: &ResetToken) {
    for error in [failed(reset(bench, token, NEW).await), failed(bench.identity().view_reset(token).await)] {
        assert!(matches!(error, ResetPasswordError::Invalid), "{error:?}");
    }
}

async fn has(bench: &Workbench, password: &str) -> bool {
    let known = some(ok(bench.stores.identity.find_credentials_of(user_id(1)).await));
    known.password_hash == Some(bench.hasher.hash_of(password))
}

async fn open_sessions(bench: &Workbench) -> Vec<u32> {
    let mut open = Vec::new();
    for number in 1..=3 {
        let session = some(ok(bench.stores.identity.find_session(session_id(number)).await)).session;
        open.extend((session.state == SessionState::Open).then_some(number));
    }
    open
}

async fn wallets_of(bench: &Workbench, number: u32) -> usize {
    some(ok(bench.stores.identity.find_user(user_id(number)).await)).wallets.len()
}

#[tokio::test]
async fn the_new_password_signs_in_and_the_token_is_used_up() {
    let bench = bench(true).await;
    let token = token(&bench).await;
    assert_eq!(ok(bench.identity().view_reset(&token).await), some(user(1).email));
    assert!(has(&bench, OLD).await);
    ok(reset(&bench, &token, NEW).await);
    assert!(has(&bench, NEW).await);
    let email = "user1@example.com".to_owned();
    let sign_in = SignIn {
        email,
        password: PasswordAttempt::new(NEW),
        device: device(),
        origin: origin(),
        session: SessionRequest::default(),
    };
    ok(bench.identity().sign_in(sign_in).await);
    is_invalid(&bench, &token).await;
}

#[tokio::test]
async fn a_password_reset_ends_every_session_of_the_user_s9() {
    let bench = bench(true).await;
    ok(reset(&bench, &token(&bench).await, NEW).await);
    assert_eq!(open_sessions(&bench).await, [3]);
}

#[tokio::test]
async fn a_user_without_a_password_sets_a_first_one() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    ok(reset(&bench, &token(&bench).await, NEW).await);
    assert!(has(&bench, NEW).await);
    let mails = bench.mails().await;
    assert_eq!(mails[0].subject, "password reset, first true, 0 unlinked, 0 removed");
}

#[tokio::test]
async fn a_reset_token_expires_after_30_minutes_s191() {
    let bench = bench(true).await;
    let first = token(&bench).await;
    bench.clock.advance(Duration::minutes(30) - Duration::microseconds(1));
    ok(bench.identity().view_reset(&first).await);
    bench.clock.advance(Duration::microseconds(1));
    is_invalid(&bench, &first).await;
    assert!(has(&bench, OLD).await);
}

#[tokio::test]
async fn only_the_last_reset_token_is_valid_s191() {
    let bench = bench(true).await;
    let (old, new) = (token(&bench).await, token(&bench).await);
    is_invalid(&bench, &old).await;
    ok(reset(&bench, &new, NEW).await);
}

#[tokio::test]
async fn a_reset_token_is_invalid_after_the_email_changed_s191() {
    let bench = bench(true).await;
    let token = token_to(&bench, parsed("former@example.com")).await;
    is_invalid(&bench, &token).await;
    assert!(has(&bench, OLD).await);
    assert_eq!(open_sessions(&bench).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_password_change_invalidates_the_reset_token_s191() {
    let bench = bench(true).await;
    let token = token(&bench).await;
    let (identity, actor) = (bench.identity(), actor_with(&session(1, user_id(1))));
    let change =
        |current: &str, new: &str| ChangePassword { current: Some(PasswordAttempt::new(current)), new: parsed(new) };
    failed(identity.change_password(&actor, change("wrong", NEW)).await);
    ok(identity.view_reset(&token).await);
    ok(identity.change_password(&actor, change(OLD, "another lantern")).await);
    is_invalid(&bench, &token).await;
    assert!(has(&bench, "another lantern").await);
}

#[tokio::test]
async fn one_of_20_concurrent_uses_of_a_reset_token_succeeds_s191() {
    let bench = bench(true).await;
    let token = token(&bench).await;
    let identity = Arc::new(bench.identity());
    let results = concurrently(20, |number| {
        let (identity, command) = (Arc::clone(&identity), command(&token, &format!("{NEW} {number}")));
        async move { identity.reset_password(command).await }
    });
    assert_eq!(results.await.iter().filter(|result| result.is_ok()).count(), 1);
}

#[tokio::test]
async fn an_unknown_token_is_rejected_without_a_hash() {
    let bench = bench(true).await;
    is_invalid(&bench, &ResetToken::generate(&SequentialEntropy::starting_at(99))).await;
    assert_eq!(bench.hasher.hashed(), 0);
    assert_eq!(bench.actions(None).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_rejected_password_does_not_use_the_token() {
    let bench = bench(true).await;
    let token = token(&bench).await;
    let error = failed(reset(&bench, &token, "password").await);
    assert!(matches!(error, ResetPasswordError::NewPassword(NewPasswordError::WeakPassword(_))), "{error:?}");
    // The strength check gets the data of the account.
    assert!(bench.strength.last_words().contains(&"user1@example.com".to_owned()));
    let mut settings = Workbench::identity_settings();
    settings.min_password_length = 15;
    let strict = Identity::new(bench.identity_ports(), settings);
    let error = failed(strict.reset_password(command(&token, NEW)).await);
    assert!(matches!(error, ResetPasswordError::NewPassword(NewPasswordError::Length(_))), "{error:?}");
    assert!(has(&bench, OLD).await && open_sessions(&bench).await == [1, 2, 3]);
    assert_eq!(bench.mails().await, []);
    ok(reset(&bench, &token, NEW).await);
}

#[tokio::test]
async fn a_busy_hasher_does_not_use_the_token() {
    let bench = bench(true).await;
    let token = token(&bench).await;
    bench.hasher.become_busy();
    let error = failed(reset(&bench, &token, NEW).await);
    assert!(matches!(error, ResetPasswordError::Hash(_)), "{error:?}");
    ok(bench.identity().view_reset(&token).await);
}

#[tokio::test]
async fn a_reset_keeps_the_wallets_of_a_verified_account() {
    let bench = bench(true).await;
    ok(reset(&bench, &token(&bench).await, NEW).await);
    assert_eq!((wallets_of(&bench, 1).await, wallets_of(&bench, 2).await), (2, 1));
    assert_eq!(bench.mails().await[0].subject, "password reset, first false, 0 unlinked, 0 removed");
    let events = bench.events(None).await;
    let told: Vec<_> = events.iter().map(|event| (event.name.as_str(), event.subject)).collect();
    assert_eq!(told, [("password.reset", Some(user_id(1).as_uuid()))]);
    assert_eq!(events[0].details, [("sessions_ended".to_owned(), "2".to_owned())]);
    assert_eq!((&events[0].actor, &events[0].origin), (&None, &origin()));
}

#[tokio::test]
async fn a_reset_of_an_unverified_account_unlinks_its_wallets_s115() {
    let bench = bench(false).await;
    ok(reset(&bench, &token(&bench).await, NEW).await);
    let known = some(ok(bench.stores.identity.find_user(user_id(1)).await));
    assert!(known.email_verified && known.wallets.is_empty(), "{known:?}");
    assert_eq!(wallets_of(&bench, 2).await, 1);
    let mails = bench.mails().await;
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, "password reset, first false, 2 unlinked, 0 removed"));
    assert_eq!(Some(mails[0].recipient.clone()), user(1).email);
    let actions = bench.actions(None).await;
    assert_eq!(actions, ["user.email_verified", "wallet.unlinked", "wallet.unlinked", "password.reset"]);
    let events = bench.events(None).await;
    assert!(events.iter().all(|event| event.subject == Some(user_id(1).as_uuid())));
}

#[tokio::test]
async fn a_reset_removes_the_passkeys_of_an_unverified_account_only() {
    for (verified, left) in [(true, 2), (false, 0)] {
        let bench = bench(verified).await;
        let of_another = passkey(3, user_id(2));
        bench.stores.add_passkeys([&passkey(1, user_id(1)), &passkey(2, user_id(1)), &of_another]).await;
        ok(reset(&bench, &token(&bench).await, NEW).await);
        assert_eq!(ok(bench.stores.passkeys.list_passkeys(user_id(1)).await).len(), left);
        assert_eq!(ok(bench.stores.passkeys.list_passkeys(user_id(2)).await), [of_another]);
        let removed = bench.actions(None).await.into_iter().filter(|name| name == "factor.removed").count();
        assert_eq!(removed, 2 - left);
        let expected = format!("{} removed", 2 - left);
        assert!(bench.mails().await[0].subject.ends_with(&expected), "{expected}");
    }
}

/// Otherwise, guesses from the networks of the person who registered the address would not count, and a sign-in from their
/// device would cause no mail.
#[tokio::test]
async fn a_reset_forgets_the_devices_and_networks_of_an_unverified_account_only() {
    for verified in [true, false] {
        let bench = bench(verified).await;
        let hash = FakeDigest.digest("of a device, and of a network");
        let mut tx = ok(bench.stores.identity.begin().await);
        for user in [user_id(1), user_id(2)] {
            ok(tx.known_devices().record(user, &hash, bench.clock.now()).await);
            ok(tx.known_devices().record_network(user, &hash, bench.clock.now()).await);
        }
        ok(tx.commit().await);
        ok(reset(&bench, &token(&bench).await, NEW).await);
        for (user, known) in [(user_id(1), verified), (user_id(2), true)] {
            let hashes = RequestHashes { device: Some(hash), network: Some(hash), ..RequestHashes::default() };
            let context = ok(bench.stores.identity.password_check_context(user, hashes).await);
            assert_eq!((context.known_device, context.known_network), (known, known), "{user:?}, verified {verified}");
        }
    }
}

#[tokio::test]
async fn the_audit_trail_contains_no_password_or_token_s13() {
    let bench = bench(false).await;
    let token = token(&bench).await;
    ok(reset(&bench, &token, NEW).await);
    let text = format!("{:?} {:?} {:?}", bench.events(None).await, command(&token, NEW), bench.mails().await);
    assert!(!text.contains(NEW) && !text.contains(token.expose()), "{text}");
}
