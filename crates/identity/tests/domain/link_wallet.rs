//! Linking and unlinking of wallets.

use std::sync::Arc;

use tessera_identity::{
    ChangePassword, ChangePasswordError, Identity, IdentityPorts, LinkWallet, LinkWalletError, SessionError,
    UnlinkWalletError, WalletProof,
    model::{Challenge, ChallengeLimits, KnownSession, Session, Wallet},
    ports::MockIdentityStore,
};
use tessera_kernel::{Actor, Chain, QuotaExceeded, RequestMetadata, WalletAccount};
use tessera_testkit::{
    Workbench,
    builders::{
        NOW, accepted, actor_with, bare_user, key_actor, origin, session, user, user_id, wallet, wallet_account,
    },
    expectations::{failed, ok, parsed, some},
};
use time::Duration;

use crate::wallets::{answer, ask, is_refused, sign_in};

/// Opens a session that starts now and returns its user as the actor.
async fn with_session(bench: &Workbench, number: u32) -> Actor {
    let session = session(number, user_id(number));
    bench.stores.add_session(&session).await;
    actor_with(&session)
}

/// User 1, in a session that starts now.
async fn with_user() -> (Workbench, Actor) {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    let actor = with_session(&bench, 1).await;
    (bench, actor)
}

/// User 1 with wallets 1 and 2, in a session that starts now.
async fn with_two_wallets() -> (Workbench, Actor) {
    let (bench, actor) = with_user().await;
    bench.stores.add_wallets(user_id(1), [&wallet(1), &wallet(2)]).await;
    (bench, actor)
}

/// Attempts each change of wallets. Returns why the session does not allow it.
async fn session_errors(bench: &Workbench, actor: &Actor, proof: WalletProof) -> [SessionError; 3] {
    let identity = bench.identity();
    let challenged = failed(identity.challenge_own_wallet(actor, accepted(proof.account)).await);
    let linked = match failed(identity.link_wallet(actor, LinkWallet { proof }).await) {
        LinkWalletError::Session(error) => error,
        other => panic!("{other:?}"),
    };
    let unlinked = match failed(identity.unlink_wallet(actor, &wallet(1).account.address()).await) {
        UnlinkWalletError::Session(error) => error,
        other => panic!("{other:?}"),
    };
    [challenged, linked, unlinked]
}

/// Asserts that user 1 cannot unlink their only wallet.
async fn wallet_1_cannot_be_unlinked(bench: &Workbench) {
    let actor = with_session(bench, 1).await;
    let error = failed(bench.identity().unlink_wallet(&actor, &wallet(1).account.address()).await);
    assert!(matches!(error, UnlinkWalletError::LastSignInMethod), "{error:?}");
    assert_eq!(wallets_of(bench, 1).await, [wallet(1)]);
}

async fn link(bench: &Workbench, actor: &Actor, account: WalletAccount) -> Result<Wallet, LinkWalletError> {
    let challenge = ok(bench.identity().challenge_own_wallet(actor, accepted(account)).await);
    bench.identity().link_wallet(actor, LinkWallet { proof: answer(&challenge) }).await
}

async fn wallets_of(bench: &Workbench, number: u32) -> Vec<Wallet> {
    some(ok(bench.stores.identity.find_user(user_id(number)).await)).wallets
}

#[tokio::test]
async fn a_signature_over_a_challenge_of_the_session_links_a_wallet_s98() {
    let (bench, actor) = with_user().await;
    let account = wallet_account(5, Chain::Solana);
    let linked = ok(link(&bench, &actor, account).await);
    assert_eq!(linked, Wallet { account, linked_at: NOW });
    assert_eq!(wallets_of(&bench, 1).await, [linked]);
    let event = some(bench.events(None).await.pop());
    assert_eq!((event.name.as_str(), event.subject), ("wallet.linked", Some(user_id(1).as_uuid())));
    assert_eq!(event.details, [("wallet".to_owned(), account.to_string())]);
}

/// An identity service and an actor whose session is open when it is read and ended when the change happens. The read
/// uses the first storage, the change the second one.
async fn late(before: &Workbench, bench: &Workbench) -> (Identity, Actor) {
    before.stores.add_users([&user(1)]).await;
    let actor = with_session(before, 1).await;
    with_session(bench, 1).await;
    ok(bench.identity().sign_out_everywhere(&actor).await);
    let tx = ok(bench.stores.identity.begin().await);
    let mut store = MockIdentityStore::new();
    store.expect_find_session().return_once(|_| Ok(Some(KnownSession { session: session(1, user_id(1)), at: NOW })));
    store.expect_begin().return_once(move || Ok(tx));
    let ports = IdentityPorts { store: Arc::new(store), ..before.identity_ports() };
    (Identity::new(ports, Workbench::identity_settings()), actor)
}

/// A session that ends during the request must link no wallet: the user may have just recovered the account.
#[tokio::test]
async fn linking_a_wallet_requires_an_open_session_s98() {
    let (before, bench) = (Workbench::new(), Workbench::new());
    bench.stores.add_users([&user(1)]).await;
    let (identity, actor) = late(&before, &bench).await;
    let challenge = ok(before.identity().challenge_own_wallet(&actor, accepted(wallet_account(5, Chain::Base))).await);
    let error = failed(identity.link_wallet(&actor, LinkWallet { proof: answer(&challenge) }).await);
    assert!(matches!(error, LinkWalletError::Session(SessionError::SessionEnded)), "{error:?}");
    assert_eq!(wallets_of(&bench, 1).await, []);
}

/// A session that ends during the request must unlink no wallet.
#[tokio::test]
async fn a_session_that_ends_during_the_request_unlinks_no_wallet() {
    let (before, bench) = (Workbench::new(), Workbench::new());
    bench.stores.add_users([&user(1)]).await;
    bench.stores.add_wallets(user_id(1), [&wallet(1), &wallet(2)]).await;
    let (identity, actor) = late(&before, &bench).await;
    let error = failed(identity.unlink_wallet(&actor, &wallet(1).account.address()).await);
    assert!(matches!(error, UnlinkWalletError::Session(SessionError::SessionEnded)), "{error:?}");
    assert_eq!(wallets_of(&bench, 1).await.len(), 2);
}

#[tokio::test]
async fn a_signature_is_valid_only_for_the_purpose_of_its_challenge_s92() {
    let (bench, actor) = with_user().await;
    let account = wallet_account(5, Chain::Ethereum);
    let to_link = ok(bench.identity().challenge_own_wallet(&actor, accepted(account)).await);
    assert!(to_link.message.contains("Link this wallet"), "{}", to_link.message);
    is_refused(&bench, answer(&to_link)).await;
    let to_sign_in = ask(&bench, account).await;
    let proof = answer(&to_sign_in);
    let error = failed(bench.identity().link_wallet(&actor, LinkWallet { proof }).await);
    assert!(matches!(error, LinkWalletError::InvalidSignature), "{error:?}");
    assert_eq!(some(bench.events(None).await.pop()).name, "wallet.link_refused");
    assert_eq!(wallets_of(&bench, 1).await, []);
}

#[tokio::test]
async fn a_malformed_signature_consumes_the_nonce_and_links_nothing_s83() {
    let (bench, actor) = with_user().await;
    let account = wallet_account(5, Chain::Ethereum);
    let challenge = ok(bench.identity().challenge_own_wallet(&actor, accepted(account)).await);
    let proof = WalletProof { signature: "0xzz".to_owned(), ..answer(&challenge) };
    let error = failed(bench.identity().link_wallet(&actor, LinkWallet { proof }).await);
    assert!(matches!(error, LinkWalletError::MalformedSignature(_)), "{error:?}");
    assert_eq!(ok(bench.stores.challenges.take(&challenge.nonce).await), None);
    assert_eq!(wallets_of(&bench, 1).await, []);
}

#[tokio::test]
async fn a_challenge_links_a_wallet_only_in_its_own_session() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1), &user(2)]).await;
    let (one, two) = (with_session(&bench, 1).await, with_session(&bench, 2).await);
    let other = Session { user_id: user_id(1), ..session(3, user_id(1)) };
    bench.stores.add_session(&other).await;
    for actor in [two, actor_with(&other)] {
        let challenge = ok(bench.identity().challenge_own_wallet(&one, accepted(wallet_account(5, Chain::Base))).await);
        let error = failed(bench.identity().link_wallet(&actor, LinkWallet { proof: answer(&challenge) }).await);
        assert!(matches!(error, LinkWalletError::InvalidSignature), "{error:?}");
    }
}

#[tokio::test]
async fn a_wallet_of_another_user_cannot_be_linked() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1), &user(2)]).await;
    bench.stores.add_wallets(user_id(2), [&wallet(5)]).await;
    let actor = with_session(&bench, 1).await;
    for chain in [Chain::Ethereum, Chain::Arbitrum] {
        let error = failed(link(&bench, &actor, wallet_account(5, chain)).await);
        assert!(matches!(error, LinkWalletError::WalletTaken), "{error:?}");
    }
    assert_eq!((wallets_of(&bench, 1).await, wallets_of(&bench, 2).await), (Vec::new(), vec![wallet(5)]));
}

#[tokio::test]
async fn a_user_has_at_most_50_wallets_s215() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    bench.stores.add_wallets(user_id(1), &(1..=49).map(wallet).collect::<Vec<_>>()).await;
    let actor = with_session(&bench, 1).await;
    ok(link(&bench, &actor, wallet_account(50, Chain::Ethereum)).await);
    let error = failed(link(&bench, &actor, wallet_account(51, Chain::Ethereum)).await);
    assert!(matches!(error, LinkWalletError::Quota(QuotaExceeded { quota: "wallets", maximum: 50 })), "{error:?}");
}

#[tokio::test]
async fn wallet_changes_require_recent_authentication_s53() {
    let (bench, actor) = with_two_wallets().await;
    bench.clock.set(NOW + Duration::minutes(5) - Duration::SECOND);
    let account = wallet_account(5, Chain::Base);
    let challenge = ok(bench.identity().challenge_own_wallet(&actor, accepted(account)).await);
    bench.clock.set(NOW + Duration::minutes(5));
    let errors = session_errors(&bench, &actor, answer(&challenge)).await;
    assert!(errors.iter().all(|error| matches!(error, SessionError::ReauthenticationRequired)), "{errors:?}");
    assert_eq!(wallets_of(&bench, 1).await.len(), 2);
}

#[tokio::test]
async fn an_ended_session_cannot_change_wallets_or_the_password() {
    let (bench, actor) = with_two_wallets().await;
    let account = wallet_account(5, Chain::Base);
    let challenge = ok(bench.identity().challenge_own_wallet(&actor, accepted(account)).await);
    ok(bench.identity().sign_out(&actor).await);
    // A deleted session gives the same result.
    for actor in [actor, actor_with(&session(7, user_id(1)))] {
        let error = failed(bench.identity().challenge_own_wallet(&actor, accepted(account)).await);
        assert!(matches!(error, SessionError::SessionEnded), "{error:?}");
        let error = failed(bench.identity().unlink_wallet(&actor, &wallet(1).account.address()).await);
        assert!(matches!(error, UnlinkWalletError::Session(SessionError::SessionEnded)), "{error:?}");
        let command = ChangePassword { current: None, new: parsed("correct horse battery") };
        let error = failed(bench.identity().change_password(&actor, command).await);
        assert!(matches!(error, ChangePasswordError::Session(SessionError::SessionEnded)), "{error:?}");
    }
    let actor = actor_with(&session(1, user_id(1)));
    let error = failed(bench.identity().link_wallet(&actor, LinkWallet { proof: answer(&challenge) }).await);
    assert!(matches!(error, LinkWalletError::Session(SessionError::SessionEnded)), "{error:?}");
    assert_eq!(wallets_of(&bench, 1).await.len(), 2);
}

#[tokio::test]
async fn a_wallet_is_unlinked_by_its_address_on_any_chain() {
    let (bench, actor) = with_two_wallets().await;
    ok(bench.identity().unlink_wallet(&actor, &wallet_account(1, Chain::Base).address()).await);
    assert_eq!(wallets_of(&bench, 1).await, [wallet(2)]);
    let event = some(bench.events(None).await.pop());
    assert_eq!((event.name.as_str(), event.subject), ("wallet.unlinked", Some(user_id(1).as_uuid())));
    assert_eq!(event.details, [("wallet".to_owned(), wallet(1).account.to_string())]);
    let again = failed(bench.identity().unlink_wallet(&actor, &wallet(1).account.address()).await);
    assert!(matches!(again, UnlinkWalletError::NotFound), "{again:?}");
}

#[tokio::test]
async fn the_last_wallet_without_a_password_cannot_be_unlinked_s100() {
    let bench = Workbench::new();
    bench.stores.add_users([&bare_user(1)]).await;
    bench.stores.add_wallets(user_id(1), [&wallet(1)]).await;
    wallet_1_cannot_be_unlinked(&bench).await;
}

#[tokio::test]
async fn the_last_wallet_can_be_unlinked_when_a_password_exists() {
    let bench = Workbench::new();
    bench.user_with_password(1, "correct horse").await;
    bench.stores.add_wallets(user_id(1), [&wallet(1)]).await;
    let actor = with_session(&bench, 1).await;
    ok(bench.identity().unlink_wallet(&actor, &wallet(1).account.address()).await);
    assert_eq!(wallets_of(&bench, 1).await, []);
}

#[tokio::test]
async fn a_password_without_an_email_is_not_a_way_to_sign_in_s100() {
    let bench = Workbench::new();
    bench.stores.add_user_with_password(&bare_user(1), &bench.hasher.hash_of("correct horse")).await;
    bench.stores.add_wallets(user_id(1), [&wallet(1)]).await;
    wallet_1_cannot_be_unlinked(&bench).await;
}

#[tokio::test]
async fn an_application_has_no_wallets() {
    let bench = Workbench::new();
    let actor = key_actor();
    let account = wallet_account(1, Chain::Ethereum);
    let challenge = ask(&bench, account).await;
    let errors = session_errors(&bench, &actor, answer(&challenge)).await;
    assert!(errors.iter().all(|error| matches!(error, SessionError::NotAUser)), "{errors:?}");
}

const fn limits(per_network: usize, per_node: usize) -> ChallengeLimits {
    ChallengeLimits { per_network, per_node }
}

async fn are_open(bench: &Workbench, challenges: &[Challenge]) -> Vec<bool> {
    let mut open = Vec::new();
    for challenge in challenges {
        open.push(ok(bench.stores.challenges.take(&challenge.nonce).await).is_some());
    }
    open
}

#[tokio::test]
async fn a_node_keeps_a_limited_number_of_open_challenges() {
    let bench = Workbench::new();
    let identity = bench.identity().with_challenge_limits(limits(300, 3));
    let mut asked = Vec::new();
    for number in 1..=5 {
        asked.push(ok(identity.challenge_wallet(accepted(wallet_account(number, Chain::Ethereum)), &origin()).await));
    }
    // Another node has its own limit.
    asked.push(ask(&bench, wallet_account(6, Chain::Ethereum)).await);
    assert_eq!(are_open(&bench, &asked).await, [false, false, true, true, true, true]);
}

#[tokio::test]
async fn a_network_keeps_a_limited_number_of_open_challenges() {
    let bench = Workbench::new();
    let identity = bench.identity().with_challenge_limits(limits(2, 5));
    let mut asked = Vec::new();
    for (number, last) in (1..).zip([1, 1, 2, 1, 2, 1]) {
        let origin = RequestMetadata { address: Some([192, 0, 2, last].into()), ..origin() };
        asked.push(ok(identity.challenge_wallet(accepted(wallet_account(number, Chain::Ethereum)), &origin).await));
    }
    // The first two of the network with four challenges are gone, and none of the other network.
    assert_eq!(are_open(&bench, &asked).await, [false, false, true, true, true, true]);
}

#[tokio::test]
async fn completed_challenges_do_not_break_the_challenge_limit() {
    let bench = Workbench::new();
    let identity = bench.identity().with_challenge_limits(limits(300, 2));
    let first = ok(identity.challenge_wallet(accepted(wallet_account(1, Chain::Ethereum)), &origin()).await);
    ok(sign_in(&bench, answer(&first)).await);
    for number in 2..=4 {
        let next = ok(identity.challenge_wallet(accepted(wallet_account(number, Chain::Ethereum)), &origin()).await);
        ok(sign_in(&bench, answer(&next)).await);
    }
}
