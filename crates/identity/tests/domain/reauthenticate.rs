//! Reauthentication of a session.

use tessera_identity::{
    Reauthenticate, ReauthenticateError,
    model::{PasswordAttempt, SignInMethod, SignInMethods},
};
use tessera_kernel::{Actor, Clock as _};
use tessera_testkit::{
    Workbench,
    builders::{actor_by_key, api_key, application, organization_id, origin, user_id},
    expectations::{failed, ok},
};
use time::Duration;

use crate::refresh::{PASSWORD, session, signed_in};

fn password(text: &str) -> Reauthenticate {
    Reauthenticate { password: PasswordAttempt::new(text) }
}

/// User 1 with a session, and the actor of its token after that time.
async fn actor_after(bench: &Workbench, age: Duration) -> (tessera_identity::SignedIn, Actor) {
    let signed_in = signed_in(bench).await;
    bench.clock.advance(age);
    let principal = ok(bench.identity().authenticate(signed_in.token.expose()).await);
    (signed_in, Actor { principal, origin: origin() })
}

#[tokio::test]
async fn the_password_makes_the_authentication_recent_again() {
    let bench = Workbench::new();
    let (signed_in, actor) = actor_after(&bench, Duration::minutes(5)).await;
    assert!(!actor.is_recent());
    let done = ok(bench.identity().reauthenticate(&actor, password(PASSWORD)).await);
    assert_eq!(done.valid_until - done.at, Duration::minutes(5));
    assert!(bench.clock.now() - done.at < Duration::SECOND);
    let principal = ok(bench.identity().authenticate(signed_in.token.expose()).await);
    assert!(Actor { principal, origin: origin() }.is_recent());
    let session = session(&bench, &signed_in).await;
    assert_eq!((session.authenticated_at, session.methods), (done.at, SignInMethods::of(SignInMethod::Password)));
    assert!(bench.actions(None).await.contains(&"session.reauthenticated".to_owned()));
}

#[tokio::test]
async fn a_wrong_password_changes_nothing_and_is_audited() {
    let bench = Workbench::new();
    let (signed_in, actor) = actor_after(&bench, Duration::minutes(5)).await;
    let error = failed(bench.identity().reauthenticate(&actor, password("wrong")).await);
    assert!(matches!(error, ReauthenticateError::InvalidCredentials), "{error:?}");
    let session = session(&bench, &signed_in).await;
    assert_eq!(session.authenticated_at, session.created_at);
    assert_eq!(bench.actions(None).await.last().map(String::as_str), Some("session.refused"));
}

#[tokio::test]
async fn an_ended_session_cannot_be_reauthenticated() {
    let bench = Workbench::new();
    let (_, actor) = actor_after(&bench, Duration::ZERO).await;
    ok(bench.identity().sign_out(&actor).await);
    let error = failed(bench.identity().reauthenticate(&actor, password(PASSWORD)).await);
    assert!(matches!(error, ReauthenticateError::SessionEnded), "{error:?}");
}

#[tokio::test]
async fn an_application_has_no_session() {
    let bench = Workbench::new();
    let key = api_key(1, &application(1, organization_id(1)), user_id(1)).key;
    let error = failed(bench.identity().reauthenticate(&actor_by_key(&key), password(PASSWORD)).await);
    assert!(matches!(error, ReauthenticateError::NotAUser), "{error:?}");
}

#[test]
fn two_methods_or_a_passkey_are_two_factors() {
    let password = SignInMethods::of(SignInMethod::Password);
    assert!(
        !SignInMethods::default().is_mfa() && !password.is_mfa() && !password.with(SignInMethod::Password).is_mfa()
    );
    assert!(SignInMethods::of(SignInMethod::Passkey).is_mfa());
    assert!(password.and(SignInMethods::of(SignInMethod::Totp)).is_mfa());
    let email = SignInMethods::of(SignInMethod::Email);
    assert!(!email.is_mfa() && !email.and(password).is_mfa());
    assert!(email.with(SignInMethod::Totp).is_mfa() && email.with(SignInMethod::Wallet).is_mfa());
    let all = SignInMethod::ALL.into_iter().fold(SignInMethods::default(), SignInMethods::with);
    assert_eq!(all.to_string(), "password wallet passkey totp recovery_code email");
    assert_eq!((SignInMethods::from_bits(all.bits()), SignInMethods::from_bits(1 << 6)), (Some(all), None));
}
