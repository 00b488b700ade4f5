//! Audience names and key ids.

use tessera_sso::model::{Audience, AudienceError, KeyId, KeyIdError};
use tessera_testkit::expectations::parsed;

#[test]
fn an_audience_is_what_a_uri_may_hold_and_stays_as_it_is() {
    for text in ["https://games.example.com", "urn:example:a%20b", "x", "01890a5d-ac96-774b-bcce-b302099a8057"] {
        assert_eq!(parsed::<Audience>(text).as_str(), text);
    }
    assert_eq!("".parse::<Audience>(), Err(AudienceError::Empty));
    assert!("a".repeat(200).parse::<Audience>().is_ok());
    assert_eq!("a".repeat(201).parse::<Audience>(), Err(AudienceError::TooLong));
    for text in [" x", "x y", "x\n", "\"x\"", "é", "a,b\u{0}", "<x>"] {
        assert_eq!(text.parse::<Audience>(), Err(AudienceError::ForbiddenCharacter), "{text:?}");
    }
}

#[test]
fn an_absolute_audience_has_a_scheme_and_something_behind_it() {
    for (text, absolute) in [
        ("https://games.example.com", true),
        ("urn:x", true),
        ("svc+v1.0-a:x", true),
        ("games.example.com", false),
        ("https:", false),
        (":x", false),
        ("1a:x", false),
        ("a_b:x", false),
        ("01890a5d-ac96-774b-bcce-b302099a8057", false),
    ] {
        assert_eq!(parsed::<Audience>(text).is_absolute(), absolute, "{text}");
    }
}

#[test]
fn a_key_id_is_base64url() {
    assert_eq!(parsed::<KeyId>("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs").as_str().len(), 43);
    for text in ["", "a.b", "../../dev/null", "a b", &"a".repeat(65)] {
        assert_eq!(text.parse::<KeyId>(), Err(KeyIdError));
    }
}
