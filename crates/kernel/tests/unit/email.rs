//! Email addresses and their canonical form.

use tessera_kernel::{
    EmailAddress,
    EmailError::{self, Compatibility, Malformed, TooLong},
};
use tessera_testkit::expectations::{failed, parsed};

fn email(text: &str) -> EmailAddress {
    parsed(text)
}

#[track_caller]
fn refused(text: &str, expected: EmailError) {
    assert_eq!(failed(text.parse::<EmailAddress>()), expected, "{text:?}");
}

#[test]
fn plain_addresses_are_accepted_as_written() {
    for text in [
        "ada@example.com",
        "Ada.Lovelace@Example.Com",
        "a@b.co",
        "user+tag@example.com",
        "!#$%&'*+/=?^_`{|}~-@example.com",
        "用户@例子.广告",
        "ada@sub.sub.example.co.uk",
        "ada@xn--bcher-kva.example",
        "x@1und1.de",
    ] {
        assert_eq!(email(text).as_str(), text);
    }
}

#[test]
fn an_address_is_trimmed_and_composed() {
    assert_eq!(email(" \tada@example.com\n").as_str(), "ada@example.com");
    assert_eq!(email("ju\u{308}rgen@example.com").as_str(), "j\u{fc}rgen@example.com");
}

#[track_caller]
fn same(one: &str, other: &str) {
    assert_eq!(email(one), email(other));
    assert_eq!(email(one).canonical(), email(other).canonical());
}

#[test]
fn case_makes_no_difference() {
    same("Ada@Example.COM", "aDA@eXAMPLE.com");
    same("JÜRGEN@example.com", "jürgen@example.com");
    same("ИВАН@пример.рф", "иван@ПРИМЕР.РФ");
}

#[test]
fn letters_whose_upper_case_is_the_same_make_no_difference() {
    same("straße@example.com", "STRASSE@example.com");
    same("straße@example.com", "strasse@example.com");
    same("οδυσσεύς@example.com", "ΟΔΥΣΣΕΎΣ@example.com");
}

#[test]
fn equal_addresses_are_one_mailbox_only_if_they_differ_in_upper_and_lower_case() {
    for (one, other) in [
        ("Ada@Example.COM", "aDA@eXAMPLE.com"),
        ("JÜRGEN@example.com", "ju\u{308}rgen@example.com"),
        ("οδυσσεύς@example.com", "ΟΔΥΣΣΕΎΣ@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ] {
        assert!(email(one).is_same_mailbox(&email(other)) && email(other).is_same_mailbox(&email(one)), "{one}");
    }
    for (one, other) in [
        ("straße@example.com", "strasse@example.com"),
        ("adm\u{131}n@example.com", "admin@example.com"),
        ("οδυσσεύς@example.com", "οδυσσεύσ@example.com"),
    ] {
        assert_eq!(email(one), email(other));
        assert!(!email(one).is_same_mailbox(&email(other)) && !email(other).is_same_mailbox(&email(one)), "{one}");
    }
    assert!(!email("ada@example.com").is_same_mailbox(&email("bob@example.com")));
}

#[test]
fn every_letter_is_the_same_in_upper_and_lower_case() {
    let cased = |c: &char| !c.to_uppercase().eq([*c]) || !c.to_lowercase().eq([*c]);
    let mut compared = 0;
    for c in ('\u{80}'..=char::MAX).filter(cased) {
        let written = [c.to_string(), c.to_uppercase().to_string(), c.to_lowercase().to_string()];
        let taken: Vec<EmailAddress> =
            written.iter().filter_map(|text| format!("{text}@example.com").parse().ok()).collect();
        assert!(taken.windows(2).all(|two| two[0] == two[1]), "{c:?}: {taken:?}");
        compared += taken.len();
    }
    assert!(compared > 5_000, "{compared}");
}

#[test]
fn composition_makes_no_difference() {
    same("ju\u{308}rgen@example.com", "j\u{fc}rgen@example.com");
    same("JU\u{308}RGEN@example.com", "j\u{fc}rgen@example.com");
}

#[test]
fn a_domain_and_its_ascii_form_are_the_same() {
    same("ada@bücher.example", "ada@xn--bcher-kva.example");
    same("ada@BÜCHER.example", "ada@XN--BCHER-KVA.EXAMPLE");
}

#[test]
fn a_mail_server_gets_the_domain_in_ascii_and_the_rest_as_written() {
    for (written, wire) in [
        ("Ada@BÜCHER.example", "Ada@xn--bcher-kva.example"),
        ("Ada@XN--BCHER-KVA.example", "Ada@xn--bcher-kva.example"),
        ("JÜRG@Straße.example", "JÜRG@xn--strae-oqa.example"),
        ("Ada@Example.com", "Ada@example.com"),
    ] {
        assert_eq!(email(written).with_ascii_domain(), wire);
    }
}

#[test]
fn different_addresses_are_not_equal() {
    for (one, other) in [
        ("ada@example.com", "ada@example.org"),
        ("a.da@example.com", "ada@example.com"),
        ("ada+x@example.com", "ada@example.com"),
        ("jürgen@example.com", "jurgen@example.com"),
        ("ada@strasse.example", "ada@straße.example"),
    ] {
        assert_ne!(email(one), email(other));
    }
}

#[test]
fn compatibility_characters_are_refused() {
    for text in ["ａｄａ@example.com", "ada@ｅxample.com", "ﬁn@example.com", "ada＠example.com", "x²@example.com"]
    {
        refused(text, Compatibility);
    }
}

#[test]
fn other_forms_are_malformed() {
    for text in [
        "",
        "@",
        "ada",
        "ada@",
        "@example.com",
        "ada@@example.com",
        "a@b@example.com",
        "\"ada\"@example.com",
        "\"a@b\"@example.com",
        "ada(comment)@example.com",
        "Ada <ada@example.com>",
        "ada@example.com,bob@example.com",
        "ada lovelace@example.com",
        ".ada@example.com",
        "ada.@example.com",
        "a..da@example.com",
        "ada\n@example.com",
        "ada\u{202e}@example.com",
        "ada\0@example.com",
        "a\\da@example.com",
    ] {
        refused(text, Malformed);
    }
}

#[test]
fn other_domains_are_malformed() {
    for text in [
        "ada@localhost",
        "ada@example",
        "ada@.example.com",
        "ada@example..com",
        "ada@example.com.",
        "ada@-example.com",
        "ada@example-.com",
        "ada@exa_mple.com",
        "ada@exa mple.com",
        "ada@192.0.2.7",
        "ada@[192.0.2.7]",
        "ada@[IPv6:2001:db8::1]",
        "ada@xn--a.example",
    ] {
        refused(text, Malformed);
    }
    refused(&format!("ada@{}.com", "a".repeat(64)), Malformed);
}

#[test]
fn the_local_part_has_at_most_64_bytes() {
    assert_eq!(email(&format!("{}@example.com", "a".repeat(64))).local_part().len(), 64);
    refused(&format!("{}@example.com", "a".repeat(65)), TooLong);
    assert_eq!(email(&format!("{}@example.com", "ä".repeat(32))).local_part().len(), 64);
    refused(&format!("{}@example.com", "ä".repeat(33)), TooLong);
}

/// An address of that many bytes.
fn of_length(bytes: usize) -> String {
    let local = "a".repeat(64);
    let labels = format!("{0}.{0}.", "b".repeat(60));
    let rest = bytes - local.len() - 1 - labels.len() - ".com".len();
    format!("{local}@{labels}{}.{}.com", "c".repeat(60), "d".repeat(rest - 61))
}

#[test]
fn an_address_has_at_most_254_bytes() {
    assert_eq!(email(&of_length(254)).as_str().len(), 254);
    refused(&of_length(255), TooLong);
    refused(&"a".repeat(1 << 20), TooLong);
}

#[test]
fn the_canonical_form_is_no_longer_than_an_address_may_be() {
    // A character of two bytes whose lower case has three bytes.
    let local = "İ".repeat(32);
    assert_eq!(email(&format!("{local}@example.com")).canonical().len(), 96 + "@example.com".len());
    refused(&of_length(254).replace(&"a".repeat(64), &local), TooLong);
}

#[test]
fn the_local_part_stands_before_the_at() {
    assert_eq!(email("Ada.L+x@example.com").local_part(), "Ada.L+x");
}

#[test]
fn an_address_prints_as_it_was_written() {
    assert_eq!(email("Ada@Example.com").to_string(), "Ada@Example.com");
}

#[test]
fn an_address_that_grows_when_it_is_normalised_is_measured_afterwards() {
    let label = "\u{958}".repeat(24);
    let address = format!("a1@{label}.{label}.{label}.in");
    assert!(address.len() <= 254);
    assert_eq!(failed(address.parse::<EmailAddress>()), EmailError::TooLong);
}

#[test]
fn a_stored_address_is_parsed_unchanged() {
    for text in
        [" Ada@Example.COM ", "stra\u{df}e@b\u{fc}cher.example", "e\u{301}@example.com", "a@xn--bcher-kva.example"]
    {
        let kept: EmailAddress = parsed(text);
        let again: EmailAddress = parsed(kept.as_str());
        assert_eq!((again.as_str(), again.canonical()), (kept.as_str(), kept.canonical()), "{text}");
    }
}

#[test]
fn invisible_characters_in_an_address_are_rejected_s172() {
    for invisible in ["\u{ad}", "\u{200b}", "\u{200d}", "\u{fe0f}", "\u{e0001}", "\u{2060}"] {
        for text in [format!("a{invisible}da@example.com"), format!("ada@exam{invisible}ple.com")] {
            assert_eq!(failed(text.parse::<EmailAddress>()), EmailError::Malformed, "{text:?}");
        }
    }
}
