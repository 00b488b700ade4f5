//! Every way in, for an account with a second factor.

use tessera_identity::{
    AuthenticateWallet, AuthenticateWalletError, ChangePassword, CompleteOperation, CompleteOperationError,
    CompletedOperation, PresentedFactor, PresentedProof, Reauthenticate, ReauthenticateError, ResetPassword, SignIn,
    SignInError, SignInWithWalletError, StartedTotp,
    model::{
        InterruptedOperation, PasswordAttempt, PasswordReset, RecoveryCode, ResetToken, Session, SessionRequest,
        SignInMethod, SignInMethods, User,
    },
    ports::TokenSigner as _,
};
use tessera_kernel::{Actor, Clock as _, FactorMethod, MfaRequired, SecretDigest as _, WalletSignature, limit};
use tessera_testkit::{
    Workbench,
    builders::{actor_with, device, origin, session, session_id, user, user_id, wallet},
    concurrency::concurrently,
    expectations::{failed, ok, parsed, some},
    fakes::{FakeDigest, FakeWallets},
};
use time::Duration;

use crate::{
    addresses::{confirm, mail_to, token_in},
    factors::{code, enroll},
    wallets::{answer, ask, sign_in as sign_in_with_wallet},
};

const PASSWORD: &str = "correct horse";

struct Enrolled {
    bench: Workbench,
    /// User 1 in session 1.
    actor: Actor,
    app: StartedTotp,
    codes: Vec<RecoveryCode>,
}

/// User 1 with a password, a wallet, an app and recovery codes.
async fn enrolled() -> Enrolled {
    enrolled_as(true).await
}

async fn enrolled_as(email_verified: bool) -> Enrolled {
    let bench = Workbench::new();
    let registered = User { email_verified, ..user(1) };
    bench.stores.add_user_with_password(&registered, &bench.hasher.hash_of(PASSWORD)).await;
    bench.stores.add_wallets(user_id(1), [&wallet(1)]).await;
    let session = session(1, user_id(1));
    bench.stores.add_session(&session).await;
    let actor = actor_with(&session);
    let (app, codes) = enroll(&bench, &actor).await;
    Enrolled { bench, actor, app, codes }
}

fn login(password: &str, session: SessionRequest) -> SignIn {
    SignIn {
        email: "user1@example.com".to_owned(),
        password: PasswordAttempt::new(password),
        device: device(),
        origin: origin(),
        session,
    }
}

/// The sign-in of user 1 with the password, which is interrupted.
async fn interrupted(bench: &Workbench) -> MfaRequired {
    match failed(bench.identity().sign_in(login(PASSWORD, SessionRequest::default())).await) {
        SignInError::MfaRequired(required) => required,
        other => panic!("{other:?}"),
    }
}

async fn complete(
    bench: &Workbench,
    token: &str,
    factor: PresentedFactor,
) -> Result<CompletedOperation, CompleteOperationError> {
    let command = CompleteOperation { token: token.to_owned(), factor, device: device(), origin: origin() };
    bench.identity().complete_operation(command).await
}

fn totp(text: &str) -> PresentedFactor {
    PresentedFactor::Totp(text.to_owned())
}

fn recovery(code: &RecoveryCode) -> PresentedFactor {
    PresentedFactor::RecoveryCode(code.grouped().to_lowercase())
}

/// The session that was opened.
async fn opened(bench: &Workbench, completed: CompletedOperation) -> Session {
    let CompletedOperation::SignIn(signed_in) = completed else { panic!("{completed:?}") };
    let claims = ok(bench.signer.verify(signed_in.token.expose()));
    some(ok(bench.stores.identity.find_session(claims.session).await)).session
}

async fn sessions(bench: &Workbench) -> usize {
    bench.actions(None).await.iter().filter(|action| *action == "session.started").count()
}

#[tokio::test]
async fn a_password_alone_opens_no_session() {
    let Enrolled { bench, app, .. } = enrolled().await;
    let required = interrupted(&bench).await;
    assert_eq!(required.methods, [FactorMethod::Totp, FactorMethod::RecoveryCode]);
    assert!(required.passkey_options.is_none());
    assert_eq!(sessions(&bench).await, 0);
    let completed = ok(complete(&bench, required.token.expose(), totp(&code(&bench, &app))).await);
    let session = opened(&bench, completed).await;
    assert_eq!(session.methods, SignInMethods::of(SignInMethod::Password).with(SignInMethod::Totp));
    assert_eq!(sessions(&bench).await, 1);
}

#[tokio::test]
async fn the_session_is_the_one_that_the_sign_in_asked_for() {
    let Enrolled { bench, codes, .. } = enrolled().await;
    let asked = SessionRequest { refresh: true, device_name: Some(parsed("Laptop")), device_token: None };
    let required = match failed(bench.identity().sign_in(login(PASSWORD, asked)).await) {
        SignInError::MfaRequired(required) => required,
        other => panic!("{other:?}"),
    };
    let completed = ok(complete(&bench, required.token.expose(), recovery(&codes[3])).await);
    let session = opened(&bench, completed).await;
    assert_eq!((session.shown_name(), session.refresh.is_some()), ("Laptop", true));
    assert!(session.methods.contains(SignInMethod::RecoveryCode));
}

#[tokio::test]
async fn a_wrong_password_gets_the_usual_response() {
    let Enrolled { bench, .. } = enrolled().await;
    let error = failed(bench.identity().sign_in(login("wrong", SessionRequest::default())).await);
    assert!(matches!(error, SignInError::InvalidCredentials), "{error:?}");
}

#[tokio::test]
async fn a_wallet_alone_opens_no_session() {
    let Enrolled { bench, app, .. } = enrolled().await;
    let challenge = ask(&bench, wallet(1).account).await;
    let required = match failed(sign_in_with_wallet(&bench, answer(&challenge)).await) {
        SignInWithWalletError::MfaRequired(required) => required,
        other => panic!("{other:?}"),
    };
    assert_eq!(sessions(&bench).await, 0);
    let completed = ok(complete(&bench, required.token.expose(), totp(&code(&bench, &app))).await);
    let session = opened(&bench, completed).await;
    assert_eq!(session.methods, SignInMethods::of(SignInMethod::Wallet).with(SignInMethod::Totp));
    let started = bench.events(None).await.into_iter().find(|event| event.name == "session.started");
    assert!(some(started).details.iter().any(|(name, _)| name == "wallet"));
}

#[tokio::test]
async fn a_wallet_alone_does_not_sign_in_to_an_application() {
    let Enrolled { bench, app, .. } = enrolled().await;
    let account = wallet(1).account;
    let sign_in = session_id(77).as_uuid();
    let text = "a message";
    let signature = FakeWallets::sign(&account.address(), text.as_bytes());
    let command = AuthenticateWallet {
        account,
        message: text.to_owned(),
        signature: ok(WalletSignature::parse(&signature, account.chain().namespace())),
        device: device(),
        origin: origin(),
        sign_in,
    };
    let required = match failed(bench.identity().authenticate_wallet(command).await) {
        AuthenticateWalletError::MfaRequired(required) => required,
        other => panic!("{other:?}"),
    };
    match ok(complete(&bench, required.token.expose(), totp(&code(&bench, &app))).await) {
        CompletedOperation::Application { sign_in: completed, wallet, user } => {
            assert_eq!((completed, wallet, user), (sign_in, account, user_id(1)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(sessions(&bench).await, 0);
}

#[tokio::test]
async fn a_password_alone_does_not_reauthenticate() {
    let Enrolled { bench, actor, app, .. } = enrolled().await;
    let before = some(ok(bench.stores.identity.find_session(session_id(1)).await)).session;
    let command = Reauthenticate { password: PasswordAttempt::new(PASSWORD) };
    let required = match failed(bench.identity().reauthenticate(&actor, command).await) {
        ReauthenticateError::MfaRequired(required) => required,
        other => panic!("{other:?}"),
    };
    let read = async || some(ok(bench.stores.identity.find_session(session_id(1)).await)).session;
    assert_eq!(read().await.authenticated_at, before.authenticated_at);
    let completed = ok(complete(&bench, required.token.expose(), totp(&code(&bench, &app))).await);
    let CompletedOperation::Reauthentication(done) = completed else { panic!("{completed:?}") };
    assert_eq!(read().await.authenticated_at, done.at);
    assert!(read().await.methods.contains(SignInMethod::Password));
    assert_eq!(sessions(&bench).await, 0);
}

#[tokio::test]
async fn a_token_ends_with_one_success() {
    let Enrolled { bench, app, codes, .. } = enrolled().await;
    let required = interrupted(&bench).await;
    ok(complete(&bench, required.token.expose(), totp(&code(&bench, &app))).await);
    let error = failed(complete(&bench, required.token.expose(), recovery(&codes[0])).await);
    assert!(matches!(error, CompleteOperationError::InvalidToken), "{error:?}");
}

#[tokio::test]
async fn a_token_ends_after_five_wrong_factors() {
    let Enrolled { bench, app, codes, .. } = enrolled().await;
    let required = interrupted(&bench).await;
    let unknown = RecoveryCode::generate(&*bench.entropy);
    let wrong = [totp("000000"), totp("x"), recovery(&unknown), totp(""), PresentedFactor::Passkey("{}".to_owned())];
    for factor in wrong {
        let error = failed(complete(&bench, required.token.expose(), factor).await);
        assert!(matches!(error, CompleteOperationError::InvalidFactor), "{error:?}");
    }
    for factor in [totp(&code(&bench, &app)), recovery(&codes[0])] {
        let error = failed(complete(&bench, required.token.expose(), factor).await);
        assert!(matches!(error, CompleteOperationError::InvalidToken), "{error:?}");
    }
    // The code was not consumed.
    let again = interrupted(&bench).await;
    ok(complete(&bench, again.token.expose(), recovery(&codes[0])).await);
}

#[tokio::test]
async fn a_token_expires_and_an_invented_one_is_not_valid() {
    let Enrolled { bench, codes, .. } = enrolled().await;
    let required = interrupted(&bench).await;
    bench.clock.advance(InterruptedOperation::TTL);
    let invented = ["", "x", "q3yWn0oHk7Rz2TfVbXc5LdPs8MjGa1Ue4NiQw6KxYh8"];
    for token in [required.token.expose().as_str()].into_iter().chain(invented) {
        let error = failed(complete(&bench, token, recovery(&codes[0])).await);
        assert!(matches!(error, CompleteOperationError::InvalidToken), "{token}: {error:?}");
    }
}

#[tokio::test]
async fn a_time_step_and_a_recovery_code_are_accepted_once_for_any_purpose() {
    let Enrolled { bench, actor, app, codes } = enrolled().await;
    let shown = code(&bench, &app);
    let first = interrupted(&bench).await;
    ok(complete(&bench, first.token.expose(), totp(&shown)).await);
    let reauthenticate = Reauthenticate { password: PasswordAttempt::new(PASSWORD) };
    let second = match failed(bench.identity().reauthenticate(&actor, reauthenticate).await) {
        ReauthenticateError::MfaRequired(required) => required,
        other => panic!("{other:?}"),
    };
    let error = failed(complete(&bench, second.token.expose(), totp(&shown)).await);
    assert!(matches!(error, CompleteOperationError::InvalidFactor), "{error:?}");
    ok(complete(&bench, second.token.expose(), recovery(&codes[0])).await);
    let third = interrupted(&bench).await;
    let error = failed(complete(&bench, third.token.expose(), recovery(&codes[0])).await);
    assert!(matches!(error, CompleteOperationError::InvalidFactor), "{error:?}");
    bench.clock.advance(Duration::seconds(30));
    ok(complete(&bench, third.token.expose(), totp(&code(&bench, &app))).await);
}

#[tokio::test]
async fn of_concurrent_sign_ins_with_one_time_step_one_succeeds() {
    let Enrolled { bench, app, .. } = enrolled().await;
    let shown = code(&bench, &app);
    let mut tokens = Vec::new();
    for _ in 0..20 {
        tokens.push(interrupted(&bench).await.token.expose().clone());
    }
    let identity = std::sync::Arc::new(bench.identity());
    let results = concurrently(20, |number| {
        let (identity, token) = (identity.clone(), tokens[number as usize].clone());
        let command = CompleteOperation { token, factor: totp(&shown), device: device(), origin: origin() };
        async move { identity.complete_operation(command).await.is_ok() }
    })
    .await;
    assert_eq!(results.into_iter().filter(|succeeded| *succeeded).count(), 1);
    assert_eq!(sessions(&bench).await, 1);
}

#[tokio::test]
async fn each_use_of_a_recovery_code_is_notified_with_the_number_left() {
    let Enrolled { bench, codes, .. } = enrolled().await;
    let required = interrupted(&bench).await;
    ok(complete(&bench, required.token.expose(), recovery(&codes[9])).await);
    let subjects: Vec<String> = bench.mails().await.into_iter().map(|mail| mail.subject).collect();
    assert!(subjects.contains(&"recovery code used, 9 left".to_owned()), "{subjects:?}");
    assert!(bench.actions(None).await.contains(&"factor.code_used".to_owned()));
}

#[tokio::test]
async fn wrong_factors_are_limited_for_each_account() {
    let Enrolled { bench, app, .. } = enrolled().await;
    for _ in 0..limit::FACTOR.quota {
        let required = interrupted(&bench).await;
        let error = failed(complete(&bench, required.token.expose(), totp("000000")).await);
        assert!(matches!(error, CompleteOperationError::InvalidFactor), "{error:?}");
    }
    let required = interrupted(&bench).await;
    let error = failed(complete(&bench, required.token.expose(), totp(&code(&bench, &app))).await);
    assert!(matches!(error, CompleteOperationError::RateLimited(_)), "{error:?}");
    bench.clock.advance(limit::FACTOR.window);
    let required = interrupted(&bench).await;
    ok(complete(&bench, required.token.expose(), totp(&code(&bench, &app))).await);
}

#[tokio::test]
async fn a_changed_password_withdraws_what_the_earlier_one_began() {
    let Enrolled { bench, actor, app, .. } = enrolled().await;
    let required = interrupted(&bench).await;
    let current = Some(PasswordAttempt::new(PASSWORD));
    let command = ChangePassword { current, new: parsed("battery staple") };
    ok(bench.identity().change_password(&actor, command).await);
    let error = failed(complete(&bench, required.token.expose(), totp(&code(&bench, &app))).await);
    assert!(matches!(error, CompleteOperationError::InvalidToken), "{error:?}");
}

/// Does something that ends what the first factor has begun.
async fn withdraw(way: &str, bench: &Workbench, actor: &Actor) {
    let identity = bench.identity();
    match way {
        "sign out everywhere" => ok(identity.sign_out_everywhere(actor).await),
        "end the other sessions" => ok(identity.end_other_sessions(actor).await),
        "unlink a wallet" => ok(identity.unlink_wallet(actor, &wallet(1).account.address()).await),
        "decline a change of address" => {
            ok(identity.change_email(actor, parsed("new@example.com")).await);
            let mail = mail_to(bench, "user1@example.com", "confirm new@example.com").await;
            ok(confirm(&identity, PresentedProof::Decline(token_in(&mail)), None).await);
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_end_of_sessions_and_of_a_sign_in_method_withdraws_what_began_before() {
    for way in ["sign out everywhere", "end the other sessions", "unlink a wallet", "decline a change of address"] {
        let Enrolled { bench, actor, codes, .. } = enrolled().await;
        let required = interrupted(&bench).await;
        withdraw(way, &bench, &actor).await;
        let error = failed(complete(&bench, required.token.expose(), recovery(&codes[0])).await);
        assert!(matches!(error, CompleteOperationError::InvalidToken), "{way}: {error:?}");
        assert_eq!(sessions(&bench).await, 0, "{way}");
        // Only what began before is withdrawn.
        let again = interrupted(&bench).await;
        ok(complete(&bench, again.token.expose(), recovery(&codes[0])).await);
    }
}

/// Resets the password of user 1 with a mailed token.
async fn reset(bench: &Workbench) {
    let token = ResetToken::generate(&*bench.entropy);
    let (hash, email) = (FakeDigest.digest(token.expose()), some(user(1).email));
    let expires_at = bench.clock.now() + PasswordReset::TTL;
    bench.stores.add_password_reset(&PasswordReset { user: user_id(1), email, hash, expires_at }).await;
    let command = ResetPassword { token, password: parsed("battery staple"), origin: origin() };
    ok(bench.identity().reset_password(command).await);
}

#[tokio::test]
async fn a_reset_keeps_the_factors_of_a_verified_address_only() {
    for verified in [true, false] {
        let Enrolled { bench, codes, .. } = enrolled_as(verified).await;
        let required = interrupted(&bench).await;
        reset(&bench).await;
        let error = failed(complete(&bench, required.token.expose(), recovery(&codes[0])).await);
        assert!(matches!(error, CompleteOperationError::InvalidToken), "{error:?}");
        let command = login("battery staple", SessionRequest::default());
        match bench.identity().sign_in(command).await {
            Err(SignInError::MfaRequired(_)) => assert!(verified),
            Ok(_) => assert!(!verified),
            Err(other) => panic!("{other:?}"),
        }
        let status = ok(bench.stores.factors.factor_status(user_id(1)).await);
        assert_eq!((status.totp.is_some(), status.recovery_codes_left), (verified, if verified { 10 } else { 0 }));
        assert_eq!(bench.actions(None).await.contains(&"factor.removed".to_owned()), !verified);
    }
}
