//! Quantities, metadata and names.

use tessera_inventory::model::{ItemDescription, ItemName, Metadata, Quantity, QuantityError, Sku};
use tessera_kernel::{DocumentError, text::TextError};
use tessera_testkit::expectations::{failed, ok, parsed};

#[test]
fn a_quantity_is_what_every_reader_of_json_keeps_exactly() {
    assert_eq!(Quantity::MAX, 9_007_199_254_740_991);
    for number in [0, 1, 9_007_199_254_740_990, 9_007_199_254_740_991] {
        assert_eq!(ok(Quantity::try_from(number)).get(), number);
    }
}

#[test]
fn other_quantities_are_refused() {
    for number in [-1, 9_007_199_254_740_992, i64::MIN, i64::MAX] {
        assert_eq!(failed(Quantity::try_from(number)), QuantityError, "{number}");
    }
}

#[test]
fn no_quantity_is_zero() {
    assert_eq!(Quantity::default().get(), 0);
}

fn metadata(json: &str) -> Result<Metadata, DocumentError> {
    json.to_owned().try_into()
}

#[test]
fn metadata_are_kept_to_the_byte() {
    for json in ["{}", r#"{"z":1,"a":1.50}"#, "{\"ä\":\"🦀\"}"] {
        assert_eq!(ok(metadata(json)).as_json(), json);
    }
}

#[test]
fn metadata_are_an_object() {
    for json in ["", "null", "1", "\"{}\"", "[]", "[{}]", "{", "}", " {}", "{} "] {
        assert_eq!(failed(metadata(json)), DocumentError::NotAnObject, "{json:?}");
    }
}

#[test]
fn metadata_have_at_most_16_kib() {
    let of = |bytes: usize| format!(r#"{{"k":"{}"}}"#, "x".repeat(bytes - 8));
    assert_eq!(ok(metadata(&of(16_384))).as_json().len(), 16_384);
    assert_eq!(failed(metadata(&of(16_385))), DocumentError::TooLong { max: 16_384 });
}

#[test]
fn bytes_count_and_not_characters() {
    let json = format!(r#"{{"k":"{}"}}"#, "ä".repeat(8_188));
    assert_eq!(ok(metadata(&json)).as_json().len(), 16_384);
    assert_eq!(failed(metadata(&json.replacen('k', "kk", 1))), DocumentError::TooLong { max: 16_384 });
}

#[test]
fn no_metadata_are_the_empty_object() {
    assert_eq!(Metadata::default().as_json(), "{}");
}

#[test]
fn texts_have_their_limits() {
    assert_eq!(parsed::<Sku>(&"ä".repeat(128)).as_str().chars().count(), 128);
    assert_eq!(failed("x".repeat(129).parse::<Sku>()), TextError::TooLong { max: 128 });
    assert_eq!(failed("x".repeat(201).parse::<ItemName>()), TextError::TooLong { max: 200 });
    assert_eq!(failed("x".repeat(2001).parse::<ItemDescription>()), TextError::TooLong { max: 2000 });
    assert_eq!(parsed::<ItemDescription>("two\nlines").as_str(), "two\nlines");
    assert_eq!(failed("two\nlines".parse::<Sku>()), TextError::ForbiddenCharacter);
}

#[test]
fn skus_are_told_apart_by_case() {
    assert_ne!(parsed::<Sku>("abc"), parsed::<Sku>("ABC"));
}
