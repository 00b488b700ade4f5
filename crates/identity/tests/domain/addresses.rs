//! Verification of the address of an account, with the mail and the account.

use tessera_identity::{
    ConfirmEmail, ConfirmEmailError, ConfirmedEmail, Identity, MailedProof, PresentedProof, Register,
    ResendVerification,
    model::{EmailStatus, PasswordAttempt, SessionRequest, User, VerificationToken},
};
use tessera_kernel::{Actor, Clock as _};
use tessera_outbox::{Mail, MailSeal as _};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, device, origin},
    concurrency::concurrently,
    expectations::{failed, ok, parsed, some},
    fakes::FakeSeal,
};
use time::Duration;

pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) fn registration(email: &str) -> Register {
    Register {
        email: parsed(email),
        password: parsed(PASSWORD),
        display_name: None,
        first_name: None,
        last_name: None,
        origin: origin(),
    }
}

/// The last mail to the address with this subject.
pub(crate) async fn mail_to(bench: &Workbench, email: &str, subject: &str) -> Mail {
    some(mails(bench).await.into_iter().rfind(|mail| mail.recipient == parsed(email) && mail.subject == subject))
}

/// All mails so far. They stay due.
pub(crate) async fn mails(bench: &Workbench) -> Vec<Mail> {
    let now = bench.clock.now();
    let taken = ok(bench.stores.mails.take(now, now, u16::MAX).await);
    taken.iter().map(|taken| ok(FakeSeal.open(&taken.mail))).collect()
}

pub(crate) fn token_in(mail: &Mail) -> VerificationToken {
    parsed(mail.text.expose())
}

pub(crate) fn by_token(mail: &Mail, password: Option<&str>) -> PresentedProof {
    PresentedProof::Token { token: token_in(mail), password: password.map(PasswordAttempt::new) }
}

pub(crate) fn by_code(mail: &Mail) -> PresentedProof {
    PresentedProof::Code(parsed(mail.html.expose()))
}

/// A code that is not the one in the mail.
pub(crate) fn wrong_code(mail: &Mail) -> String {
    let right: u32 = parsed(mail.html.expose());
    format!("{:06}", (right + 1) % 1_000_000)
}

pub(crate) async fn confirm(
    identity: &Identity,
    proof: PresentedProof,
    actor: Option<&Actor>,
) -> Result<ConfirmedEmail, ConfirmEmailError> {
    let command = ConfirmEmail {
        proof,
        actor: actor.cloned(),
        device: device(),
        origin: origin(),
        session: SessionRequest::default(),
    };
    identity.confirm_email(command).await
}

pub(crate) fn status(confirmed: ConfirmedEmail) -> EmailStatus {
    match confirmed {
        ConfirmedEmail::Account(status) => status,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn is_invalid(confirmed: Result<ConfirmedEmail, ConfirmEmailError>) {
    let error = failed(confirmed);
    assert!(matches!(error, ConfirmEmailError::Invalid), "{error:?}");
}

/// A registered user, and the mail to their address.
async fn registered(bench: &Workbench) -> (User, Actor, Mail) {
    let user = ok(bench.identity().register(registration("ada@example.com")).await);
    let mail = mail_to(bench, "ada@example.com", "verify").await;
    let actor = actor_of(user.id);
    (user, actor, mail)
}

async fn is_verified(bench: &Workbench, user: &User) -> bool {
    ok(bench.identity().is_verified(user.id).await)
}

#[tokio::test]
async fn a_user_verifies_the_address_with_the_mail_and_the_account() {
    type Present = fn(&Mail) -> PresentedProof;
    let ways: [(Present, bool); 3] =
        [(|mail| by_token(mail, None), true), (|mail| by_token(mail, Some(PASSWORD)), false), (by_code, true)];
    for (present, signed_in) in ways {
        let bench = Workbench::new();
        let (user, actor, mail) = registered(&bench).await;
        let actor = signed_in.then_some(&actor);
        let status = status(ok(confirm(&bench.identity(), present(&mail), actor).await));
        assert_eq!((status.email, status.verified, status.pending), (user.email.clone(), true, None));
        assert!(is_verified(&bench, &user).await);
        assert_eq!(bench.actions(None).await, ["user.registered", "user.email_verified"]);
        is_invalid(confirm(&bench.identity(), present(&mail), actor).await);
    }
}

#[tokio::test]
async fn a_token_without_the_account_verifies_nothing_and_stays_valid() {
    let bench = Workbench::new();
    let (user, actor, mail) = registered(&bench).await;
    let other = ok(bench.identity().register(registration("eve@example.com")).await);
    let stranger = actor_of(other.id);
    let identity = bench.identity();
    for (password, actor) in [(None, None), (Some("battery staple"), None), (None, Some(&stranger))] {
        let error = failed(confirm(&identity, by_token(&mail, password), actor).await);
        assert!(matches!(error, ConfirmEmailError::NotVerified), "{error:?}");
    }
    assert!(!is_verified(&bench, &user).await);
    // The code of another user is a wrong one.
    is_invalid(confirm(&identity, by_code(&mail), Some(&stranger)).await);
    assert!(matches!(failed(confirm(&identity, by_code(&mail), None).await), ConfirmEmailError::AccountRequired));
    ok(confirm(&identity, by_token(&mail, None), Some(&actor)).await);
    assert!(is_verified(&bench, &user).await);
}

#[tokio::test]
async fn five_wrong_codes_invalidate_the_code_and_the_token() {
    let bench = Workbench::new();
    let (user, actor, mail) = registered(&bench).await;
    let (identity, wrong) = (bench.identity(), wrong_code(&mail));
    for _ in 0..5 {
        is_invalid(confirm(&identity, PresentedProof::Code(parsed(&wrong)), Some(&actor)).await);
    }
    is_invalid(confirm(&identity, by_code(&mail), Some(&actor)).await);
    is_invalid(confirm(&identity, by_token(&mail, None), Some(&actor)).await);
    assert!(!is_verified(&bench, &user).await);
    // Another mail has a new code. The five codes before, and one after them, count in the limit.
    ok(identity.resend_verification(ResendVerification::User(actor.clone())).await);
    let mail = mail_to(&bench, "ada@example.com", "verify").await;
    ok(confirm(&identity, by_code(&mail), Some(&actor)).await);
    assert!(is_verified(&bench, &user).await);
}

#[tokio::test]
async fn wrong_codes_of_an_account_are_limited() {
    let bench = Workbench::new();
    let (_, actor, _) = registered(&bench).await;
    let identity = bench.identity();
    for _ in 0..10 {
        is_invalid(confirm(&identity, PresentedProof::Code(parsed("000000")), Some(&actor)).await);
    }
    let error = failed(confirm(&identity, PresentedProof::Code(parsed("000000")), Some(&actor)).await);
    assert!(matches!(error, ConfirmEmailError::RateLimited(limited) if limited.limit.name == "factor"), "{error:?}");
}

#[tokio::test]
async fn token_and_code_expire_after_a_day() {
    let bench = Workbench::new();
    let (_, actor, mail) = registered(&bench).await;
    bench.clock.advance(Duration::hours(24) - Duration::SECOND);
    ok(bench.identity().view_mailed_proof(&token_in(&mail)).await);
    bench.clock.advance(Duration::SECOND);
    is_invalid(confirm(&bench.identity(), by_token(&mail, None), Some(&actor)).await);
    is_invalid(confirm(&bench.identity(), by_code(&mail), Some(&actor)).await);
    assert!(bench.identity().view_mailed_proof(&token_in(&mail)).await.is_err());
}

#[tokio::test]
async fn a_mail_that_is_sent_again_replaces_the_first_one() {
    let bench = Workbench::new();
    let (_, actor, first) = registered(&bench).await;
    let identity = bench.identity();
    ok(identity.resend_verification(ResendVerification::User(actor.clone())).await);
    let second = mail_to(&bench, "ada@example.com", "verify").await;
    is_invalid(confirm(&identity, by_token(&first, None), Some(&actor)).await);
    ok(confirm(&identity, by_token(&second, None), Some(&actor)).await);
    // Nothing is pending any more.
    let before = mails(&bench).await.len();
    ok(identity.resend_verification(ResendVerification::User(actor)).await);
    assert_eq!(mails(&bench).await.len(), before);
}

#[tokio::test]
async fn mails_to_an_address_are_limited() {
    let bench = Workbench::new();
    let (_, actor, _) = registered(&bench).await;
    let identity = bench.identity();
    for _ in 0..4 {
        ok(identity.resend_verification(ResendVerification::User(actor.clone())).await);
    }
    let before = mails(&bench).await.len();
    let error = failed(identity.resend_verification(ResendVerification::User(actor)).await);
    assert!(format!("{error:?}").contains("\"mail\""), "{error:?}");
    assert_eq!(mails(&bench).await.len(), before);
    // A registration that fails sends no mail and counts as none.
    for _ in 0..9 {
        failed(identity.register(registration("Ada@Example.com")).await);
    }
    bench.clock.advance(Duration::HOUR);
    let user = some(ok(bench.stores.identity.find_credentials(&parsed("ada@example.com")).await)).user;
    ok(identity.resend_verification(ResendVerification::User(actor_of(user.id))).await);
}

#[tokio::test]
async fn reading_what_a_token_proves_changes_nothing() {
    let bench = Workbench::new();
    let (_, actor, mail) = registered(&bench).await;
    let expected = MailedProof::Account { email: parsed("ada@example.com"), has_password: true };
    for _ in 0..3 {
        assert_eq!(ok(bench.identity().view_mailed_proof(&token_in(&mail)).await), expected);
    }
    ok(confirm(&bench.identity(), by_token(&mail, None), Some(&actor)).await);
}

#[tokio::test]
async fn of_concurrent_uses_of_one_mail_one_succeeds() {
    let bench = Workbench::new();
    let (_, actor, mail) = registered(&bench).await;
    let uses = concurrently(12, |number| {
        let (identity, actor) = (bench.identity(), actor.clone());
        let proof = if number % 2 == 0 { by_token(&mail, None) } else { by_code(&mail) };
        async move { confirm(&identity, proof, Some(&actor)).await.is_ok() }
    })
    .await;
    assert_eq!(uses.into_iter().filter(|succeeded| *succeeded).count(), 1);
}

#[tokio::test]
async fn no_secret_of_a_mail_is_audited_or_stored() {
    let bench = Workbench::new();
    let (_, actor, mail) = registered(&bench).await;
    is_invalid(confirm(&bench.identity(), PresentedProof::Code(parsed(&wrong_code(&mail))), Some(&actor)).await);
    let events = format!("{:?}", bench.events(None).await);
    for secret in [mail.text.expose().as_str(), mail.html.expose(), "ada@example.com"] {
        assert!(!events.contains(secret), "{events}");
    }
    assert_eq!(format!("{:?}", token_in(&mail)).matches("***").count(), 1);
}
