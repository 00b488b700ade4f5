//! Authenticator apps and recovery codes of an account.

use tessera_identity::{
    ConfirmTotpError, RemoveTotpError, ReplaceRecoveryCodesError, SessionError, StartTotpError, StartedTotp,
    model::{FactorStatus, RecoveryCode, Session, SignInMethod, TotpCode, TotpEnrollment, TotpSecret},
};
use tessera_kernel::{Actor, Clock as _, Outcome, Role, limit};
use tessera_testkit::{
    Workbench,
    builders::{actor_at, actor_with, key_actor, membership, organization, session, session_id, user, user_id},
    expectations::{failed, ok, parsed, some},
    fakes::FakeTotp,
};
use time::Duration;

/// User 1 in a session that starts now.
async fn with_user() -> (Workbench, Actor) {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    let session = session(1, user_id(1));
    bench.stores.add_session(&session).await;
    (bench, actor_with(&session))
}

/// The code that the app shows now.
pub(crate) fn code(bench: &Workbench, started: &StartedTotp) -> String {
    FakeTotp::code_at(&started.provisioning, bench.clock.now())
}

/// Adds an app with recovery codes, and waits for the next time step.
pub(crate) async fn enroll(bench: &Workbench, actor: &Actor) -> (StartedTotp, Vec<RecoveryCode>) {
    let started = ok(bench.identity().start_totp(actor).await);
    let codes = some(ok(bench.identity().confirm_totp(actor, &code(bench, &started)).await));
    bench.clock.advance(Duration::seconds(30));
    (started, codes)
}

async fn session_1(bench: &Workbench) -> Session {
    some(ok(bench.stores.identity.find_session(session_id(1)).await)).session
}

#[tokio::test]
async fn a_confirmed_app_is_a_factor_and_gives_the_session_mfa() {
    let (bench, actor) = with_user().await;
    let before = session_1(&bench).await;
    assert!(!before.methods.is_mfa());
    let started = ok(bench.identity().start_totp(&actor).await);
    assert_eq!(started.expires_at, bench.clock.now() + TotpEnrollment::TTL);
    assert_eq!(ok(bench.identity().view_factors(&actor).await), FactorStatus::default());
    bench.clock.advance(Duration::minutes(1));
    let codes = some(ok(bench.identity().confirm_totp(&actor, &code(&bench, &started)).await));
    assert_eq!(codes.len(), RecoveryCode::COUNT);
    let status = ok(bench.identity().view_factors(&actor).await);
    assert_eq!((status.totp, status.recovery_codes_left), (Some(bench.clock.now()), 10));
    let after = session_1(&bench).await;
    assert!(after.methods.is_mfa() && after.methods.contains(SignInMethod::Totp));
    // The code of a new app is no proof of who the user is.
    assert_eq!(after.authenticated_at, before.authenticated_at);
    assert_eq!(bench.actions(None).await, ["factor.added"]);
    assert_eq!(some(bench.mails().await.first().cloned()).subject, "factor totp added");
}

#[tokio::test]
async fn a_wrong_code_adds_nothing_and_is_audited() {
    let (bench, actor) = with_user().await;
    let started = ok(bench.identity().start_totp(&actor).await);
    let right: u32 = ok(code(&bench, &started).parse());
    let wrong = format!("{:06}", (right + 5) % 1_000_000);
    for text in [wrong.as_str(), "", "12345", "１２３４５６", "abcdef"] {
        let error = failed(bench.identity().confirm_totp(&actor, text).await);
        assert!(matches!(error, ConfirmTotpError::WrongCode), "{text:?}: {error:?}");
    }
    assert_eq!(ok(bench.identity().view_factors(&actor).await), FactorStatus::default());
    let events = bench.events(None).await;
    assert!(events.iter().all(|event| event.name == "factor.rejected" && event.outcome == Outcome::Refused));
    // The enrollment is still there.
    ok(bench.identity().confirm_totp(&actor, &code(&bench, &started)).await);
}

#[tokio::test]
async fn an_enrollment_expires_and_is_replaced() {
    let (bench, actor) = with_user().await;
    let first = ok(bench.identity().start_totp(&actor).await);
    let second = ok(bench.identity().start_totp(&actor).await);
    let error = failed(bench.identity().confirm_totp(&actor, &code(&bench, &first)).await);
    assert!(matches!(error, ConfirmTotpError::WrongCode), "{error:?}");
    bench.clock.advance(TotpEnrollment::TTL);
    let error = failed(bench.identity().confirm_totp(&actor, &code(&bench, &second)).await);
    assert!(matches!(error, ConfirmTotpError::WrongCode), "{error:?}");
}

#[tokio::test]
async fn wrong_codes_are_limited_and_correct_ones_are_given_back() {
    let (bench, actor) = with_user().await;
    let started = ok(bench.identity().start_totp(&actor).await);
    for _ in 1..limit::FACTOR.quota {
        failed(bench.identity().confirm_totp(&actor, "x").await);
    }
    ok(bench.identity().confirm_totp(&actor, &code(&bench, &started)).await);
    let error = failed(bench.identity().confirm_totp(&actor, "x").await);
    assert!(matches!(error, ConfirmTotpError::WrongCode), "{error:?}");
    let error = failed(bench.identity().confirm_totp(&actor, "x").await);
    assert!(matches!(error, ConfirmTotpError::RateLimited(limited) if limited.limit == limit::FACTOR), "{error:?}");
}

#[tokio::test]
async fn a_user_has_one_app() {
    let (bench, actor) = with_user().await;
    enroll(&bench, &actor).await;
    let error = failed(bench.identity().start_totp(&actor).await);
    assert!(matches!(error, StartTotpError::Exists), "{error:?}");
    ok(bench.identity().remove_totp(&actor).await);
    ok(bench.identity().start_totp(&actor).await);
}

#[tokio::test]
async fn the_recovery_codes_go_with_the_last_factor() {
    let (bench, actor) = with_user().await;
    enroll(&bench, &actor).await;
    assert!(session_1(&bench).await.methods.is_mfa());
    ok(bench.identity().remove_totp(&actor).await);
    // Nor does the session stay in an organization that requires MFA.
    assert!(!session_1(&bench).await.methods.is_mfa());
    assert_eq!(ok(bench.identity().view_factors(&actor).await), FactorStatus::default());
    assert_eq!(bench.actions(None).await, ["factor.added", "factor.removed"]);
    let error = failed(bench.identity().remove_totp(&actor).await);
    assert!(matches!(error, RemoveTotpError::NotFound), "{error:?}");
    let error = failed(bench.identity().replace_recovery_codes(&actor).await);
    assert!(matches!(error, ReplaceRecoveryCodesError::NoFactor), "{error:?}");
}

#[tokio::test]
async fn replaced_recovery_codes_are_new_ones() {
    let (bench, actor) = with_user().await;
    let (_, before) = enroll(&bench, &actor).await;
    let after = ok(bench.identity().replace_recovery_codes(&actor).await);
    assert_eq!(after.len(), RecoveryCode::COUNT);
    assert!(after.iter().all(|code| !before.contains(code)));
    assert_eq!(bench.actions(None).await, ["factor.added", "factor.codes_replaced"]);
}

#[tokio::test]
async fn changes_of_factors_require_recent_authentication_and_a_live_session() {
    let (bench, actor) = with_user().await;
    enroll(&bench, &actor).await;
    bench.clock.advance(Duration::minutes(5));
    let old = actor_at(&session_1(&bench).await, bench.clock.now());
    let identity = bench.identity();
    let start = match failed(identity.start_totp(&old).await) {
        StartTotpError::Session(error) => error,
        other => panic!("{other:?}"),
    };
    let remove = match failed(identity.remove_totp(&old).await) {
        RemoveTotpError::Session(error) => error,
        other => panic!("{other:?}"),
    };
    let replace = match failed(identity.replace_recovery_codes(&old).await) {
        ReplaceRecoveryCodesError::Session(error) => error,
        other => panic!("{other:?}"),
    };
    for error in [start, remove, replace] {
        assert!(matches!(error, SessionError::ReauthenticationRequired), "{error:?}");
    }
    ok(identity.sign_out(&actor).await);
    let error = failed(identity.start_totp(&actor).await);
    assert!(matches!(error, StartTotpError::Session(SessionError::SessionEnded)), "{error:?}");
    let error = failed(identity.view_factors(&key_actor()).await);
    assert!(matches!(error, SessionError::NotAUser), "{error:?}");
}

#[tokio::test]
async fn the_status_names_organizations_that_require_mfa() {
    let (bench, actor) = with_user().await;
    let mut required = organization(1);
    required.mfa_required = true;
    bench.stores.add_organizations([&required]).await;
    bench.stores.add_memberships([&membership(required.id, user_id(1), Role::Member)]).await;
    assert_eq!(ok(bench.identity().view_factors(&actor).await).required_by, [required.id]);
}

#[test]
fn codes_are_read_in_the_forms_in_which_people_type_them() {
    let code: TotpCode = parsed(" 123 456 ");
    assert_eq!(code.expose(), "123456");
    for text in ["", "12345", "1234567", "12345a", "１２３４５６", "-12345"] {
        assert!(text.parse::<TotpCode>().is_err(), "{text:?}");
    }
    let code: RecoveryCode = parsed("7KQ2-M4XD-9H0R-TB5W");
    for text in ["7kq2m4xd9h0rtb5w", "7kq2 m4xd 9hor tb5w", "7KQ2-M4XD-9HORTB5W-", " 7KQ2--M4XD-9H0R-TB5W"] {
        assert_eq!(parsed::<RecoveryCode>(text), code, "{text:?}");
    }
    let ones: RecoveryCode = parsed("ilIL-1111-1111-1111");
    assert_eq!(ones.grouped(), "1111-1111-1111-1111");
    for text in ["", "7KQ2-M4XD-9H0R-TB5", "7KQ2-M4XD-9H0R-TB5WX", "7KQ2-M4XD-9H0R-TB5U", "7KQ2-M4XD-9H0R-TBßW"] {
        assert!(text.parse::<RecoveryCode>().is_err(), "{text:?}");
    }
}

#[test]
fn secrets_are_not_printed() {
    let bench = Workbench::new();
    let code = RecoveryCode::generate(&*bench.entropy);
    let secret = TotpSecret::generate(&*bench.entropy);
    let totp: TotpCode = parsed("123456");
    let printed = format!("{code:?} {secret:?} {totp:?}");
    assert!(!printed.contains(code.expose()) && !printed.contains("123456"), "{printed}");
    assert_eq!(code.grouped().len(), 19);
}
