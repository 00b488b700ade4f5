//! Wallet sign-in.

use tessera_identity::{
    SignInWithWallet, SignInWithWalletError, SignedIn, WalletProof,
    model::{Challenge, SessionRequest, SessionState, SiweMessage, Wallet},
    ports::TokenSigner as _,
};
use tessera_kernel::{Chain, Outcome, WalletAccount};
use tessera_testkit::{
    Workbench,
    builders::{NOW, accepted, device, origin, user, user_id, wallet, wallet_account},
    expectations::{failed, ok, parsed, some},
    fakes::FakeWallets,
};
use time::Duration;

use crate::wallets::{answer, ask, is_refused, sign_in};

async fn enter(bench: &Workbench, account: WalletAccount) -> SignedIn {
    let challenge = ask(bench, account).await;
    ok(sign_in(bench, answer(&challenge)).await)
}

#[tokio::test]
async fn a_challenge_contains_the_site_the_purpose_and_the_expiry() {
    let bench = Workbench::new();
    let challenge = ask(&bench, wallet_account(1, Chain::Polygon)).await;
    let expected = format!(
        "accounts.example.com wants you to sign in with your Ethereum account:\n{}\n\nSign in with this wallet.\n\n\
         URI: https://accounts.example.com/tessera\nVersion: 1\nChain ID: 137\nNonce: {}\n\
         Issued At: 2025-03-14T15:09:26Z\nExpiration Time: 2025-03-14T15:14:26Z",
        challenge.account.address(),
        challenge.nonce
    );
    assert_eq!(challenge.message, expected);
    ok(expected.parse::<SiweMessage>());
    let issued_at = ok(NOW.replace_nanosecond(0));
    assert_eq!((challenge.issued_at, challenge.expires_at), (issued_at, issued_at + Duration::minutes(5)));
}

#[tokio::test]
async fn a_solana_wallet_signs_the_bare_nonce() {
    let challenge = ask(&Workbench::new(), wallet_account(1, Chain::Solana)).await;
    assert_eq!(challenge.message, challenge.nonce.as_str());
}

#[tokio::test]
async fn a_first_sign_in_makes_a_user_with_the_wallet_and_no_address() {
    for chain in Chain::NAMED {
        let bench = Workbench::new();
        let account = wallet_account(1, chain);
        let signed_in = enter(&bench, account).await;
        assert_eq!(signed_in.user.wallets, [Wallet { account, linked_at: NOW }]);
        assert_eq!((&signed_in.user.email, signed_in.user.email_verified), (&None, false));
        let claims = ok(bench.signer.verify(signed_in.token.expose()));
        let session = some(ok(bench.stores.identity.find_session(claims.session).await)).session;
        assert_eq!((session.user_id, session.state), (signed_in.user.id, SessionState::Open));
        assert_eq!(signed_in.expires_at, session.expires_at);
        assert_eq!(bench.actions(None).await, ["user.registered", "session.started"]);
    }
}

#[tokio::test]
async fn a_wallet_signs_in_to_the_same_user_again_on_every_chain_of_its_kind() {
    let bench = Workbench::new();
    let first = enter(&bench, wallet_account(1, Chain::Ethereum)).await.user;
    for chain in [Chain::Ethereum, Chain::Base, Chain::Polygon] {
        assert_eq!(enter(&bench, wallet_account(1, chain)).await.user, first);
    }
    assert_ne!(enter(&bench, wallet_account(2, Chain::Ethereum)).await.user.id, first.id);
    assert_ne!(enter(&bench, wallet_account(1, Chain::Solana)).await.user.id, first.id);
}

#[tokio::test]
async fn a_linked_wallet_signs_in_to_its_user() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    bench.stores.add_wallets(user_id(1), [&wallet(7)]).await;
    let signed_in = enter(&bench, wallet(7).account).await;
    assert_eq!(signed_in.user.email, Some(parsed("user1@example.com")));
    assert_eq!(bench.actions(None).await, ["session.started"]);
}

#[tokio::test]
async fn a_nonce_can_be_used_once_s83() {
    let bench = Workbench::new();
    let challenge = ask(&bench, wallet_account(1, Chain::Ethereum)).await;
    ok(sign_in(&bench, answer(&challenge)).await);
    is_refused(&bench, answer(&challenge)).await;
}

#[tokio::test]
async fn a_wrong_signature_uses_the_nonce() {
    let bench = Workbench::new();
    let challenge = ask(&bench, wallet_account(1, Chain::Ethereum)).await;
    is_refused(&bench, WalletProof { signature: format!("0x{}", "01".repeat(65)), ..answer(&challenge) }).await;
    is_refused(&bench, answer(&challenge)).await;
    assert_eq!(bench.wallets.asked(), 1);
}

#[tokio::test]
async fn a_malformed_signature_consumes_the_nonce_s83() {
    let bench = Workbench::new();
    for (chain, malformed) in [(Chain::Base, "0xzz"), (Chain::Base, ""), (Chain::Solana, "0x00")] {
        let (consumed, other) =
            (ask(&bench, wallet_account(1, chain)).await, ask(&bench, wallet_account(1, chain)).await);
        for nonce in ["", "x", &"0".repeat(22), consumed.nonce.as_str(), consumed.nonce.as_str()] {
            let (signature, nonce) = (malformed.to_owned(), nonce.to_owned());
            let error = failed(sign_in(&bench, WalletProof { signature, nonce, ..answer(&consumed) }).await);
            assert!(matches!(error, SignInWithWalletError::MalformedSignature(_)), "{error:?}");
        }
        is_refused(&bench, answer(&consumed)).await;
        ok(sign_in(&bench, answer(&other)).await);
    }
    assert_eq!(bench.wallets.asked(), 3);
}

#[tokio::test]
async fn an_unavailable_verifier_uses_the_nonce() {
    let bench = Workbench::new();
    let challenge = ask(&bench, wallet_account(1, Chain::Ethereum)).await;
    bench.wallets.become_unavailable();
    let error = failed(sign_in(&bench, answer(&challenge)).await);
    assert!(matches!(error, SignInWithWalletError::Verify(_)), "{error:?}");
    assert_eq!(ok(bench.stores.challenges.take(&challenge.nonce).await), None);
}

#[tokio::test]
async fn a_challenge_expires_after_5_minutes_s85() {
    for (after, good) in [(Duration::seconds(299), true), (Duration::seconds(300), false), (Duration::DAY, false)] {
        let bench = Workbench::new();
        let challenge = ask(&bench, wallet_account(1, Chain::Ethereum)).await;
        bench.clock.set(challenge.issued_at + after);
        assert_eq!(sign_in(&bench, answer(&challenge)).await.is_ok(), good, "after {after}");
    }
}

#[tokio::test]
async fn challenge_expiry_does_not_depend_on_the_node_clock_s85() {
    let bench = Workbench::new();
    let (fast, slow) =
        (bench.identity_with_clock(Duration::minutes(10)), bench.identity_with_clock(Duration::minutes(-10)));
    for (number, asks, answers) in [(1, &fast, &slow), (2, &slow, &fast)] {
        let challenge = ok(asks.challenge_wallet(accepted(wallet_account(number, Chain::Ethereum)), &origin()).await);
        ok(answers
            .sign_in_with_wallet(SignInWithWallet {
                proof: answer(&challenge),
                device: device(),
                origin: origin(),
                session: SessionRequest::default(),
            })
            .await);
    }
    let challenge = ok(fast.challenge_wallet(accepted(wallet_account(3, Chain::Ethereum)), &origin()).await);
    bench.clock.advance(Duration::minutes(5));
    let late = slow
        .sign_in_with_wallet(SignInWithWallet {
            proof: answer(&challenge),
            device: device(),
            origin: origin(),
            session: SessionRequest::default(),
        })
        .await;
    assert!(matches!(failed(late), SignInWithWalletError::InvalidSignature));
}

#[tokio::test]
async fn a_challenge_from_the_future_is_rejected() {
    let bench = Workbench::new();
    let challenge = ask(&bench, wallet_account(1, Chain::Ethereum)).await;
    bench.clock.set(challenge.issued_at - Duration::SECOND);
    is_refused(&bench, answer(&challenge)).await;
}

#[tokio::test]
async fn only_the_stored_message_can_be_signed_s91() {
    let bench = Workbench::new();
    let challenge = ask(&bench, wallet_account(1, Chain::Ethereum)).await;
    let other = challenge.message.replace("Sign in", "Sign On");
    let signature = FakeWallets::sign(&challenge.account.address(), other.as_bytes());
    is_refused(&bench, WalletProof { signature, ..answer(&challenge) }).await;
}

/// Asserts that a challenge is rejected if its stored message was changed.
async fn is_refused_when_stored(change: impl Fn(&mut Challenge)) {
    let bench = Workbench::new();
    let mut challenge = ask(&bench, wallet_account(1, Chain::Ethereum)).await;
    some(ok(bench.stores.challenges.take(&challenge.nonce).await));
    change(&mut challenge);
    ok(bench.stores.challenges.keep(&challenge).await);
    is_refused(&bench, answer(&challenge)).await;
}

#[tokio::test]
async fn the_stored_message_is_checked_again_at_sign_in_s86_s87_s88() {
    let changes = [
        ("accounts.example.com wants", "evil.example wants"),
        ("accounts.example.com wants", "accounts.example.com:443 wants"),
        ("URI: https://accounts.example.com/tessera", "URI: https://evil.example/"),
        ("Chain ID: 1", "Chain ID: 137"),
        ("Version: 1", "Version: 2"),
        ("Expiration Time: 2025-03-14T15:14:26Z", "Expiration Time: 2025-03-14T16:14:26Z"),
        ("Sign in with this wallet.", "Give away this wallet."),
    ];
    for (from, to) in changes {
        is_refused_when_stored(|challenge| {
            assert!(challenge.message.contains(from), "{from}");
            challenge.message = challenge.message.replace(from, to);
        })
        .await;
    }
    is_refused_when_stored(|challenge| challenge.message.push('\n')).await;
    is_refused_when_stored(|challenge| challenge.account = wallet_account(2, Chain::Ethereum)).await;
}

#[tokio::test]
async fn a_nonce_of_another_wallet_is_rejected() {
    let bench = Workbench::new();
    let challenge = ask(&bench, wallet_account(1, Chain::Ethereum)).await;
    let account = wallet_account(2, Chain::Ethereum);
    let signature = FakeWallets::sign(&account.address(), challenge.message.as_bytes());
    is_refused(&bench, WalletProof { account, signature, ..answer(&challenge) }).await;
}

#[tokio::test]
async fn a_challenge_is_not_valid_for_another_chain_s96() {
    for (asked, answered) in
        [(Chain::Ethereum, Chain::Solana), (Chain::Solana, Chain::Base), (Chain::Ethereum, Chain::Base)]
    {
        let bench = Workbench::new();
        let challenge = ask(&bench, wallet_account(1, asked)).await;
        let account = wallet_account(1, answered);
        let signature = FakeWallets::sign(&account.address(), challenge.message.as_bytes());
        is_refused(&bench, WalletProof { account, signature, ..answer(&challenge) }).await;
    }
}

#[tokio::test]
async fn an_unknown_or_malformed_nonce_is_rejected() {
    let bench = Workbench::new();
    let challenge = ask(&bench, wallet_account(1, Chain::Ethereum)).await;
    for nonce in ["", "x", "0123456789012345678901", "' OR 1=1 --", "\u{0}"] {
        is_refused(&bench, WalletProof { nonce: nonce.to_owned(), ..answer(&challenge) }).await;
    }
    ok(sign_in(&bench, answer(&challenge)).await);
}

#[tokio::test]
async fn challenges_of_other_callers_do_not_use_up_those_of_the_owner() {
    let bench = Workbench::new();
    let mine = ask(&bench, wallet_account(1, Chain::Ethereum)).await;
    for _ in 0..100 {
        let theirs = ask(&bench, wallet_account(1, Chain::Ethereum)).await;
        is_refused(&bench, WalletProof { signature: format!("0x{}", "00".repeat(65)), ..answer(&theirs) }).await;
    }
    ok(sign_in(&bench, answer(&mine)).await);
}

#[tokio::test]
async fn solana_wallets_may_sign_the_message_or_its_envelope() {
    for number in 0..6 {
        let bench = Workbench::new();
        let challenge = ask(&bench, wallet_account(1, Chain::Solana)).await;
        let texts = challenge.answers(&Workbench::identity_settings().site, NOW);
        assert_eq!(texts.len(), 6);
        let signature = FakeWallets::sign(&challenge.account.address(), &texts[number]);
        ok(sign_in(&bench, WalletProof { signature, ..answer(&challenge) }).await);
    }
}

#[tokio::test]
async fn the_accepted_forms_of_a_solana_signature_are_fixed() {
    let challenge = ask(&Workbench::new(), wallet_account(1, Chain::Solana)).await;
    let texts = challenge.answers(&Workbench::identity_settings().site, NOW);
    let nonce = challenge.nonce.as_str();
    let message = format!(
        "accounts.example.com wants you to sign in with your Solana account:\n{}\n\nSign in with this wallet.\n\n\
         URI: https://accounts.example.com/tessera\nVersion: 1\nChain ID: mainnet\nNonce: {nonce}\n\
         Issued At: 2025-03-14T15:09:26Z\nExpiration Time: 2025-03-14T15:14:26Z",
        challenge.account.address()
    );
    let key = bs58::decode(challenge.account.address().to_string()).into_vec().unwrap_or_default();
    for (forms, text, format) in [(&texts[..3], nonce, 0), (&texts[3..], &message, 1)] {
        let length = ok(u16::try_from(text.len())).to_le_bytes();
        let plain = [b"\xffsolana offchain\x00".as_slice(), &[format], &length, text.as_bytes()].concat();
        let head = [b"\xffsolana offchain\x00".as_slice(), &[0; 32], &[format, 1]].concat();
        let addressed = [&head[..], &key, &length, text.as_bytes()].concat();
        assert_eq!(forms, [text.as_bytes().to_vec(), plain, addressed]);
    }
}

#[tokio::test]
async fn a_rejected_sign_in_is_audited_with_the_wallet_and_its_user() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    bench.stores.add_wallets(user_id(1), [&wallet(1)]).await;
    for (number, subject) in [(1, Some(user_id(1).as_uuid())), (2, None)] {
        let account = wallet_account(number, Chain::Ethereum);
        let challenge = ask(&bench, account).await;
        is_refused(&bench, WalletProof { signature: "0x01".to_owned(), ..answer(&challenge) }).await;
        let event = some(bench.events(None).await.pop());
        assert_eq!((event.name.as_str(), event.outcome, event.subject), ("session.refused", Outcome::Refused, subject));
        assert_eq!(event.details, [("wallet".to_owned(), account.to_string())]);
    }
}

#[tokio::test]
async fn a_sign_in_is_audited_with_the_wallet() {
    let bench = Workbench::new();
    let account = wallet_account(1, Chain::Optimism);
    let user = enter(&bench, account).await.user;
    let events = bench.events(None).await;
    let wallet = ("wallet".to_owned(), account.to_string());
    assert_eq!((events[0].subject, &events[0].details), (Some(user.id.as_uuid()), &vec![wallet.clone()]));
    assert_eq!(events[1].details, [("user_id".to_owned(), user.id.to_string()), wallet]);
}

#[tokio::test]
async fn a_contract_signature_is_valid_only_on_its_own_chain() {
    let bench = Workbench::new();
    bench.wallets.become_contracts();
    let user = enter(&bench, wallet_account(1, Chain::Ethereum)).await.user;
    assert_eq!(enter(&bench, wallet_account(1, Chain::Ethereum)).await.user, user);
    // Another contract may exist at the same address on the other chain.
    let elsewhere = ask(&bench, wallet_account(1, Chain::Base)).await;
    is_refused(&bench, answer(&elsewhere)).await;
    let event = some(bench.events(None).await.pop());
    assert_eq!((event.name.as_str(), event.subject), ("session.refused", Some(user.id.as_uuid())));
}

#[tokio::test]
async fn a_tampered_stored_challenge_is_not_verified() {
    let bench = Workbench::new();
    let challenge = ask(&bench, wallet_account(1, Chain::Solana)).await;
    some(ok(bench.stores.challenges.take(&challenge.nonce).await));
    let tampered = Challenge { message: "a transaction".to_owned(), ..challenge };
    ok(bench.stores.challenges.keep(&tampered).await);
    is_refused(&bench, answer(&tampered)).await;
    assert_eq!(bench.wallets.asked(), 0);
}

#[tokio::test]
async fn a_challenge_contains_the_id_of_its_chain() {
    for chain in [Chain::Ethereum, Chain::Polygon, Chain::Arbitrum, Chain::Optimism, Chain::Base] {
        let challenge = ask(&Workbench::new(), wallet_account(1, chain)).await;
        let said: SiweMessage = parsed(&challenge.message);
        assert_eq!((Some(said.chain_id), said.nonce.as_str()), (chain.id(), challenge.nonce.as_str()));
    }
}
