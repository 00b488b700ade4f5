//! Chains, addresses, accounts and signatures of wallets.

use tessera_kernel::{
    Chain, Namespace, SupportedChains, WalletAccount, WalletAddress, WalletAddressError, WalletSignature,
};
use tessera_testkit::{
    builders::wallet_account,
    expectations::{failed, ok, parsed, some},
};

/// The examples of EIP-55, first those whose checksum is all upper or all lower case, then mixed case.
const CHECKSUMMED: [&str; 8] = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
];

fn evm(text: &str) -> Result<WalletAddress, WalletAddressError> {
    WalletAddress::parse(text, Namespace::Eip155)
}

fn solana(text: &str) -> Result<WalletAddress, WalletAddressError> {
    WalletAddress::parse(text, Namespace::Solana)
}

#[test]
fn an_address_is_the_same_in_any_letter_case_s94() {
    for text in CHECKSUMMED {
        let address = ok(evm(text));
        assert_eq!(address.to_string(), text);
        let digits = text.trim_start_matches("0x");
        for same in [digits.to_ascii_lowercase(), digits.to_ascii_uppercase()] {
            assert_eq!(evm(&format!("0x{same}")), Ok(address));
        }
    }
}

#[test]
fn a_mixed_case_address_requires_a_valid_checksum() {
    for text in &CHECKSUMMED[4..] {
        for (place, digit) in text.char_indices().skip(2).filter(|(_, digit)| digit.is_ascii_alphabetic()) {
            let other =
                if digit.is_ascii_lowercase() { digit.to_ascii_uppercase() } else { digit.to_ascii_lowercase() };
            let wrong = format!("{}{other}{}", &text[..place], &text[place + 1..]);
            assert_eq!(evm(&wrong), Err(WalletAddressError::Checksum), "{wrong}");
        }
    }
}

#[test]
fn an_address_has_twenty_bytes_in_hexadecimal() {
    let digits = "52908400098527886E0F7030069857D2E4169EE7";
    let wrong = ["", "0x", digits, &format!("0X{digits}"), &format!("0x{digits}0"), &format!("0x{}", &digits[1..])];
    let others = [&format!("0x{}g", &digits[1..]), &format!(" 0x{digits}"), &format!("0x{digits}\n"), "vitalik.eth"];
    for text in wrong.iter().chain(&others) {
        assert_eq!(evm(text), Err(WalletAddressError::Malformed), "{text:?}");
    }
    assert_eq!(evm(&format!("0x{}é", &digits[2..])), Err(WalletAddressError::Malformed));
}

#[test]
fn a_solana_address_has_thirty_two_bytes_in_base58() {
    let system = "11111111111111111111111111111111";
    for text in [system, "So11111111111111111111111111111111111111112", "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"] {
        assert_eq!(ok(solana(text)).to_string(), text);
    }
    assert_eq!(ok(solana(system)), WalletAddress::Solana([0; 32]));
    let short = bs58::encode([7; 31]).into_string();
    let long = bs58::encode([7; 33]).into_string();
    let one_more = format!("1{system}");
    for text in
        ["", "0", "O0Il", &short, &long, &one_more, &format!(" {system}"), "0x52908400098527886E0F7030069857D2E4169EE7"]
    {
        assert_eq!(solana(text), Err(WalletAddressError::Malformed), "{text:?}");
    }
}

#[test]
fn namespaces_do_not_mix() {
    assert_ne!(WalletAddress::Evm([0; 20]).namespace(), WalletAddress::Solana([0; 32]).namespace());
    failed(WalletAccount::parse(Chain::Solana, CHECKSUMMED[0]));
    failed(WalletAccount::parse(Chain::Ethereum, "11111111111111111111111111111111"));
}

#[test]
fn an_account_is_written_as_in_caip_10() {
    let written = [
        "eip155:1:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "eip155:137:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "eip155:42161:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "eip155:10:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "eip155:8453:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:So11111111111111111111111111111111111111112",
    ];
    for (text, chain) in written.iter().zip(Chain::NAMED) {
        let account: WalletAccount = parsed(text);
        assert_eq!((account.to_string().as_str(), account.chain()), (*text, chain));
    }
    for text in ["", "eip155:1", "eip155:05:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "solana:1:x", "cosmos:1:x"] {
        failed(text.parse::<WalletAccount>());
    }
}

#[test]
fn chains_have_their_numbers() {
    let numbers: Vec<Option<u64>> = Chain::NAMED.iter().map(|chain| chain.id()).collect();
    assert_eq!(numbers, [Some(1), Some(137), Some(42_161), Some(10), Some(8_453), None]);
    for chain in Chain::NAMED {
        assert_eq!(parsed::<Chain>(&chain.to_string()), chain);
        assert!(chain.id().is_none_or(|id| id.to_string() == chain.reference()));
    }
    for text in ["", "Ethereum", "eth", "1", "bitcoin", "ethereum "] {
        failed(text.parse::<Chain>());
    }
}

#[test]
fn other_evm_chains_are_named_by_their_id() {
    for id in [2, 100, 11_155_111, Chain::MAX_ID] {
        let chain = some(Chain::of_id(id));
        assert_eq!((chain.name(), chain.id(), chain.namespace()), (None, Some(id), Namespace::Eip155));
        assert_eq!(chain.to_string(), format!("eip155:{id}"));
        assert_eq!(parsed::<Chain>(&chain.to_string()), chain);
        let account = ok(WalletAccount::parse(chain, CHECKSUMMED[4]));
        assert_eq!(account.to_string(), format!("eip155:{id}:{}", CHECKSUMMED[4]));
        assert_eq!(parsed::<WalletAccount>(&account.to_string()), account);
    }
    // A chain with a name has one value, however it is written.
    assert_eq!((parsed("eip155:1"), Chain::of_id(137)), (Chain::Ethereum, Some(Chain::Polygon)));
    assert_eq!((Chain::of_id(0), Chain::of_id(Chain::MAX_ID + 1)), (None, None));
    for text in ["eip155:", "eip155:0", "eip155:01", "eip155:+5", "eip155:-5", "eip155: 5", "EIP155:5", "eip155:5:6"] {
        failed(text.parse::<Chain>());
    }
    failed(format!("eip155:{}", Chain::MAX_ID + 1).parse::<Chain>());
}

#[test]
fn only_listed_chains_are_supported() {
    let (gnosis, other) = (some(Chain::of_id(100)), some(Chain::of_id(5)));
    let on = |chain| wallet_account(1, chain);
    for chain in Chain::NAMED {
        assert_eq!(ok(SupportedChains::default().accept(on(chain))).account(), on(chain));
    }
    failed(SupportedChains::default().accept(on(gnosis)));
    let supported = SupportedChains::with([gnosis, Chain::Ethereum]);
    ok(supported.accept(on(gnosis)));
    assert_eq!(supported.iter().collect::<Vec<_>>(), [&Chain::NAMED[..], &[gnosis]].concat());
    assert_eq!(
        failed(supported.accept(on(other))).to_string(),
        "must be one of ethereum, polygon, arbitrum, optimism, base, solana, eip155:100"
    );
}

#[test]
fn signatures_are_read_as_wallets_write_them() {
    let evm = |text: &str| WalletSignature::parse(text, Namespace::Eip155);
    assert_eq!(ok(evm("0x00aBFf")).as_bytes(), [0, 0xAB, 0xFF]);
    // The signature of a contract account may be empty, because the contract can approve on the chain.
    assert!(ok(evm("0x")).as_bytes().is_empty());
    ok(evm(&format!("0x{}", "00".repeat(WalletSignature::MAX_BYTES))));
    let too_long = format!("0x{}", "00".repeat(WalletSignature::MAX_BYTES + 1));
    for text in ["", "0x0", "00", "0xzz", "0x 00", "0x00\u{e9}0", &too_long] {
        failed(evm(text));
    }
    let solana = |text: &str| WalletSignature::parse(text, Namespace::Solana);
    let good = bs58::encode([7; 64]).into_string();
    assert_eq!(ok(solana(&good)).as_bytes(), [7; 64]);
    let (short, long) = (bs58::encode([7; 63]).into_string(), bs58::encode([7; 65]).into_string());
    for text in ["", "0", "0x00", &short, &long, &"1".repeat(100_000), &good.replacen(&good[..1], "0", 1)] {
        failed(solana(text));
    }
}
