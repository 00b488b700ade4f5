//! Accepted and rejected wallet signatures.

use serde_json::json;
use tessera_tests::{
    api::text_of,
    database::Backend,
    on_sqlite,
    test_org::Service,
    wallet::{EvmWallet, SolanaWallet, hex},
};

use crate::wallets::sign_in::{CHALLENGE, VERIFY, challenge, enter};

on_sqlite! {
    malformed_and_malleable_signatures_are_rejected_s93
    an_address_is_the_same_in_any_letter_case_s94
    only_strict_ed25519_signatures_are_accepted_s95
    a_challenge_is_not_valid_for_another_chain_s96
}

/// A modification of a valid signature.
type Forgery = fn(&[u8]) -> Vec<u8>;

/// The text that a wallet signs for a nonce.
type Form = fn(&str) -> Vec<u8>;

/// The order of the curve.
const ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xBA, 0xAE, 0xDC,
    0xE6, 0xAF, 0x48, 0xA0, 0x3B, 0xBF, 0xD2, 0x5E, 0x8C, 0xD0, 0x36, 0x41, 0x41,
];

/// The other signature of the same key for the same text: `n - s` with the other parity.
fn twin(signature: &[u8]) -> Vec<u8> {
    let mut twin = signature.to_vec();
    let mut borrow = 0;
    for place in (0..32).rev() {
        let difference = i16::from(ORDER[place]) - i16::from(signature[32 + place]) - borrow;
        borrow = i16::from(difference < 0);
        twin[32 + place] = u8::try_from(difference.rem_euclid(256)).unwrap_or_default();
    }
    twin[64] = 27 + (28 - signature[64]);
    twin
}

async fn malformed_and_malleable_signatures_are_rejected_s93(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let with_v = |signature: &[u8], v: u8| [&signature[..64], &[v]].concat();
    let wrong: [(&str, Forgery); 9] = [
        ("the twin", twin),
        ("the compact form", |s| s[..64].to_vec()),
        ("64 bytes with the parity in them", |s| {
            let mut compact = s[..64].to_vec();
            compact[32] |= (s[64] - 27) << 7;
            compact
        }),
        ("66 bytes", |s| [s, &[0]].concat()),
        ("one byte", |_| vec![27]),
        ("nothing but zeros", |_| vec![0; 65]),
        ("nothing but ones", |_| vec![0xFF; 65]),
        ("the order for s", |s| [&s[..32], &ORDER, &s[64..]].concat()),
        ("the order for r", |s| [&ORDER, &s[32..]].concat()),
    ];
    for (what, make) in wrong {
        let asked = challenge(&api, &wallet).await;
        let mut proof = wallet.proof("ethereum", &asked);
        proof["signature"] = hex(&make(&wallet.sign_bytes(&text_of(&asked, "challenge")))).into();
        let answer = api.post(VERIFY, &proof).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        answer.problem(401, "invalid_signature");
    }
    for v in [0, 1, 2, 26, 27, 28, 29, 35, 36, 37, 38, 255] {
        let asked = challenge(&api, &wallet).await;
        let signature = wallet.sign_bytes(&text_of(&asked, "challenge"));
        let right = v == signature[64] || v == signature[64] - 27;
        let mut proof = wallet.proof("ethereum", &asked);
        proof["signature"] = hex(&with_v(&signature, v)).into();
        let answer = api.post(VERIFY, &proof).await;
        assert_eq!(answer.status, if right { 200 } else { 401 }, "v = {v}: {}", answer.text());
    }
}

async fn an_address_is_the_same_in_any_letter_case_s94(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let first = enter(&api, &wallet).await;
    let shown = text_of(&first["user"]["wallets"][0], "address");
    let upper = format!("0x{}", wallet.address()[2..].to_ascii_uppercase());
    for address in [&shown, &upper, &wallet.address()] {
        let named = json!({"wallet_address": address, "chain_type": "ethereum"});
        let asked = api.post(CHALLENGE, &named).await.expecting(200);
        assert!(text_of(&asked, "challenge").contains(&shown), "{asked}");
        let mut proof = wallet.proof("ethereum", &asked);
        proof["wallet_address"] = address.as_str().into();
        assert_eq!(api.post(VERIFY, &proof).await.expecting(200)["user"]["id"], first["user"]["id"]);
    }
    let mail = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    let wrong: String = shown.char_indices().map(|(place, c)| if place > 1 { mail(c) } else { c }).collect();
    let answer = api.post(CHALLENGE, &json!({"wallet_address": wrong, "chain_type": "ethereum"})).await;
    assert_eq!(answer.faults(), ["/wallet_address"]);
    // The signature of another key over the message for this wallet.
    let asked = challenge(&api, &wallet).await;
    let mut proof = EvmWallet::new().proof("ethereum", &asked);
    proof["wallet_address"] = wallet.address().into();
    api.post(VERIFY, &proof).await.problem(401, "invalid_signature");
}

async fn only_strict_ed25519_signatures_are_accepted_s95(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), SolanaWallet::new());
    let ask = async || api.post(CHALLENGE, &wallet.named()).await.expecting(200);
    let envelope = |text: &str| {
        let length = u16::try_from(text.len()).unwrap_or_default().to_le_bytes();
        [b"\xffsolana offchain\x00\x00".as_slice(), &length, text.as_bytes()].concat()
    };
    let forms: [(Form, u16); 4] = [
        (|nonce| nonce.as_bytes().to_vec(), 200),
        (|nonce| format!("{nonce}\n").into_bytes(), 401),
        (|nonce| nonce.to_ascii_lowercase().into_bytes(), 401),
        (|_| Vec::new(), 401),
    ];
    for (form, status) in forms {
        let asked = ask().await;
        let mut proof = wallet.proof(&asked);
        proof["signature"] = wallet.sign(&form(&text_of(&asked, "nonce"))).into();
        assert_eq!(api.post(VERIFY, &proof).await.status, status);
    }
    let asked = ask().await;
    let mut proof = wallet.proof(&asked);
    proof["signature"] = wallet.sign(&envelope(&text_of(&asked, "nonce"))).into();
    api.post(VERIFY, &proof).await.is(200);
    // The identity point: with it as the key, this is a valid signature of every text for a lax verifier.
    let identity = [&[1_u8][..], &[0; 31]].concat();
    let named = json!({"wallet_address": bs58::encode(&identity).into_string(), "chain_type": "solana"});
    let asked = api.post(CHALLENGE, &named).await.expecting(200);
    let signature = bs58::encode([identity.as_slice(), &[0; 32]].concat()).into_string();
    let proof = json!({"wallet_address": named["wallet_address"], "chain_type": "solana", "signature": signature,
                       "nonce": asked["nonce"]});
    api.post(VERIFY, &proof).await.problem(401, "invalid_signature");
}

async fn a_challenge_is_not_valid_for_another_chain_s96(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, evm, solana) = (service.api(), EvmWallet::new(), SolanaWallet::new());
    // Each wallet correctly signs a challenge for the other wallet, or for itself on another chain.
    let asked = challenge(&api, &evm).await;
    api.post(VERIFY, &solana.proof(&asked)).await.problem(401, "invalid_signature");
    let asked = api.post(CHALLENGE, &solana.named()).await.expecting(200);
    api.post(VERIFY, &evm.proof("ethereum", &asked)).await.problem(401, "invalid_signature");
    let asked = challenge(&api, &evm).await;
    api.post(VERIFY, &evm.proof("polygon", &asked)).await.problem(401, "invalid_signature");
    for (address, chain) in [(evm.address(), "solana"), (solana.address(), "ethereum")] {
        let answer = api.post(CHALLENGE, &json!({"wallet_address": address, "chain_type": chain})).await;
        assert_eq!(answer.faults(), ["/wallet_address"]);
    }
}
