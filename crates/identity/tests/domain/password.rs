//! Rules for new passwords and for password attempts.

use tessera_identity::model::{Password, PasswordAttempt, PasswordError, PasswordHash};
use tessera_testkit::expectations::{failed, ok, parsed, some};

/// An `ä` of two code points. NFC composes them to one.
const DECOMPOSED: &str = "a\u{308}";

fn refusal(text: &str) -> PasswordError {
    failed(text.parse::<Password>())
}

/// Characters are code points and not bytes, and they are counted after composition.
#[test]
fn a_password_has_8_to_128_characters() {
    for (written, stored) in [("x", "x"), ("🦀", "🦀"), (DECOMPOSED, "ä")] {
        assert_eq!(refusal(&written.repeat(7)), PasswordError::TooShort { min: 8 }, "{written}");
        assert_eq!(parsed::<Password>(&written.repeat(8)).expose(), stored.repeat(8));
        assert_eq!(parsed::<Password>(&written.repeat(128)).length(), 128, "{written}");
        assert_eq!(refusal(&written.repeat(129)), PasswordError::TooLong { max: 128 }, "{written}");
    }
}

#[test]
fn characters_that_composition_takes_apart_are_counted_as_many() {
    // U+FB2C becomes three code points in NFC.
    assert_eq!(parsed::<Password>(&"\u{FB2C}".repeat(42)).length(), 126);
    assert_eq!(refusal(&"\u{FB2C}".repeat(43)), PasswordError::TooLong { max: 128 });
}

#[test]
fn four_code_points_that_compose_to_one_count_once() {
    let one = "\u{3B1}\u{313}\u{300}\u{345}";
    assert_eq!(parsed::<Password>(&one.repeat(128)).length(), 128);
}

#[test]
fn a_megabyte_is_too_long() {
    assert_eq!(refusal(&"a".repeat(1 << 20)), PasswordError::TooLong { max: 128 });
}

#[test]
fn spaces_and_controls_belong_to_a_password() {
    assert_eq!(parsed::<Password>("  a\tb \n ").expose(), "  a\tb \n ");
}

#[test]
fn an_attempt_may_be_shorter_than_a_password() {
    assert_eq!(PasswordAttempt::new("").expose(), Some(""));
    assert_eq!(PasswordAttempt::new("x").expose(), Some("x"));
}

#[test]
fn an_attempt_is_composed_as_a_password_is() {
    let attempt = PasswordAttempt::new(&DECOMPOSED.repeat(8));
    assert_eq!(some(attempt.expose()), parsed::<Password>(&"ä".repeat(8)).expose());
}

#[test]
fn an_attempt_that_is_too_long_is_not_kept() {
    assert!(PasswordAttempt::new(&"x".repeat(128)).expose().is_some());
    assert_eq!(PasswordAttempt::new(&"x".repeat(129)).expose(), None);
    assert_eq!(PasswordAttempt::new(&"x".repeat(1 << 20)).expose(), None);
}

#[test]
fn none_of_them_print_what_they_hold() {
    let password = ok("keep secret".parse::<Password>());
    let (attempt, hash) = (PasswordAttempt::new("keep secret"), PasswordHash::from_phc("keep secret".to_owned()));
    let printed = format!("{password:?} {attempt:?} {hash:?}");
    assert!(!printed.contains("tell"), "{printed}");
}
