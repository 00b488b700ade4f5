//! Tests of wallet signatures with published vectors and with forgeries.

use std::{fmt::Debug, time::Duration};

use tessera_adapters::{Gate, GateSettings, KeySignatures};
use tessera_identity::ports::{SignatureCheck, SignerKind, VerifyError, WalletVerifier as _};
use tessera_kernel::{Chain, WalletAccount, WalletSignature};
use tessera_testkit::builders::requester;
use tessera_tests::wallet::{EvmWallet, SolanaWallet};

#[track_caller]
fn ok<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("unexpected error: {error:?}"))
}

fn verifier(queue: usize) -> KeySignatures {
    KeySignatures::new(ok(Gate::new(GateSettings { places: 2, queue, deadline: Duration::from_secs(30) })))
}

fn proof(chain: Chain, address: &str, text: &[u8], signature: &str) -> SignatureCheck {
    let account = ok(WalletAccount::parse(chain, address));
    let signature = ok(WalletSignature::parse(signature, chain.namespace()));
    SignatureCheck { account, texts: vec![text.to_vec()], signature, requester: requester() }
}

async fn is_good(proof: SignatureCheck) -> bool {
    ok(verifier(8).verify(proof).await) == Some(SignerKind::ExternallyOwned)
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| ok(std::str::from_utf8(pair)));
    pairs.map(|pair| ok(u8::from_str_radix(pair, 16))).collect()
}

fn base58(hex: &str) -> String {
    bs58::encode(bytes(hex)).into_string()
}

/// Example of the documentation of web3.js, `accounts.sign`.
const SOME_DATA: (&str, &str) = (
    "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23",
    "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd\
     6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c",
);

/// RFC 8032, section 7.1, test 2: key, text, signature.
const TEST_2: (&str, &str, &str) = (
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
     085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
);

#[tokio::test]
async fn a_published_signature_of_an_ethereum_account_is_good_on_every_chain() {
    let (address, signature) = SOME_DATA;
    for chain in [Chain::Ethereum, Chain::Polygon, Chain::Arbitrum, Chain::Optimism, Chain::Base] {
        assert!(is_good(proof(chain, address, b"Some data", signature)).await);
    }
    assert!(!is_good(proof(Chain::Ethereum, address, b"Some date", signature)).await);
    let other = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    assert!(!is_good(proof(Chain::Ethereum, other, b"Some data", signature)).await);
}

#[tokio::test]
async fn a_parity_of_one_is_a_v_of_28() {
    let (address, signature) = SOME_DATA;
    let with = |v: &str| format!("{}{v}", &signature[..signature.len() - 2]);
    for (v, good) in [("1c", true), ("01", true), ("1b", false), ("00", false), ("25", false), ("26", false)] {
        assert_eq!(is_good(proof(Chain::Ethereum, address, b"Some data", &with(v))).await, good, "{v}");
    }
}

#[tokio::test]
async fn a_signature_with_a_high_s_is_rejected_s93() {
    // The signature with n - s and the other parity. The same address is recovered from it, but it is rejected.
    let twin = "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd\
                9ff818b327d1fc847ffe79bdd03d25e83e3a5df66962ceb160751b8bd754a1181b";
    let (address, signature) = SOME_DATA;
    let read = |text: &str| ok(ethers_core::types::Signature::try_from(bytes(&text[2..]).as_slice()));
    assert_eq!(ok(read(twin).recover("Some data")), ok(read(signature).recover("Some data")));
    assert!(!is_good(proof(Chain::Ethereum, address, b"Some data", twin)).await);
}

#[tokio::test]
async fn a_published_signature_of_ed25519_is_good() {
    let (key, text, signature) = TEST_2;
    let (key, signature) = (base58(key), base58(signature));
    assert!(is_good(proof(Chain::Solana, &key, &bytes(text), &signature)).await);
    assert!(!is_good(proof(Chain::Solana, &key, b"s", &signature)).await);
}

#[tokio::test]
async fn a_signature_with_an_unreduced_s_is_rejected_s95() {
    let (key, text, signature) = TEST_2;
    // The signature with s + L. Verifiers that do not check whether s is reduced read the same number.
    let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut other = bytes(signature);
    let mut carry = 0;
    for (byte, add) in other[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    let other = bs58::encode(other).into_string();
    assert!(!is_good(proof(Chain::Solana, &base58(key), &bytes(text), &other)).await);
}

#[tokio::test]
async fn keys_of_small_order_sign_nothing() {
    // All points of small order with a canonical encoding, and two encodings that are not canonical.
    let keys = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for key in keys {
        for r in keys {
            let signature = base58(&format!("{r}{}", "00".repeat(32)));
            assert!(!is_good(proof(Chain::Solana, &base58(key), b"anything", &signature)).await, "{key} {r}");
        }
    }
}

#[tokio::test]
async fn the_keys_of_two_kinds_do_not_sign_for_each_other() {
    let (evm, solana) = (EvmWallet::new(), SolanaWallet::new());
    let long = "0x".to_owned() + &"11".repeat(64);
    assert!(!is_good(proof(Chain::Ethereum, &evm.address(), b"text", &long)).await);
    let signed = bs58::encode(&evm.sign_bytes("text")[..64]).into_string();
    assert!(!is_good(proof(Chain::Solana, &solana.address(), b"text", &signed)).await);
    assert!(is_good(proof(Chain::Ethereum, &evm.address(), b"text", &evm.sign("text"))).await);
    assert!(is_good(proof(Chain::Solana, &solana.address(), b"text", &solana.sign(b"text"))).await);
}

#[tokio::test]
async fn any_one_of_the_texts_may_be_signed_and_no_other() {
    let wallet = EvmWallet::new();
    let texts: Vec<Vec<u8>> = ["one", "two", "three"].map(|text| text.as_bytes().to_vec()).into();
    for (text, good) in [("one", true), ("three", true), ("four", false), ("", false)] {
        let proof = proof(Chain::Base, &wallet.address(), b"", &wallet.sign(text));
        assert_eq!(is_good(SignatureCheck { texts: texts.clone(), ..proof }).await, good, "{text:?}");
    }
    let proof = proof(Chain::Base, &wallet.address(), b"", &wallet.sign(""));
    assert!(!is_good(SignatureCheck { texts: Vec::new(), ..proof }).await);
}

#[tokio::test]
async fn bytes_that_are_no_signature_prove_nothing() {
    let (address, signature) = SOME_DATA;
    let whole = ok(WalletSignature::parse(signature, Chain::Ethereum.namespace()));
    for length in (0..whole.as_bytes().len()).chain([66, 97, 8192]) {
        let cut: Vec<u8> = whole.as_bytes().iter().copied().chain(std::iter::repeat(0)).take(length).collect();
        let proof = proof(Chain::Ethereum, address, b"Some data", signature);
        assert!(
            !is_good(SignatureCheck { signature: WalletSignature::from_bytes(cut), ..proof }).await,
            "{length} bytes"
        );
    }
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    for (r, s) in [("00", "00"), ("00", "11"), ("11", "00"), ("ff", "11"), ("11", "ff")] {
        let text = format!("0x{}{}1b", r.repeat(32), s.repeat(32));
        assert!(!is_good(proof(Chain::Ethereum, address, b"Some data", &text)).await, "{text}");
    }
    let text = format!("0x{order}{}1b", "11".repeat(32));
    assert!(!is_good(proof(Chain::Ethereum, address, b"Some data", &text)).await);
}

#[tokio::test]
async fn a_full_queue_is_reported_as_busy() {
    let gate = ok(Gate::new(GateSettings { places: 1, queue: 0, deadline: Duration::from_secs(30) }));
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (started, is_started) = tokio::sync::oneshot::channel();
    let busy = gate.clone();
    let holding = tokio::spawn(async move {
        busy.run(requester(), move || {
            let _heard = started.send(());
            let _released = held.recv();
        })
        .await
    });
    ok(is_started.await);
    let (address, signature) = SOME_DATA;
    let verifier = KeySignatures::new(gate);
    let error = verifier.verify(proof(Chain::Ethereum, address, b"Some data", signature)).await;
    assert!(matches!(error, Err(VerifyError::Busy { .. })), "{error:?}");
    ok(release.send(()));
    ok(ok(holding.await));
}
