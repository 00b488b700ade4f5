//! Messages that are given by their fields, and whether the fields form a message.

use super::fields::{BARE, Fields, WHOLE};

const CEST: &str = "Wed Oct 05 2011 16:48:00 GMT+0200 (CEST)";
const NO_URI: &str = ":not_a_rfc3986_valid_uri_";

/// Fields that form no message. A field that is missing in the original is an empty text here.
pub(crate) const INCOMPLETE: [(&str, Fields); 18] = [
    ("missing domain", Fields { domain: "", ..WHOLE }),
    ("missing address", Fields { address: "", ..WHOLE }),
    ("missing uri", Fields { uri: "", ..WHOLE }),
    ("missing version", Fields { version: "", ..WHOLE }),
    ("missing chainId", Fields { chain_id: "", ..WHOLE }),
    ("missing nonce", Fields { nonce: "", ..WHOLE }),
    ("missing issuedAt", Fields { issued_at: "", ..WHOLE }),
    ("domain not RFC4501 authority", Fields { domain: "#notrfc4501", ..WHOLE }),
    ("address not EIP-55", Fields { address: "0xE5A12547fe4E872D192E3eCecb76F2Ce1aeA4946", ..WHOLE }),
    ("uri is non-RFC 3986", Fields { uri: NO_URI, ..WHOLE }),
    ("version not 1", Fields { version: "3", ..WHOLE }),
    ("not a valid chainId", Fields { chain_id: "?", ..WHOLE }),
    ("nonce with less then 8 chars", Fields { nonce: "1234567", ..WHOLE }),
    ("non-ISO 8601 issuedAt", Fields { issued_at: CEST, ..WHOLE }),
    ("non-ISO 8601 expirationTime", Fields { expiration_time: Some(CEST), ..WHOLE }),
    ("non-ISO 8601 notBefore", Fields { not_before: Some(CEST), ..WHOLE }),
    ("first resource not-RFC 3986", Fields { resources: Some(&[NO_URI, "https://service.org/login"]), ..WHOLE }),
    ("second resource is not-RFC3986", Fields { resources: Some(&["https://service.org/login", NO_URI]), ..WHOLE }),
];

const SAMPLE: Fields = Fields { uri: "https://sample.org", resources: None, ..WHOLE };
const TIMED: Fields = Fields { uri: "https://service.org", resources: None, ..WHOLE };

/// Fields, and whether they form a message.
pub(crate) const OBJECTS: [(&str, Fields, bool); 13] = [
    ("valid message object: missing resources", SAMPLE, true),
    ("valid message object: empty resources", Fields { resources: Some(&[]), ..SAMPLE }, true),
    ("valid message object: single resources URI", Fields { resources: Some(&["ftp://mystuff.com"]), ..SAMPLE }, true),
    (
        "valid message object: multiple resources URIs",
        Fields { resources: Some(&["ftp://mystuff.com", "uri:"]), ..SAMPLE },
        true,
    ),
    (
        "invalid message object: invalid EIP-55 address",
        Fields { address: "0xe5a12547fe4E872D192E3eCecb76F2Ce1aeA4946", ..SAMPLE },
        false,
    ),
    ("invalid message object: invalid resource URI", Fields { resources: Some(&["sample.org"]), ..SAMPLE }, false),
    (
        "invalid message object: multiple resources one good one bad}",
        Fields { resources: Some(&["https://sample.org", "sample.org"]), ..SAMPLE },
        false,
    ),
    ("invalid issuedAt data time: invalid issued-at date time syntax", Fields { issued_at: "garbage", ..TIMED }, false),
    (
        "invalid issuedAt data time month - 2022-13-17T12:45:13.610Z: invalid issued-at date time semantics",
        Fields { issued_at: "2022-13-17T12:45:13.610Z", ..TIMED },
        false,
    ),
    (
        "invalid expirationTime data time: invalid expiration-time date time syntax",
        Fields { expiration_time: Some("garbage"), ..TIMED },
        false,
    ),
    (
        "invalid expirationTime data time day - 2023-03-32T12:45:13.610Z: invalid expiration-time date time semantics",
        Fields { expiration_time: Some("2023-03-32T12:45:13.610Z"), ..TIMED },
        false,
    ),
    (
        "invalid notBefore data time: invalid not-before date time syntax",
        Fields { not_before: Some("garbage"), ..TIMED },
        false,
    ),
    (
        "invalid notBefore data time hour - 2023-03-17T25:45:13.610Z: invalid not-before date time semantics",
        Fields { not_before: Some("2023-03-17T25:45:13.610Z"), ..TIMED },
        false,
    ),
];

const PLAIN: Fields = Fields { uri: "uri:", ..BARE };

/// Optional fields that are present, empty or missing. All of them form a message.
pub(crate) const OPTIONAL: [(&str, Fields); 9] = [
    ("resources present", Fields { resources: Some(&["uri:"]), ..PLAIN }),
    ("resources empty", Fields { resources: Some(&[]), ..PLAIN }),
    ("resources missing", PLAIN),
    ("request-id present", Fields { request_id: Some("request123"), ..PLAIN }),
    ("request-id empty", Fields { request_id: Some(""), ..PLAIN }),
    ("request-id missing", PLAIN),
    ("statement present", Fields { statement: Some("have statement"), ..PLAIN }),
    ("statement empty", Fields { statement: Some(""), ..PLAIN }),
    ("statement missing", PLAIN),
];
