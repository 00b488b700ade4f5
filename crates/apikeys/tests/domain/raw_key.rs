//! Secrets of API keys: format, checksum and shown characters.

use tessera_apikeys::model::{KeyKind, RawKey, RawKeyError};
use tessera_kernel::Entropy;
use tessera_testkit::{
    expectations::{failed, parsed},
    fakes::SequentialEntropy,
};

/// A source of these bytes.
struct Bytes([u8; 32]);

impl Entropy for Bytes {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&self.0[..buffer.len()]);
    }
}

/// Random bytes and the keys for them, computed by another implementation of base62 and CRC-32.
fn vectors() -> [([u8; 32], &'static str); 3] {
    let counting: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap_or_default());
    [
        ([0x00; 32], "ask_00000000000000000000000000000000000000000002CZclj"),
        ([0xFF; 32], "ask_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp13sRzl1"),
        (counting, "ask_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf1Yo7hP"),
    ]
}

#[test]
fn keys_are_as_another_implementation_computes_them() {
    for (bytes, expected) in vectors() {
        assert_eq!(RawKey::generate(KeyKind::Application, &Bytes(bytes)).expose(), expected);
    }
}

#[test]
fn known_keys_are_taken() {
    for (_, text) in vectors() {
        assert_eq!(parsed::<RawKey>(text).expose(), text);
    }
}

#[test]
fn a_key_is_a_prefix_and_49_base62_digits() {
    let entropy = SequentialEntropy::default();
    for _ in 0..100 {
        let key = RawKey::generate(KeyKind::Application, &entropy);
        let digits = key.expose().strip_prefix("ask_").unwrap_or_default();
        assert!(digits.len() == 49 && digits.bytes().all(|b| b.is_ascii_alphanumeric()), "{}", key.expose());
        assert_eq!(parsed::<RawKey>(key.expose()), key);
    }
}

#[test]
fn any_one_wrong_character_is_noticed() {
    let (_, good) = vectors()[2];
    for position in 4..good.len() {
        for replacement in ["0", "1", "Z", "a"] {
            let mut text = good.to_owned();
            text.replace_range(position..=position, replacement);
            if text != good {
                assert_eq!(failed(text.parse::<RawKey>()), RawKeyError, "{text}");
            }
        }
    }
}

#[test]
fn two_characters_in_the_wrong_order_are_noticed() {
    let (_, good) = vectors()[2];
    let mut characters: Vec<char> = good.chars().collect();
    characters.swap(10, 11);
    assert_eq!(failed(characters.iter().collect::<String>().parse::<RawKey>()), RawKeyError);
}

#[test]
fn other_forms_are_no_keys() {
    let (_, good) = vectors()[2];
    let cases = [
        String::new(),
        "ask_".to_owned(),
        good.replacen("ask_", "opk_", 1),
        good.replacen("ask_", "ask_osk_", 1),
        good.replacen("ask_", "ASK_", 1),
        good[4..].to_owned(),
        good[..52].to_owned(),
        format!("{good}0"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{}-{}", &good[..20], &good[21..]),
        format!("ask_{}", "ä".repeat(49)),
        format!("ask_{}é{}", "0".repeat(42), "0".repeat(5)),
        "x".repeat(1 << 20),
    ];
    for text in cases {
        assert_eq!(failed(text.parse::<RawKey>()), RawKeyError, "{text:.60}");
    }
}

#[test]
fn eight_characters_are_shown() {
    let (_, text) = vectors()[1];
    assert_eq!(parsed::<RawKey>(text).shown(), "ask_yhjs");
}

#[test]
fn a_key_does_not_print_itself() {
    let (_, text) = vectors()[1];
    let printed = format!("{:?}", parsed::<RawKey>(text));
    assert!(!printed.contains("yhjs"), "{printed}");
}

#[test]
fn the_prefix_shows_the_kind() {
    for (kind, prefix) in [(KeyKind::Application, "ask_"), (KeyKind::Organization, "osk_")] {
        let key = RawKey::generate(kind, &SequentialEntropy::default());
        assert_eq!((key.kind(), &key.expose()[..4]), (kind, prefix));
        assert_eq!(parsed::<RawKey>(key.expose()), key);
        assert!(RawKey::has_prefix(key.expose()));
    }
    assert!(!RawKey::has_prefix("eyJhbGciOiJIUzI1NiJ9.e30.x"));
}
