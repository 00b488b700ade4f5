//! Tests of the rate limits of one node, and of the limits on contract verifications.

use std::{sync::Arc, time::Duration};

use tessera_adapters::{ContractSignatures, Gate, GateSettings, KeySignatures, MemoryLimits};
use tessera_identity::ports::{Requester, SignatureCheck, SignerKind, VerifyError, WalletVerifier as _};
use tessera_kernel::{Chain, Network, NodeLimits as _, RateLimit, RateLimited, WalletAccount, WalletSignature};
use tessera_testkit::{
    expectations::{failed, ok},
    fakes::{FakeChains, FixedClock, Program},
};
use tessera_tests::wallet::EvmWallet;
use time::Duration as Time;

const LIMIT: RateLimit = RateLimit::new("three", 3, 60);

#[test]
fn a_limit_admits_its_quota_in_a_window_that_starts_with_the_first_event() {
    let clock = Arc::new(FixedClock::default());
    let limits = MemoryLimits::new(clock.clone());
    ok(limits.admit(LIMIT, "a"));
    clock.advance(Time::seconds(20));
    for _ in 0..2 {
        ok(limits.admit(LIMIT, "a"));
    }
    for _ in 0..2 {
        let RateLimited { limit, retry_after, .. } = failed(limits.admit(LIMIT, "a"));
        assert_eq!((limit, retry_after), (LIMIT, Time::seconds(40)));
    }
    // Another key and another limit have their own counters.
    ok(limits.admit(LIMIT, "b"));
    ok(limits.admit(RateLimit { name: "other", ..LIMIT }, "a"));
    clock.advance(Time::seconds(40) - Time::MICROSECOND);
    assert_eq!(failed(limits.admit(LIMIT, "a")).retry_after, Time::MICROSECOND);
    clock.advance(Time::MICROSECOND);
    ok(limits.admit(LIMIT, "a"));
}

#[test]
fn a_clock_that_is_set_back_keeps_nobody_out() {
    let clock = Arc::new(FixedClock::default());
    let limits = MemoryLimits::new(clock.clone());
    for _ in 0..3 {
        ok(limits.admit(LIMIT, "a"));
    }
    clock.advance(-Time::HOUR);
    ok(limits.admit(LIMIT, "a"));
}

#[test]
fn the_number_of_windows_is_bounded_and_the_oldest_goes_first() {
    let clock = Arc::new(FixedClock::default());
    let limits = MemoryLimits::with_at_most(2, clock.clone());
    for key in ["a", "a", "a", "b", "c"] {
        ok(limits.admit(LIMIT, key));
        assert!(limits.len() <= 2);
    }
    // The window of `a` was the oldest, so it was dropped.
    ok(limits.admit(LIMIT, "a"));
    clock.advance(Time::MINUTE);
    ok(limits.admit(LIMIT, "d"));
    assert_eq!(limits.len(), 1);
}

#[test]
fn of_many_at_once_no_more_than_the_quota_are_admitted() {
    let limits = MemoryLimits::new(Arc::new(FixedClock::default()));
    let admitted: usize = std::thread::scope(|scope| {
        let count = || (0..100).filter(|_| limits.admit(LIMIT, "a").is_ok()).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_default()).sum()
    });
    assert_eq!(admitted, 3);
}

fn proof(network: u8, address: &str, signature: Vec<u8>) -> SignatureCheck {
    SignatureCheck {
        account: ok(WalletAccount::parse(Chain::Ethereum, address)),
        texts: vec![b"sign in".to_vec()],
        signature: WalletSignature::from_bytes(signature),
        requester: Requester { network: Some(Network::of([192, 0, 2, network].into())), known: false },
    }
}

fn wrong(network: u8, wallet: u64) -> SignatureCheck {
    proof(network, &format!("0x{wallet:040x}"), vec![7; 65])
}

#[tokio::test]
async fn a_network_and_a_wallet_have_a_share_of_the_questions_to_a_chain() {
    let gate = ok(Gate::new(GateSettings { places: 1, queue: 8, deadline: Duration::from_secs(30) }));
    let (clock, chains) = (Arc::new(FixedClock::default()), Arc::new(FakeChains::running(Program::AnswersNothing)));
    let limits = Arc::new(MemoryLimits::new(clock.clone()));
    let verifier = ContractSignatures::new(KeySignatures::new(gate), chains, limits);
    let is_limited = async |proof: SignatureCheck| match verifier.verify(proof).await {
        Err(VerifyError::RateLimited(limited)) => limited.limit.shown_as == "contract-wallet",
        outcome => {
            assert_eq!(ok(outcome), None);
            false
        }
    };
    for number in 0..20 {
        assert!(!is_limited(wrong(1, 100 + number)).await, "{number}");
    }
    assert!(is_limited(wrong(1, 1)).await);
    // Requests that the limit of the first network rejected did not count against wallet 1.
    for number in 0..60_u8 {
        assert!(!is_limited(wrong(2 + number / 20, 1)).await, "{number}");
    }
    assert!(is_limited(wrong(9, 1)).await);
    assert!(!is_limited(wrong(9, 2)).await);
    // Neither limit prevents a sign-in with a key, because it causes no call.
    let wallet = EvmWallet::new();
    let signed = proof(1, &wallet.address(), wallet.sign_bytes("sign in"));
    assert_eq!(ok(verifier.verify(signed).await), Some(SignerKind::ExternallyOwned));
    clock.advance(Time::MINUTE);
    assert!(!is_limited(wrong(1, 1)).await);
}
