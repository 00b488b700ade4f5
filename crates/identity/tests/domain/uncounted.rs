//! Limits that cannot be counted: nothing is checked, hashed or sent.

use std::{fmt::Debug, sync::Arc};

use tessera_identity::{
    ChangePassword, CompleteOperation, Identity, IdentityPorts, IdentitySettings, PresentedFactor, Reauthenticate,
    RequestPasswordReset, ResendVerification, SignIn, SignInError,
    model::{PasswordAttempt, RegistrationMode, SessionRequest},
};
use tessera_kernel::{Actor, Counted, InvitedUser, RateLimit, RateLimitError, RateLimits, Secret, StoreError};
use tessera_outbox::Mail;
use tessera_testkit::{
    Workbench, async_trait,
    builders::{actor_with, device, origin, session},
    expectations::{failed, ok, parsed, some},
};

use crate::{
    addresses::{PASSWORD, by_code, by_token, confirm, mail_to, mails, registration},
    factors::code,
};

const EMAIL: &str = "ada@example.com";

/// Counters whose storage is unavailable.
struct Unavailable;

fn unavailable() -> StoreError {
    StoreError::Unavailable("gone".into())
}

#[async_trait]
impl RateLimits for Unavailable {
    async fn count_all(&self, _: &[(RateLimit, String)]) -> Result<Vec<Counted>, RateLimitError> {
        Err(unavailable().into())
    }

    async fn give_back_all(&self, _: &[(Counted, String)]) -> Result<(), StoreError> {
        Err(unavailable())
    }
}

fn uncounted(bench: &Workbench, registration: RegistrationMode) -> Identity {
    let ports = IdentityPorts { limits: Arc::new(Unavailable), ..bench.identity_ports() };
    Identity::new(ports, IdentitySettings { registration, ..Workbench::identity_settings() })
}

fn login(email: &str) -> SignIn {
    let (password, session) = (PasswordAttempt::new(PASSWORD), SessionRequest::default());
    SignIn { email: email.to_owned(), password, device: device(), origin: origin(), session }
}

#[track_caller]
fn is_unavailable<T: Debug, E: Debug>(result: Result<T, E>) {
    let error = format!("{:?}", failed(result));
    assert!(error.starts_with("Store(Unavailable("), "{error}");
}

/// The hashes, the comparisons, the mails and the audit entries so far.
async fn effects(bench: &Workbench) -> [usize; 4] {
    [bench.hasher.hashed(), bench.hasher.verified(), mails(bench).await.len(), bench.actions(None).await.len()]
}

/// Registers a user with a session. Returns the user, and the mail about the address.
async fn registered(bench: &Workbench) -> (Actor, Mail) {
    let user = ok(bench.identity().register(registration(EMAIL)).await);
    let mail = mail_to(bench, EMAIL, "verify").await;
    let session = session(1, user.id);
    bench.stores.add_session(&session).await;
    (actor_with(&session), mail)
}

#[tokio::test]
async fn a_password_that_cannot_be_counted_is_not_checked_s35() {
    let bench = Workbench::new();
    let (actor, mail) = registered(&bench).await;
    let identity = uncounted(&bench, RegistrationMode::Open);
    let before = effects(&bench).await;
    for email in [EMAIL, "unknown@example.com"] {
        is_unavailable(identity.sign_in(login(email)).await);
    }
    let password = || PasswordAttempt::new(PASSWORD);
    is_unavailable(identity.reauthenticate(&actor, Reauthenticate { password: password() }).await);
    let change = ChangePassword { current: Some(password()), new: parsed("battery staple") };
    is_unavailable(identity.change_password(&actor, change).await);
    is_unavailable(confirm(&identity, by_token(&mail, Some(PASSWORD)), None).await);
    let guest = InvitedUser {
        email: parsed(EMAIL),
        password: Some(Secret::new(PASSWORD.to_owned())),
        display_name: None,
        user_agent: None,
        origin: origin(),
    };
    is_unavailable(Workbench::provision_account(&identity, &guest).await);
    assert_eq!(effects(&bench).await, before);
}

#[tokio::test]
async fn a_code_that_cannot_be_counted_is_not_checked_s35() {
    let bench = Workbench::new();
    let (actor, mail) = registered(&bench).await;
    let identity = uncounted(&bench, RegistrationMode::Open);
    is_unavailable(confirm(&identity, by_code(&mail), Some(&actor)).await);
    let started = ok(bench.identity().start_totp(&actor).await);
    is_unavailable(identity.confirm_totp(&actor, &code(&bench, &started)).await);
    let codes = some(ok(bench.identity().confirm_totp(&actor, &code(&bench, &started)).await));
    let required = match failed(bench.identity().sign_in(login(EMAIL)).await) {
        SignInError::MfaRequired(required) => required,
        other => panic!("{other:?}"),
    };
    let command = || CompleteOperation {
        token: required.token.expose().clone(),
        factor: PresentedFactor::RecoveryCode(codes[0].grouped()),
        device: device(),
        origin: origin(),
    };
    is_unavailable(identity.complete_operation(command()).await);
    ok(bench.identity().complete_operation(command()).await);
}

#[tokio::test]
async fn a_mail_that_cannot_be_counted_is_not_sent_s35() {
    let bench = Workbench::new();
    let user = ok(bench.identity().register(registration(EMAIL)).await);
    let session = session(1, user.id);
    bench.stores.add_session(&session).await;
    let (actor, identity) = (actor_with(&session), uncounted(&bench, RegistrationMode::Open));
    let before = effects(&bench).await;
    is_unavailable(identity.register(registration("eve@example.com")).await);
    let verified = uncounted(&bench, RegistrationMode::Verified);
    is_unavailable(verified.request_registration(registration("eve@example.com")).await);
    let command = RequestPasswordReset { email: EMAIL.to_owned(), origin: origin() };
    is_unavailable(identity.request_password_reset(command).await);
    is_unavailable(identity.resend_verification(ResendVerification::User(actor.clone())).await);
    is_unavailable(identity.change_email(&actor, parsed("new@example.com")).await);
    assert_eq!(ok(bench.identity().process_reset_requests(100).await), 0);
    assert_eq!(effects(&bench).await, before);
}
