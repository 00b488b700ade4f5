//! Passkeys: adding, removing, signing in, and reauthentication.

use tessera_identity::{
    AddPasskey, AddPasskeyError, ReauthenticateWithPasskeyError, RemovePasskeyError, SessionError, SignInWithPasskey,
    SignInWithPasskeyError, SignedIn, StartCeremonyError, UnlinkWalletError,
    model::{Ceremony, Passkey, PasskeyProof, SessionRequest, SignInMethod, StartedCeremony},
};
use tessera_kernel::{Actor, Outcome, UserId};
use tessera_testkit::{
    Workbench,
    builders::{actor_with, bare_user, device, origin, passkey, session, user, user_id, wallet},
    concurrency::concurrently,
    expectations::{failed, ok, parsed, some},
    fakes::FakePasskey,
};
use time::Duration;

fn actor() -> Actor {
    actor_with(&session(1, user_id(1)))
}

/// The authenticator of user 1.
fn authenticator(number: u32) -> FakePasskey {
    FakePasskey::of(number, user_id(1))
}

/// Users 1 and 2 without a password, each in a session that starts now.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1), &user(2)]).await;
    for number in [1, 2] {
        bench.stores.add_session(&session(number, user_id(number))).await;
    }
    bench
}

fn proof(started: &StartedCeremony, authenticator: FakePasskey) -> PasskeyProof {
    PasskeyProof { ceremony: started.id.to_string(), credential: authenticator.answer(&started.options) }
}

async fn start(bench: &Workbench) -> StartedCeremony {
    ok(bench.identity().start_passkey_sign_in(&origin()).await)
}

async fn sign_in_with(bench: &Workbench, proof: PasskeyProof) -> Result<SignedIn, SignInWithPasskeyError> {
    let session = SessionRequest::default();
    let command = SignInWithPasskey { proof, device: device(), origin: origin(), session };
    bench.identity().sign_in_with_passkey(command).await
}

async fn sign_in(bench: &Workbench, authenticator: FakePasskey) -> Result<SignedIn, SignInWithPasskeyError> {
    let started = start(bench).await;
    sign_in_with(bench, proof(&started, authenticator)).await
}

async fn is_refused(bench: &Workbench, proof: PasskeyProof) {
    let error = failed(sign_in_with(bench, proof).await);
    assert!(matches!(error, SignInWithPasskeyError::InvalidCredentials), "{error:?}");
}

async fn add(bench: &Workbench, authenticator: FakePasskey) -> Result<Passkey, AddPasskeyError> {
    let started = ok(bench.identity().start_adding_passkey(&actor()).await);
    finish(bench, &actor(), proof(&started, authenticator)).await
}

async fn finish(bench: &Workbench, actor: &Actor, proof: PasskeyProof) -> Result<Passkey, AddPasskeyError> {
    let added = bench.identity().add_passkey(actor, AddPasskey { proof, name: None, device: device() }).await;
    added.map(|added| added.passkey)
}

async fn passkeys_of(bench: &Workbench, user: UserId) -> Vec<Passkey> {
    ok(bench.stores.passkeys.list_passkeys(user).await)
}

#[tokio::test]
async fn an_added_passkey_signs_in_without_a_password() {
    let bench = bench().await;
    let added = ok(add(&bench, authenticator(1)).await);
    assert_eq!(added.name, parsed("Firefox on Linux"));
    assert_eq!(ok(bench.identity().list_passkeys(&actor()).await), std::slice::from_ref(&added));
    bench.clock.advance(Duration::seconds(1));
    let signed_in = ok(sign_in(&bench, authenticator(1)).await);
    assert_eq!(signed_in.user.id, user_id(1));
    let opened = some(ok(bench.stores.identity.find_session(signed_in.session).await)).session;
    assert!(opened.methods.contains(SignInMethod::Passkey) && opened.methods.is_mfa());
    assert!(passkeys_of(&bench, user_id(1)).await[0].last_used_at.is_some());
    assert_eq!(bench.actions(None).await, ["factor.added", "session.started"]);
    let details = bench.events(None).await[0].details.clone();
    let expected = [("factor", "passkey".to_owned()), ("passkey_id", added.id.to_string())];
    assert_eq!(details, expected.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(bench.mails().await[0].subject, "passkey added");
}

#[tokio::test]
async fn a_passkey_gets_the_chosen_name() {
    let bench = bench().await;
    let started = ok(bench.identity().start_adding_passkey(&actor()).await);
    let name = Some(parsed("Phone"));
    let command = AddPasskey { proof: proof(&started, authenticator(1)), name, device: device() };
    assert_eq!(ok(bench.identity().add_passkey(&actor(), command).await).passkey.name, parsed("Phone"));
}

#[tokio::test]
async fn a_ceremony_is_valid_once_and_for_five_minutes() {
    let bench = bench().await;
    bench.stores.add_passkeys([&passkey(1, user_id(1))]).await;
    let started = start(&bench).await;
    ok(sign_in_with(&bench, proof(&started, authenticator(1))).await);
    is_refused(&bench, proof(&started, authenticator(1))).await;
    let late = start(&bench).await;
    bench.clock.advance(Ceremony::TTL);
    is_refused(&bench, proof(&late, authenticator(1))).await;
    let in_time = start(&bench).await;
    bench.clock.advance(Ceremony::TTL - Duration::microseconds(1));
    ok(sign_in_with(&bench, proof(&in_time, authenticator(1))).await);
}

#[tokio::test]
async fn a_failed_attempt_consumes_the_ceremony() {
    let bench = bench().await;
    bench.stores.add_passkeys([&passkey(1, user_id(1))]).await;
    let started = start(&bench).await;
    is_refused(&bench, proof(&started, FakePasskey { valid: false, ..authenticator(1) })).await;
    is_refused(&bench, proof(&started, authenticator(1))).await;
    let events = bench.events(None).await;
    assert_eq!(events.len(), 1, "an unknown ceremony writes nothing");
    assert_eq!((events[0].name.as_str(), events[0].outcome), ("session.refused", Outcome::Refused));
    assert_eq!(events[0].subject, Some(user_id(1).as_uuid()));
}

#[tokio::test]
async fn wrong_answers_have_one_error() {
    let bench = bench().await;
    bench.stores.add_passkeys([&Passkey { counter: 5, ..passkey(1, user_id(1)) }]).await;
    let counted = FakePasskey { counter: 6, ..authenticator(1) };
    let old = start(&bench).await;
    for wrong in [
        FakePasskey { valid: false, ..counted },
        FakePasskey { number: 2, ..counted },
        FakePasskey { user: Some(user_id(2)), ..counted },
        FakePasskey { user: None, ..counted },
        FakePasskey { counter: 5, ..counted },
        FakePasskey { counter: 0, ..counted },
    ] {
        is_refused(&bench, proof(&start(&bench).await, wrong)).await;
    }
    // The answer to another ceremony, and ids of no ceremony.
    let answer = proof(&old, counted);
    is_refused(&bench, PasskeyProof { ceremony: start(&bench).await.id.to_string(), ..answer.clone() }).await;
    for ceremony in ["", "none", "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e"] {
        is_refused(&bench, PasskeyProof { ceremony: ceremony.to_owned(), ..answer.clone() }).await;
    }
    ok(sign_in_with(&bench, answer).await);
}

#[tokio::test]
async fn a_ceremony_is_valid_only_for_its_purpose() {
    let bench = bench().await;
    bench.stores.add_passkeys([&passkey(1, user_id(1))]).await;
    let identity = bench.identity();
    let adding = ok(identity.start_adding_passkey(&actor()).await);
    is_refused(&bench, proof(&adding, authenticator(1))).await;
    let second = some(ok(identity.start_second_factor(user_id(1), &origin()).await));
    is_refused(&bench, proof(&second, authenticator(1))).await;
    let signing_in = start(&bench).await;
    let error = failed(finish(&bench, &actor(), proof(&signing_in, authenticator(2))).await);
    assert!(matches!(error, AddPasskeyError::Invalid), "{error:?}");
    let signing_in = start(&bench).await;
    assert!(!ok(identity.check_second_factor(user_id(1), &proof(&signing_in, authenticator(1))).await));
}

#[tokio::test]
async fn only_the_session_that_started_can_add() {
    let bench = bench().await;
    let started = ok(bench.identity().start_adding_passkey(&actor()).await);
    let other = actor_with(&session(2, user_id(2)));
    let error = failed(finish(&bench, &other, proof(&started, authenticator(1))).await);
    assert!(matches!(error, AddPasskeyError::Invalid), "{error:?}");
    assert_eq!(bench.actions(None).await, ["factor.rejected"]);
    assert!(passkeys_of(&bench, user_id(1)).await.is_empty() && passkeys_of(&bench, user_id(2)).await.is_empty());
}

#[tokio::test]
async fn an_invalid_credential_is_not_added() {
    let bench = bench().await;
    let error = failed(add(&bench, FakePasskey { valid: false, ..authenticator(1) }).await);
    assert!(matches!(error, AddPasskeyError::Invalid), "{error:?}");
    assert_eq!(bench.actions(None).await, ["factor.rejected"]);
}

#[tokio::test]
async fn a_credential_of_any_user_is_taken() {
    let bench = bench().await;
    bench.stores.add_passkeys([&passkey(1, user_id(1)), &passkey(2, user_id(2))]).await;
    for number in [1, 2] {
        let error = failed(add(&bench, authenticator(number)).await);
        assert!(matches!(error, AddPasskeyError::Taken), "{error:?}");
    }
    assert_eq!(bench.mails().await, []);
}

#[tokio::test]
async fn changes_require_recent_authentication() {
    let bench = bench().await;
    bench.stores.add_passkeys([&passkey(1, user_id(1)), &passkey(2, user_id(1))]).await;
    let started = ok(bench.identity().start_adding_passkey(&actor()).await);
    bench.clock.advance(Duration::minutes(5) - Duration::SECOND);
    let late = ok(bench.identity().start_adding_passkey(&actor()).await);
    bench.clock.advance(Duration::seconds(2));
    let error = failed(finish(&bench, &actor(), proof(&late, authenticator(3))).await);
    assert!(matches!(error, AddPasskeyError::Session(SessionError::ReauthenticationRequired)), "{error:?}");
    let error = failed(bench.identity().start_adding_passkey(&actor()).await);
    assert!(matches!(error, StartCeremonyError::Session(SessionError::ReauthenticationRequired)), "{error:?}");
    let error = failed(bench.identity().remove_passkey(&actor(), passkey(1, user_id(1)).id).await);
    assert!(matches!(error, RemovePasskeyError::Session(SessionError::ReauthenticationRequired)), "{error:?}");
    let error = failed(finish(&bench, &actor(), proof(&started, authenticator(3))).await);
    assert!(matches!(error, AddPasskeyError::Invalid), "{error:?}");
}

#[tokio::test]
async fn a_user_has_at_most_twenty_passkeys() {
    let bench = bench().await;
    let identity = bench.identity();
    let most = u32::try_from(Passkey::MOST).unwrap_or_default();
    let stored: Vec<Passkey> = (1..most).map(|number| passkey(number, user_id(1))).collect();
    bench.stores.add_passkeys(&stored).await;
    let mut proofs = Vec::new();
    for number in 100..104 {
        proofs.push(proof(&ok(identity.start_adding_passkey(&actor()).await), authenticator(number)));
    }
    let added = concurrently(4, |number| {
        let (identity, proof) = (bench.identity(), proofs[number as usize].clone());
        async move { identity.add_passkey(&actor(), AddPasskey { proof, name: None, device: device() }).await.is_ok() }
    })
    .await;
    assert_eq!(added.into_iter().filter(|added| *added).count(), 1);
    assert_eq!(passkeys_of(&bench, user_id(1)).await.len() as u64, Passkey::MOST);
    let error = failed(identity.start_adding_passkey(&actor()).await);
    assert!(matches!(error, StartCeremonyError::TooMany), "{error:?}");
}

#[tokio::test]
async fn of_twenty_uses_of_one_ceremony_one_signs_in() {
    let bench = bench().await;
    bench.stores.add_passkeys([&passkey(1, user_id(1))]).await;
    let answer = proof(&start(&bench).await, authenticator(1));
    let attempts = concurrently(20, |_| {
        let (identity, proof) = (bench.identity(), answer.clone());
        let session = SessionRequest::default();
        let command = SignInWithPasskey { proof, device: device(), origin: origin(), session };
        async move { identity.sign_in_with_passkey(command).await.is_ok() }
    });
    assert_eq!(attempts.await.into_iter().filter(|signed_in| *signed_in).count(), 1);
}

#[tokio::test]
async fn a_removed_passkey_signs_in_no_more() {
    let bench = bench().await;
    let (first, second) = (passkey(1, user_id(1)), passkey(2, user_id(1)));
    bench.stores.add_passkeys([&first, &second, &passkey(3, user_id(2))]).await;
    let identity = bench.identity();
    let started = start(&bench).await;
    ok(identity.remove_passkey(&actor(), first.id).await);
    is_refused(&bench, proof(&started, authenticator(1))).await;
    for not_theirs in [first.id, passkey(3, user_id(2)).id] {
        let error = failed(identity.remove_passkey(&actor(), not_theirs).await);
        assert!(matches!(error, RemovePasskeyError::NotFound), "{error:?}");
    }
    assert_eq!(bench.actions(None).await, ["factor.removed", "session.refused"]);
    assert_eq!(bench.mails().await[0].subject, "passkey removed");
    assert_eq!(passkeys_of(&bench, user_id(1)).await, [second]);
}

#[tokio::test]
async fn the_last_sign_in_method_stays() {
    let bench = Workbench::new();
    bench.stores.add_users([&bare_user(1)]).await;
    bench.stores.add_session(&session(1, user_id(1))).await;
    let (only, identity) = (passkey(1, user_id(1)), bench.identity());
    bench.stores.add_passkeys([&only]).await;
    let error = failed(identity.remove_passkey(&actor(), only.id).await);
    assert!(matches!(error, RemovePasskeyError::LastSignInMethod), "{error:?}");
    assert_eq!(passkeys_of(&bench, user_id(1)).await, std::slice::from_ref(&only));
    // With a wallet, either of both can go, and then the other one stays.
    bench.stores.add_wallets(user_id(1), [&wallet(1)]).await;
    ok(identity.unlink_wallet(&actor(), &wallet(1).account.address()).await);
    bench.stores.add_wallets(user_id(1), [&wallet(1)]).await;
    ok(identity.remove_passkey(&actor(), only.id).await);
    let error = failed(identity.unlink_wallet(&actor(), &wallet(1).account.address()).await);
    assert!(matches!(error, UnlinkWalletError::LastSignInMethod), "{error:?}");
}

#[tokio::test]
async fn a_password_with_an_address_is_another_sign_in_method() {
    let bench = Workbench::new();
    bench.user_with_password(1, "correct horse").await;
    bench.stores.add_session(&session(1, user_id(1))).await;
    bench.stores.add_passkeys([&passkey(1, user_id(1))]).await;
    ok(bench.identity().remove_passkey(&actor(), passkey(1, user_id(1)).id).await);
}

#[tokio::test]
async fn a_passkey_reauthenticates_its_session() {
    let bench = bench().await;
    bench.stores.add_passkeys([&passkey(1, user_id(1)), &passkey(2, user_id(2))]).await;
    let identity = bench.identity();
    bench.clock.advance(Duration::hours(1));
    let wrong = proof(&start(&bench).await, FakePasskey::of(2, user_id(2)));
    let error = failed(identity.reauthenticate_with_passkey(&actor(), &wrong).await);
    assert!(matches!(error, ReauthenticateWithPasskeyError::InvalidCredentials), "{error:?}");
    let right = proof(&start(&bench).await, authenticator(1));
    let done = ok(identity.reauthenticate_with_passkey(&actor(), &right).await);
    assert_eq!(done.valid_until - done.at, Duration::minutes(5));
    ok(identity.start_adding_passkey(&actor()).await);
    let known = some(ok(bench.stores.identity.find_session(session(1, user_id(1)).id).await)).session;
    assert!(known.methods.contains(SignInMethod::Passkey), "{known:?}");
    assert_eq!(bench.actions(None).await, ["factor.rejected", "session.reauthenticated"]);
}

#[tokio::test]
async fn a_second_factor_is_a_passkey_of_the_user() {
    let bench = bench().await;
    bench.stores.add_passkeys([&passkey(1, user_id(1)), &passkey(2, user_id(2))]).await;
    let identity = bench.identity();
    assert_eq!(ok(identity.start_second_factor(user_id(3), &origin()).await), None);
    for (answering, is_theirs) in [
        (authenticator(1), true),
        // An authenticator with a passkey that is not resident sends no user handle.
        (FakePasskey { user: None, ..authenticator(1) }, true),
        (FakePasskey { valid: false, ..authenticator(1) }, false),
        (FakePasskey { user: Some(user_id(2)), ..authenticator(1) }, false),
        (FakePasskey::of(2, user_id(2)), false),
        (FakePasskey::of(2, user_id(1)), false),
    ] {
        let started = some(ok(identity.start_second_factor(user_id(1), &origin()).await));
        let proof = proof(&started, answering);
        assert_eq!(ok(identity.check_second_factor(user_id(1), &proof).await), is_theirs, "{answering:?}");
        assert!(!ok(identity.check_second_factor(user_id(1), &proof).await), "consumed");
    }
}

#[tokio::test]
async fn without_an_rp_id_there_are_no_passkeys() {
    let bench = bench().await;
    let mut ports = bench.identity_ports();
    ports.webauthn = None;
    let identity = tessera_identity::Identity::new(ports, Workbench::identity_settings());
    let error = failed(identity.start_passkey_sign_in(&origin()).await);
    assert!(matches!(error, StartCeremonyError::Unavailable), "{error:?}");
    let error = failed(identity.start_adding_passkey(&actor()).await);
    assert!(matches!(error, StartCeremonyError::Unavailable), "{error:?}");
    assert_eq!(ok(identity.start_second_factor(user_id(1), &origin()).await), None);
    assert_eq!(ok(identity.list_passkeys(&actor()).await), []);
}

#[tokio::test]
async fn open_ceremonies_of_a_network_are_bounded() {
    let bench = bench().await;
    bench.stores.add_passkeys([&passkey(1, user_id(1))]).await;
    let limits = tessera_identity::model::ChallengeLimits { per_network: 2, per_node: 100 };
    let identity = bench.identity().with_challenge_limits(limits);
    let mut started = Vec::new();
    for _ in 0..3 {
        started.push(ok(identity.start_passkey_sign_in(&origin()).await));
    }
    is_refused(&bench, proof(&started[0], authenticator(1))).await;
    ok(sign_in_with(&bench, proof(&started[1], authenticator(1))).await);
    ok(sign_in_with(&bench, proof(&started[2], authenticator(1))).await);
}
