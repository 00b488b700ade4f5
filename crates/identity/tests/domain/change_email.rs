//! Change of the address of an account, which both sides confirm.

use tessera_identity::{
    ChangeEmailError, ConfirmEmailError, ConfirmedEmail, MailedProof, PresentedProof, RequestPasswordReset,
    ResendVerification, ResetPassword, SessionError, SignIn,
    model::{EmailStatus, PasswordAttempt, SessionRequest, SessionState, User},
};
use tessera_kernel::Actor;
use tessera_outbox::Mail;
use tessera_testkit::{
    Workbench,
    builders::{actor_with, bare_user, device, origin, session, user, user_id, wallet},
    expectations::{failed, ok, parsed, some},
};
use time::Duration;

use crate::addresses::{
    PASSWORD, by_code, by_token, confirm, is_invalid, mail_to, mails, registration, status, token_in,
};

const OLD: &str = "user1@example.com";
const NEW: &str = "new@example.com";

/// User 1 with a session that was just opened.
async fn bench(known: &User) -> (Workbench, Actor) {
    let bench = Workbench::new();
    bench.stores.add_user_with_password(known, &bench.hasher.hash_of(PASSWORD)).await;
    let opened = session(1, known.id);
    bench.stores.add_session(&opened).await;
    (bench, actor_with(&opened))
}

async fn verified() -> (Workbench, Actor) {
    bench(&User { email_verified: true, ..user(1) }).await
}

async fn request(bench: &Workbench, actor: &Actor, email: &str) -> Result<Duration, ChangeEmailError> {
    bench.identity().change_email(actor, parsed(email)).await
}

/// Requests a change, and returns the mails to the new and to the old address.
async fn requested(bench: &Workbench, actor: &Actor) -> (Mail, Mail) {
    assert_eq!(ok(request(bench, actor, NEW).await), Duration::hours(24));
    let confirm_old = format!("confirm {NEW}");
    (mail_to(bench, NEW, "verify new").await, mail_to(bench, OLD, &confirm_old).await)
}

async fn status_of(bench: &Workbench, actor: &Actor) -> EmailStatus {
    ok(bench.identity().view_email(actor).await)
}

fn awaits(status: &EmailStatus) -> (bool, bool) {
    let pending = some(status.pending.as_ref());
    (pending.awaits_new, pending.awaits_old)
}

async fn has_changed(bench: &Workbench, actor: &Actor) {
    let status = status_of(bench, actor).await;
    assert_eq!((status.email, status.verified, status.pending), (Some(parsed(NEW)), true, None));
    for address in [OLD, NEW] {
        let subject = format!("address changed, to the old one {}", address == OLD);
        mail_to(bench, address, &subject).await;
    }
    let actions = bench.actions(None).await;
    assert_eq!(actions.iter().filter(|action| *action == "user.email_changed").count(), 1, "{actions:?}");
    let password = PasswordAttempt::new(PASSWORD);
    let command = SignIn {
        email: NEW.to_owned(),
        password,
        device: device(),
        origin: origin(),
        session: SessionRequest::default(),
    };
    ok(bench.identity().sign_in(command).await);
}

#[tokio::test]
async fn both_sides_confirm_in_any_order() {
    for new_first in [true, false] {
        let (bench, actor) = verified().await;
        let (new, old) = requested(&bench, &actor).await;
        assert_eq!(awaits(&status_of(&bench, &actor).await), (true, true));
        let identity = bench.identity();
        let confirm_new = async || status(ok(confirm(&identity, by_token(&new, None), Some(&actor)).await));
        // The old side confirms with the mail alone.
        let confirm_old = async || {
            let confirmed = ok(confirm(&identity, by_token(&old, None), None).await);
            assert!(matches!(confirmed, ConfirmedEmail::OldAddress), "{confirmed:?}");
        };
        if new_first {
            assert_eq!(awaits(&confirm_new().await), (false, true));
            confirm_old().await;
        } else {
            confirm_old().await;
            assert_eq!(awaits(&status_of(&bench, &actor).await), (true, false));
            assert_eq!(confirm_new().await.pending, None);
        }
        has_changed(&bench, &actor).await;
        for mail in [&new, &old] {
            is_invalid(confirm(&identity, by_token(mail, None), Some(&actor)).await);
        }
    }
}

#[tokio::test]
async fn codes_confirm_for_the_user() {
    let (bench, actor) = verified().await;
    let (new, old) = requested(&bench, &actor).await;
    assert!(matches!(ok(confirm(&bench.identity(), by_code(&old), Some(&actor)).await), ConfirmedEmail::OldAddress));
    ok(confirm(&bench.identity(), by_code(&new), Some(&actor)).await);
    has_changed(&bench, &actor).await;
}

#[tokio::test]
async fn an_unverified_or_missing_address_has_no_say() {
    for known in [User { email_verified: false, ..user(1) }, bare_user(1)] {
        let (bench, actor) = bench(&known).await;
        ok(request(&bench, &actor, NEW).await);
        let new = mail_to(&bench, NEW, "verify new").await;
        assert_eq!(awaits(&status_of(&bench, &actor).await), (true, false));
        // The password counts as the account, but an account without an address has none to sign in with.
        ok(confirm(&bench.identity(), by_token(&new, Some(PASSWORD)), None).await);
        assert_eq!(status_of(&bench, &actor).await.email, Some(parsed(NEW)));
    }
}

#[tokio::test]
async fn the_new_side_requires_the_account() {
    let (bench, actor) = verified().await;
    let (new, _) = requested(&bench, &actor).await;
    for password in [None, Some("battery staple")] {
        let error = failed(confirm(&bench.identity(), by_token(&new, password), None).await);
        assert!(matches!(error, ConfirmEmailError::NotVerified), "{error:?}");
    }
    is_invalid(confirm(&bench.identity(), PresentedProof::Decline(token_in(&new)), None).await);
    assert_eq!(awaits(&status_of(&bench, &actor).await), (true, true));
}

#[tokio::test]
async fn a_taken_address_looks_like_a_free_one() {
    let (bench, actor) = verified().await;
    bench.stores.add_users([&user(2)]).await;
    assert_eq!(ok(request(&bench, &actor, "user2@example.com").await), Duration::hours(24));
    assert_eq!(awaits(&status_of(&bench, &actor).await), (true, true));
    let notice = mail_to(&bench, "user2@example.com", "address taken").await;
    assert_eq!((notice.text.expose().as_str(), notice.html.expose().as_str()), ("", ""));
    let old = mail_to(&bench, OLD, "confirm user2@example.com").await;
    ok(confirm(&bench.identity(), by_token(&old, None), None).await);
    ok(bench.identity().resend_verification(ResendVerification::User(actor.clone())).await);
    mail_to(&bench, "user2@example.com", "address taken").await;
    assert_eq!(status_of(&bench, &actor).await.email, Some(parsed(OLD)));
}

#[tokio::test]
async fn a_change_ends_when_the_address_is_verified_without_being_asked() {
    let bench = Workbench::new();
    let known = ok(bench.identity().register(registration(OLD)).await);
    let opened = session(1, known.id);
    bench.stores.add_session(&opened).await;
    let actor = actor_with(&opened);
    let current = mail_to(&bench, OLD, "verify").await;
    ok(request(&bench, &actor, NEW).await);
    let new = mail_to(&bench, NEW, "verify new").await;
    assert_eq!(awaits(&status_of(&bench, &actor).await), (true, false));
    ok(confirm(&bench.identity(), by_token(&current, None), Some(&actor)).await);
    let status = status_of(&bench, &actor).await;
    assert_eq!((status.verified, status.pending), (true, None));
    is_invalid(confirm(&bench.identity(), by_token(&new, None), Some(&actor)).await);
    assert_eq!(status_of(&bench, &actor).await.email, Some(parsed(OLD)));
    let (_, old) = requested(&bench, &actor).await;
    ok(confirm(&bench.identity(), by_token(&old, None), None).await);
}

#[tokio::test]
async fn an_address_that_is_taken_meanwhile_is_not_given_twice() {
    let (bench, actor) = verified().await;
    let (new, old) = requested(&bench, &actor).await;
    ok(confirm(&bench.identity(), by_token(&old, None), None).await);
    bench.stores.add_users([&User { email: Some(parsed("NEW@example.com")), ..user(2) }]).await;
    let error = failed(confirm(&bench.identity(), by_token(&new, None), Some(&actor)).await);
    assert!(matches!(error, ConfirmEmailError::EmailTaken), "{error:?}");
    assert_eq!(status_of(&bench, &actor).await.email, Some(parsed(OLD)));
}

#[tokio::test]
async fn the_reader_of_the_old_address_declines() {
    let (bench, actor) = verified().await;
    let (new, old) = requested(&bench, &actor).await;
    ok(confirm(&bench.identity(), by_token(&new, None), Some(&actor)).await);
    let viewed = ok(bench.identity().view_mailed_proof(&token_in(&old)).await);
    assert_eq!(viewed, MailedProof::OldAddress { email: parsed(OLD), new: parsed(NEW) });
    let declined = ok(confirm(&bench.identity(), PresentedProof::Decline(token_in(&old)), None).await);
    assert!(matches!(declined, ConfirmedEmail::OldAddress), "{declined:?}");
    let status = status_of(&bench, &actor).await;
    assert_eq!((status.email, status.pending), (Some(parsed(OLD)), None));
    let ended = some(ok(bench.stores.identity.find_session(session(1, user_id(1)).id).await));
    assert!(matches!(ended.session.state, SessionState::Ended { .. }), "{ended:?}");
    assert!(bench.actions(None).await.contains(&"user.email_change_declined".to_owned()));
    is_invalid(confirm(&bench.identity(), by_token(&old, None), None).await);
    // The link sets a new password.
    let link = mail_to(&bench, OLD, "reset").await;
    let command =
        ResetPassword { token: parsed(link.text.expose()), password: parsed("battery staple"), origin: origin() };
    ok(bench.identity().reset_password(command).await);
}

#[tokio::test]
async fn a_later_request_replaces_the_change() {
    let (bench, actor) = verified().await;
    let (first, first_old) = requested(&bench, &actor).await;
    ok(confirm(&bench.identity(), by_token(&first_old, None), None).await);
    ok(request(&bench, &actor, "third@example.com").await);
    assert_eq!(awaits(&status_of(&bench, &actor).await), (true, true));
    is_invalid(confirm(&bench.identity(), by_token(&first, None), Some(&actor)).await);
}

#[tokio::test]
async fn a_change_invalidates_reset_links() {
    let (bench, actor) = verified().await;
    let command = RequestPasswordReset { email: OLD.to_owned(), origin: origin() };
    ok(bench.identity().request_password_reset(command).await);
    ok(bench.identity().process_reset_requests(9).await);
    let link = mail_to(&bench, OLD, "reset").await;
    let (new, old) = requested(&bench, &actor).await;
    ok(confirm(&bench.identity(), by_token(&old, None), None).await);
    ok(confirm(&bench.identity(), by_token(&new, None), Some(&actor)).await);
    assert!(bench.identity().view_reset(&parsed(link.text.expose())).await.is_err());
}

#[tokio::test]
async fn a_reset_cancels_a_change_only_of_an_unverified_account() {
    for email_verified in [false, true] {
        let (bench, actor) = bench(&User { email_verified, ..user(1) }).await;
        bench.stores.add_wallets(user_id(1), [&wallet(1)]).await;
        ok(request(&bench, &actor, NEW).await);
        let new = mail_to(&bench, NEW, "verify new").await;
        let command = RequestPasswordReset { email: OLD.to_owned(), origin: origin() };
        ok(bench.identity().request_password_reset(command).await);
        ok(bench.identity().process_reset_requests(9).await);
        let link = mail_to(&bench, OLD, "reset").await;
        let command =
            ResetPassword { token: parsed(link.text.expose()), password: parsed("battery staple"), origin: origin() };
        ok(bench.identity().reset_password(command).await);
        assert_eq!(status_of(&bench, &actor).await.pending.is_some(), email_verified);
        let confirmed = confirm(&bench.identity(), by_token(&new, Some("battery staple")), None).await;
        assert_eq!(confirmed.is_ok(), email_verified);
    }
}

#[tokio::test]
async fn a_request_requires_a_recent_session_and_another_address() {
    let (bench, actor) = verified().await;
    for same in [OLD, "USER1@Example.com"] {
        let error = failed(request(&bench, &actor, same).await);
        assert!(matches!(error, ChangeEmailError::Unchanged), "{error:?}");
    }
    bench.clock.advance(Duration::minutes(6));
    let error = failed(request(&bench, &actor, NEW).await);
    assert!(matches!(error, ChangeEmailError::Session(SessionError::ReauthenticationRequired)), "{error:?}");
    assert_eq!(mails(&bench).await, []);
}
