//! The search for keys in a stream.

use tessera_apikeys::{
    leaks::KeyFinder,
    model::{KeyKind, RawKey},
};
use tessera_testkit::fakes::SequentialEntropy;

fn key(kind: KeyKind, number: u64) -> String {
    RawKey::generate(kind, &SequentialEntropy::starting_at(number)).expose().to_owned()
}

fn application_key() -> String {
    key(KeyKind::Application, 1)
}

/// A key with its line and column.
type Found = (String, u64, u64);

fn search(blocks: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Found> {
    let (mut finder, mut all) = (KeyFinder::default(), Vec::new());
    for block in blocks {
        finder.feed(block.as_ref(), |found| all.push((found.key.expose().to_owned(), found.line, found.column)));
    }
    all
}

fn whole(text: impl AsRef<[u8]>) -> Vec<Found> {
    search([text])
}

/// The first line and column of the text, by a search of the plainest kind.
fn place(text: &[u8], key: &str) -> Found {
    let at = text.windows(key.len()).position(|window| window == key.as_bytes()).unwrap_or_else(|| panic!("no {key}"));
    let line = text[..at].split(|byte| *byte == b'\n').count();
    let column = text[..at].iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    (key.to_owned(), line as u64, column as u64)
}

#[test]
fn keys_of_all_kinds_are_found_with_line_and_column() {
    let (one, two) = (application_key(), key(KeyKind::Organization, 2));
    let text = format!("first\nKEY={one};\n\n{two}");
    assert_eq!(whole(text), [(one, 2, 5), (two, 4, 1)]);
}

#[test]
fn several_keys_in_a_line_are_found() {
    let keys: Vec<_> = (0..5).map(|n| key(KeyKind::ALL[n % 2], n as u64)).collect();
    let found = whole(format!("é {}", keys.join(",")));
    let expected: Vec<Found> = keys.into_iter().zip(0..).map(|(key, n)| (key, 1, 4 + n * 54)).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_text_around_a_key_does_not_matter() {
    let key = application_key();
    for (before, after) in
        [("x", "y"), ("ask_", "_"), ("sk_ask", "0000"), ("\0", "\u{FEFF}"), ("\r", "\r"), ("%3D", "&")]
    {
        assert_eq!(
            whole(format!("{before}{key}{after}")),
            [(key.clone(), 1, 1 + before.len() as u64)],
            "{before}{after}"
        );
    }
    let (one, two) = (application_key(), key_after());
    assert_eq!(whole(format!("{one}{two}")), [(one, 1, 1), (two, 1, 54)]);
}

fn key_after() -> String {
    key(KeyKind::Organization, 9)
}

#[test]
fn a_wrong_checksum_is_not_a_key() {
    let key = application_key();
    let wrong = format!("{}{}", &key[..key.len() - 1], if key.ends_with('0') { '1' } else { '0' });
    let shifted = format!("ask_0{}", &key[4..]);
    let cut = &key[..key.len() - 1];
    let halved = format!("{}\n{}", &key[..20], &key[20..]);
    let of_another_kind = key.replacen("ask_", "bsk_", 1);
    for text in [&*wrong, &shifted, cut, &halved, &of_another_kind, &key[1..], ""] {
        assert_eq!(whole(text), [], "{text}");
    }
    assert_eq!(whole(format!("{wrong} {key}")), [(key, 1, 55)]);
}

#[test]
fn keys_are_found_at_every_offset_around_the_boundaries_of_blocks() {
    let keys = [application_key(), key_after()];
    for offset in 0..140 {
        let text =
            format!("{}\n{}\n{}{}\u{FF}", "a".repeat(offset / 2), "b".repeat(offset - offset / 2), keys[0], keys[1]);
        let expected = keys.each_ref().map(|key| place(text.as_bytes(), key));
        for block in [1, 2, 7, 51, 52, 53, 54, 64, 104, 105, 106, 107, 128] {
            assert_eq!(search(text.as_bytes().chunks(block)), expected, "offset {offset}, blocks of {block}");
        }
    }
}

#[test]
fn blocks_of_changing_sizes_give_the_same_result() {
    let keys: Vec<_> = (0..40).map(|n| key(KeyKind::ALL[n % 2], n as u64)).collect();
    let mut text = String::new();
    for (n, key) in keys.iter().enumerate() {
        text.extend(["\n".repeat(n % 3), key.clone(), "ask_".repeat(n)]);
    }
    let expected = whole(&text);
    assert_eq!(expected.len(), keys.len());
    assert_eq!(expected, keys.iter().map(|key| place(text.as_bytes(), key)).collect::<Vec<_>>());
    let mut numbers = Numbers(7);
    for _ in 0..200 {
        let (mut rest, mut blocks) = (text.as_bytes(), Vec::new());
        while !rest.is_empty() {
            let (block, more) = rest.split_at(rest.len().min(numbers.below(130)));
            blocks.push(block);
            rest = more;
        }
        assert_eq!(search(blocks), expected);
    }
}

#[test]
fn bytes_that_are_no_text_are_searched_too() {
    let key = application_key();
    let mut bytes: Vec<u8> = (0..=255).collect();
    bytes.extend_from_slice(key.as_bytes());
    bytes.extend((0..=255).rev());
    assert_eq!(whole(&bytes), [place(&bytes, &key)]);
}

#[test]
fn a_long_line_is_not_kept_in_memory() {
    let (mut finder, mut found) = (KeyFinder::default(), Vec::new());
    let (block, blocks) = (vec![b'_'; 1 << 20], 64);
    for _ in 0..blocks {
        finder.feed(&block, |text| found.push(text.column));
    }
    // The state has one short buffer: its printed form would show a longer one.
    assert!(format!("{finder:?}").len() < 20_000);
    finder.feed(application_key().as_bytes(), |text| found.push(text.column));
    assert_eq!(found, [(blocks << 20) + 1]);
}

/// Numbers that are the same in each run (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below the bound.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap_or_default()
    }

    fn digit(&mut self) -> char {
        char::from(DIGITS[self.below(DIGITS.len())])
    }
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Of N random texts in the format, N / 62^6 are keys: 0.0000004 of 20,000. That any one is, has the same probability.
#[test]
fn random_texts_in_the_format_are_no_keys() {
    let mut numbers = Numbers(1);
    let mut text = String::new();
    for _ in 0..20_000 {
        text.push_str(KeyKind::ALL[numbers.below(2)].prefix());
        text.extend((0..49).map(|_| numbers.digit()));
        text.push(' ');
    }
    assert_eq!(whole(text), []);
}

/// Measures the rate that the test above assumes: of the 62² values of two digits of the checksum, one makes a key, so
/// that one of 62^6 does if all six are random.
#[test]
fn one_value_of_two_checksum_digits_makes_a_key() {
    let key = application_key();
    for first in [47, 49, 51] {
        let mut text = String::new();
        for (one, two) in DIGITS.iter().flat_map(|one| DIGITS.iter().map(move |two| (one, two))) {
            text.push_str(&key[..first]);
            text.extend([char::from(*one), char::from(*two)]);
            text.push_str(&key[first + 2..]);
            text.push('\n');
        }
        let found = whole(text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, key);
    }
}
