//! Audience names and key ids.

use tessera_sso::model::{Audience, AudienceError, KeyId, KeyIdError};
use tessera_testkit::expectations::parsed;

#[test]
fn an_audience_is_any_name_or_a_uri_and_stays_as_it_is() {
    let names =
        ["nft-service", "games.example.com", "NFT service", "x", "kärnten", "01890a5d-ac96-774b-bcce-b302099a8057"];
    let uris = ["https://games.example.com", "urn:example:a%20b", "svc+v1.0-a:x", "HTTPS://games.example.com/?a=b#c"];
    for text in names.into_iter().chain(uris) {
        assert_eq!(parsed::<Audience>(text).as_str(), text);
    }
    assert_eq!("".parse::<Audience>(), Err(AudienceError::Empty));
    assert!("a".repeat(200).parse::<Audience>().is_ok());
    assert_eq!("a".repeat(201).parse::<Audience>(), Err(AudienceError::TooLong));
    assert!("ä".repeat(200).parse::<Audience>().is_ok());
    for text in ["x\n", "a,b\u{0}", "x\u{202e}y", "\u{feff}x"] {
        assert_eq!(text.parse::<Audience>(), Err(AudienceError::ForbiddenCharacter), "{text:?}");
    }
}

/// RFC 7519 section 2: a value with a colon must be a URI.
#[test]
fn an_audience_with_a_colon_is_a_uri() {
    for text in ["https:", ":x", "1a:x", "a_b:x", "my service:x", "https://games.example.com/a b", "urn:é", "a:<x>"] {
        assert_eq!(text.parse::<Audience>(), Err(AudienceError::NotAUri), "{text:?}");
    }
}

#[test]
fn an_application_id_is_an_audience_in_lower_case() {
    let audience = parsed::<Audience>("01890A5D-AC96-774B-BCCE-B302099A8057");
    assert_eq!(audience.as_str(), "01890a5d-ac96-774b-bcce-b302099a8057");
    assert_eq!(audience.application().map(|id| id.to_string()).as_deref(), Some(audience.as_str()));
    assert_eq!(parsed::<Audience>("nft-service").application(), None);
}

#[test]
fn a_key_id_is_base64url() {
    assert_eq!(parsed::<KeyId>("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs").as_str().len(), 43);
    for text in ["", "a.b", "../../dev/null", "a b", &"a".repeat(65)] {
        assert_eq!(text.parse::<KeyId>(), Err(KeyIdError));
    }
}
