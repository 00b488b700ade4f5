//! Refresh tokens.

use std::sync::Arc;

use tessera_identity::{
    Identity, IdentityPorts, IdentitySettings, Refresh, RefreshError, Refreshed, SignIn, SignedIn,
    model::{
        PasswordAttempt, RefreshChain, RefreshSecretId, RefreshSettings, RefreshToken, RefreshUse, RefreshUses,
        Session, SessionRequest, SessionState,
    },
};
use tessera_kernel::{Actor, Principal, RequestMetadata, Secret};
use tessera_testkit::{
    Workbench,
    builders::{NOW, device, origin},
    expectations::{failed, ok, parsed, some},
    fakes::{FakeDigest, FakeRefreshCodes},
};
use time::Duration;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// User 1, who signs in with a refresh token.
pub(crate) async fn signed_in(bench: &Workbench) -> SignedIn {
    let user = bench.user_with_password(1, PASSWORD).await;
    sign_in(&bench.identity(), some(user.email).as_str(), true).await
}

pub(crate) async fn sign_in(identity: &Identity, email: &str, refresh: bool) -> SignedIn {
    let session = SessionRequest { refresh, device_name: Some(parsed("Work laptop")) };
    let password = PasswordAttempt::new(PASSWORD);
    ok(identity
        .sign_in(SignIn { email: email.to_owned(), password, device: device(), origin: origin(), session })
        .await)
}

pub(crate) fn token_of(signed_in: &SignedIn) -> String {
    some(signed_in.refresh.as_ref()).token.to_text().expose().clone()
}

pub(crate) async fn refresh(identity: &Identity, token: &str) -> Result<Refreshed, RefreshError> {
    identity.refresh(Refresh { token: Secret::new(token.to_owned()), origin: origin() }).await
}

pub(crate) fn next(refreshed: &Refreshed) -> String {
    refreshed.refresh.token.to_text().expose().clone()
}

async fn is_rejected(identity: &Identity, token: &str) {
    let error = failed(refresh(identity, token).await);
    assert!(matches!(error, RefreshError::InvalidToken), "{error:?}");
}

pub(crate) async fn session(bench: &Workbench, signed_in: &SignedIn) -> Session {
    some(ok(bench.stores.identity.find_session(signed_in.session).await)).session
}

fn with(bench: &Workbench, settings: RefreshSettings) -> Identity {
    let settings = IdentitySettings { refresh: settings, ..Workbench::identity_settings() };
    Identity::new(bench.identity_ports(), settings)
}

#[tokio::test]
async fn a_sign_in_without_refresh_has_one_token_for_the_whole_session() {
    let bench = Workbench::new();
    let user = bench.user_with_password(1, PASSWORD).await;
    let signed_in = sign_in(&bench.identity(), some(user.email).as_str(), false).await;
    assert!(signed_in.refresh.is_none());
    let session = session(&bench, &signed_in).await;
    assert_eq!((session.refresh, session.expires_at), (None, signed_in.expires_at));
    assert_eq!(signed_in.expires_at - session.created_at, Duration::hours(12));
}

#[tokio::test]
async fn a_sign_in_with_refresh_has_a_short_token_and_a_long_session() {
    let bench = Workbench::new();
    let signed_in = signed_in(&bench).await;
    let session = session(&bench, &signed_in).await;
    assert_eq!(signed_in.expires_at - session.created_at, Duration::minutes(15));
    assert_eq!(session.expires_at - session.created_at, Duration::days(14));
    assert_eq!(some(signed_in.refresh.as_ref()).expires_at, session.expires_at);
    assert_eq!(session.shown_name(), "Work laptop");
    let text = token_of(&signed_in);
    assert!(text.len() == RefreshToken::LENGTH && text.starts_with("rt_"), "{text}");
    assert_eq!(some(session.refresh).generation, 0);
}

#[tokio::test]
async fn a_refresh_returns_the_next_token_and_a_new_access_token_of_the_session() {
    let bench = Workbench::new();
    let signed_in = signed_in(&bench).await;
    let first = token_of(&signed_in);
    bench.clock.advance(Duration::HOUR);
    let refreshed = ok(refresh(&bench.identity(), &first).await);
    assert_ne!(next(&refreshed), first);
    let principal = ok(bench.identity().authenticate(refreshed.token.expose()).await);
    assert!(matches!(principal, Principal::User { session, .. } if session == signed_in.session), "{principal:?}");
    let session = session(&bench, &signed_in).await;
    assert_eq!(session.last_used_at, NOW + Duration::HOUR);
    assert_eq!(refreshed.refresh.expires_at, session.expires_at);
    assert_eq!(session.expires_at - session.created_at, Duration::HOUR + Duration::days(14));
    assert_eq!(refreshed.expires_at - session.created_at, Duration::HOUR + Duration::minutes(15));
    ok(refresh(&bench.identity(), &next(&refreshed)).await);
    assert!(bench.actions(None).await.iter().all(|action| action != "session.refreshed"), "a refresh writes no entry");
}

#[tokio::test]
async fn a_refresh_records_the_client_address() {
    let bench = Workbench::new();
    let signed_in = signed_in(&bench).await;
    let elsewhere = RequestMetadata { address: Some(parsed("198.51.100.9")), ..origin() };
    let command = Refresh { token: Secret::new(token_of(&signed_in)), origin: elsewhere.clone() };
    ok(bench.identity().refresh(command).await);
    assert_eq!(session(&bench, &signed_in).await.address, elsewhere.address);
}

#[tokio::test]
async fn within_the_grace_period_every_earlier_token_returns_the_newest() {
    let bench = Workbench::new();
    let identity = bench.identity();
    let mut tokens = vec![token_of(&signed_in(&bench).await)];
    for _ in 0..3 {
        bench.clock.advance(Duration::seconds(3));
        tokens.push(next(&ok(refresh(&identity, &tokens[tokens.len() - 1]).await)));
    }
    for earlier in &tokens[..3] {
        assert_eq!(next(&ok(refresh(&identity, earlier).await)), tokens[3]);
    }
    // The first token was used 12 seconds ago, the second one 9, the third one 6.
    bench.clock.advance(Duration::seconds(6));
    assert_eq!(next(&ok(refresh(&identity, &tokens[1]).await)), tokens[3]);
    is_rejected(&identity, &tokens[0]).await;
    is_rejected(&identity, &tokens[3]).await;
}

#[tokio::test]
async fn reuse_after_the_grace_period_ends_the_session_and_is_notified_once() {
    let bench = Workbench::new();
    let identity = bench.identity();
    let signed_in = signed_in(&bench).await;
    let first = token_of(&signed_in);
    let refreshed = ok(refresh(&identity, &first).await);
    bench.clock.advance(Duration::seconds(10));
    for _ in 0..3 {
        is_rejected(&identity, &first).await;
    }
    is_rejected(&identity, &next(&refreshed)).await;
    assert!(identity.authenticate(refreshed.token.expose()).await.is_err());
    assert!(matches!(session(&bench, &signed_in).await.state, SessionState::Ended { .. }));
    let actions = bench.actions(None).await;
    assert_eq!(actions.iter().filter(|action| *action == "session.refresh_reused").count(), 1, "{actions:?}");
    let subjects: Vec<String> = bench.mails().await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["refresh token reused"]);
}

#[tokio::test]
async fn without_a_grace_period_the_second_use_is_reuse() {
    let bench = Workbench::new();
    let identity = with(&bench, RefreshSettings { grace: Duration::ZERO, ..RefreshSettings::default() });
    let first = token_of(&signed_in(&bench).await);
    let second = next(&ok(refresh(&identity, &first).await));
    let third = next(&ok(refresh(&identity, &second).await));
    is_rejected(&identity, &second).await;
    is_rejected(&identity, &third).await;
}

#[tokio::test]
async fn a_session_expires_when_it_is_idle_and_at_its_maximum() {
    let bench = Workbench::new();
    let settings = RefreshSettings { idle: Duration::hours(2), max: Duration::hours(5), ..RefreshSettings::default() };
    let identity = with(&bench, settings);
    let user = bench.user_with_password(1, PASSWORD).await;
    let mut token = token_of(&sign_in(&identity, some(user.email).as_str(), true).await);
    for _ in 0..4 {
        bench.clock.advance(Duration::HOUR);
        token = next(&ok(refresh(&identity, &token).await));
    }
    bench.clock.advance(Duration::minutes(55));
    let last = ok(refresh(&identity, &token).await);
    assert_eq!(last.refresh.expires_at, last.expires_at, "an access token does not outlive its session");
    bench.clock.advance(Duration::minutes(5));
    is_rejected(&identity, &next(&last)).await;
    let idle = token_of(&sign_in(&identity, "user1@example.com", true).await);
    bench.clock.advance(Duration::hours(2));
    is_rejected(&identity, &idle).await;
}

#[tokio::test]
async fn tokens_that_are_not_of_a_live_session_are_rejected_alike() {
    let bench = Workbench::new();
    let identity = bench.identity();
    let signed_in = signed_in(&bench).await;
    let token = token_of(&signed_in);
    let forged: RefreshToken = parsed(&token);
    let forged =
        [RefreshToken::new(forged.family.clone(), 1, &[7; 32]), RefreshToken::new(forged.family.clone(), 0, &[7; 32])];
    let forged = forged.map(|forged| forged.to_text().expose().clone());
    for text in ["", "rt_", &token[1..], &token.replace("rt_", "ask_"), &format!("{token}0"), &forged[0], &forged[1]] {
        is_rejected(&identity, text).await;
    }
    assert_eq!(session(&bench, &signed_in).await.state, SessionState::Open, "a forged token ends nothing");
    let principal = ok(identity.authenticate(signed_in.token.expose()).await);
    ok(identity.sign_out(&Actor { principal, origin: origin() }).await);
    is_rejected(&identity, &token).await;
}

#[tokio::test]
async fn a_session_continues_with_its_secret_after_a_newer_one_was_added() {
    let bench = Workbench::new();
    let old = token_of(&signed_in(&bench).await);
    let ports = IdentityPorts { refresh_codes: Arc::new(FakeRefreshCodes(2)), ..bench.identity_ports() };
    let identity = Identity::new(ports, Workbench::identity_settings());
    let second = next(&ok(refresh(&identity, &old).await));
    // A node that does not have the newer secret yet computes the same successor.
    assert_eq!(next(&ok(refresh(&bench.identity(), &old).await)), second);
    let new = sign_in(&identity, "user1@example.com", true).await;
    assert_eq!(some(session(&bench, &new).await.refresh).secret, RefreshSecretId(2));
    ok(refresh(&identity, &token_of(&new)).await);
}

#[tokio::test]
async fn an_access_token_of_the_same_session_lives_no_longer_than_others() {
    let bench = Workbench::new();
    let signed_in = signed_in(&bench).await;
    let principal = ok(bench.identity().authenticate(signed_in.token.expose()).await);
    bench.clock.advance(Duration::minutes(10));
    let continued = ok(bench.identity().continue_session(&Actor { principal, origin: origin() }).await);
    assert!(continued.refresh.is_none());
    assert_eq!(continued.expires_at, signed_in.expires_at + Duration::minutes(10));
}

fn chain() -> RefreshChain {
    RefreshChain::new(tessera_kernel::SecretDigest::digest(&FakeDigest, "family"), RefreshSecretId(1))
}

#[test]
fn many_generations_in_one_grace_period_stay_in_it() {
    let grace = Duration::seconds(10);
    let (mut chain, mut at) = (chain(), NOW);
    for _ in 0..1_000 {
        chain = chain.rotated(at, grace);
        at += Duration::milliseconds(9);
        assert!(chain.uses.entries().len() <= RefreshUses::MOST);
    }
    for generation in 0..1_000 {
        assert_eq!(chain.judge(generation, at, grace), RefreshUse::Repeated, "{generation}");
    }
    assert_eq!(chain.judge(1_000, at, grace), RefreshUse::First);
    assert_eq!(chain.judge(1_001, at, grace), RefreshUse::Unknown);
    // The times of neighbours differ by less than a second, so the first ones are over soon after their time.
    let later = NOW + grace + Duration::seconds(1);
    assert_eq!(chain.judge(0, later, grace), RefreshUse::Reused);
    assert_eq!(chain.judge(999, later, grace), RefreshUse::Repeated);
    assert_eq!(chain.rotated(later + Duration::HOUR, grace).uses.entries().len(), 2);
}
