//! Valid and invalid messages.

use super::fields::{BARE, Fields, STATED};

const EXAMPLE_TERMS: Option<&str> = Some("I accept the ExampleOrg Terms of Service: https://example.com/tos");

/// The fields of each valid message.
pub(crate) const GOOD: [(&str, Fields); 19] = [
    (
        "couple of optional fields",
        Fields {
            resources: Some(&[
                "ipfs://Qme7ss3ARVgxv6rXqVPiikMJ8u2NLgmgszg13pYrDKEoiu",
                "https://example.com/my-web2-claim.json",
            ]),
            ..STATED
        },
    ),
    ("no optional field", STATED),
    ("timestamp without microseconds", Fields { issued_at: "2021-09-30T16:25:24Z", ..STATED }),
    ("timezone not utc", Fields { issued_at: "2021-09-30T16:25:24-02:00", ..STATED }),
    ("domain is RFC 3986 authority with IP", Fields { domain: "127.0.0.1", ..STATED }),
    ("domain is RFC 3986 authority with userinfo", Fields { domain: "test@127.0.0.1", ..STATED }),
    ("domain is RFC 3986 authority with port", Fields { domain: "127.0.0.1:8080", ..STATED }),
    ("domain is localhost authority with port", Fields { domain: "localhost:8080", ..STATED }),
    ("domain is RFC 3986 authority with userinfo and port", Fields { domain: "test@127.0.0.1:8080", ..STATED }),
    ("no statement", BARE),
    ("domain ipv6", Fields { domain: "[::cafe]", ..BARE }),
    ("uri ipv6", Fields { uri: "https://[::cafe]", ..BARE }),
    ("uri ipv4", Fields { uri: "https://127.0.0.1", ..BARE }),
    ("uri with port", Fields { uri: "https://127.0.0.1:4361", ..BARE }),
    ("uri ipv4 query params and fragment", Fields { uri: "https://127.0.0.1/?query=one#begin", ..BARE }),
    ("chainId not 1", Fields { chain_id: "4", ..BARE }),
    (
        "recovery byte starting at 0",
        Fields {
            domain: "www.tally.xyz",
            address: "0xc95EB884FE852e241D409234bfC7045CB9E31BD7",
            statement: Some("Sign in with Ethereum to Tally"),
            uri: "https://tally.xyz",
            nonce: "15050747",
            issued_at: "2022-06-30T14:08:51.382Z",
            ..BARE
        },
    ),
    (
        "domain contains optional scheme",
        Fields {
            scheme: Some("https"),
            domain: "example.com",
            statement: EXAMPLE_TERMS,
            uri: "https://example.com/login",
            nonce: "32891756",
            issued_at: "2021-09-30T16:25:24Z",
            ..BARE
        },
    ),
    (
        "scheme is not parsed from elsehwere in message",
        Fields {
            domain: "localhost:3030",
            statement: Some("I accept the ExampleOrg Terms of Service: http://localhost:3030/tos"),
            uri: "http://localhost:3030/login",
            nonce: "32891756",
            issued_at: "2021-09-30T16:25:24Z",
            ..BARE
        },
    ),
];

/// A part of the complete message, and the replacement that makes it invalid.
pub(crate) const BAD: [(&str, &str, &str); 29] = [
    ("missing domain", "service.org wants", " wants"),
    ("missing address", "0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946", ""),
    ("missing uri", "URI: https://service.org/login", ""),
    ("missing version", "Version: 1", ""),
    ("missing chainId", "Chain ID: 1", ""),
    ("missing nonce", "Nonce: 12341234", ""),
    ("missing issuedAt", "Issued At: 2022-03-17T12:45:13.610Z", ""),
    ("out of order uri", "URI: https://service.org/login\nVersion: 1", "Version: 1\nURI: https://service.org/login"),
    ("out of order version", "Version: 1\nChain ID: 1", "Chain ID: 1\nVersion: 1"),
    ("out of order chainId", "Chain ID: 1\nNonce: 12341234\n", "Nonce: 12341234Chain ID: 1\n\n"),
    (
        "out of order nonce",
        "Nonce: 12341234\nIssued At: 2022-03-17T12:45:13.610Z",
        "Issued At: 2022-03-17T12:45:13.610Z\nNonce: 12341234",
    ),
    (
        "out of order issuedAt",
        "Issued At: 2022-03-17T12:45:13.610Z\nExpiration Time: 2023-03-17T12:45:13.610Z",
        "Expiration Time: 2023-03-17T12:45:13.610Z\nIssued At: 2022-03-17T12:45:13.610Z",
    ),
    (
        "out of order expirationTime",
        "Expiration Time: 2023-03-17T12:45:13.610Z\nNot Before: 2022-03-17T12:45:13.610Z",
        "Not Before: 2022-03-17T12:45:13.610Z\nExpiration Time: 2023-03-17T12:45:13.610Z",
    ),
    (
        "out of order notBefore",
        "Not Before: 2022-03-17T12:45:13.610Z\nRequest ID: some_id",
        "Request ID: some_id\nNot Before: 2022-03-17T12:45:13.610Z",
    ),
    (
        "out of order requestId",
        "Request ID: some_id\nResources:\n- https://service.org/login",
        "Resources:\n- https://service.org/login\nRequest ID: some_id",
    ),
    (
        "out of order resources",
        "Not Before: 2022-03-17T12:45:13.610Z\nRequest ID: some_id\nResources:\n- https://service.org/login",
        "Resources:\n- https://service.org/login\nNot Before: 2022-03-17T12:45:13.610Z\nRequest ID: some_id",
    ),
    ("domain not RFC4501 authority", "service.org wants", "#notrfc4501 wants"),
    ("address not EIP-55", "0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946", "0xe5a12547fe4e872d192e3ececb76f2ce1aea4946"),
    ("statement has line break", "Service: https", "Service: \nhttps"),
    ("uri is non-RFC 3986", "URI: https://service.org/login", "URI: :not_a_rfc3986_valid_uri_"),
    ("version not 1", "Version: 1", "Version: 3"),
    ("not a valid chainId", "Chain ID: 1", "Chain ID: ?"),
    ("nonce with less then 8 chars", "Nonce: 12341234", "Nonce: 1234567"),
    (
        "non-ISO 8601 issuedAt",
        "Issued At: 2022-03-17T12:45:13.610Z",
        "Issued At: Wed Oct 05 2011 16:48:00 GMT+0200 (CEST)",
    ),
    (
        "non-ISO 8601 expirationTime",
        "Expiration Time: 2023-03-17T12:45:13.610Z",
        "Expiration Time: Wed Oct 05 2011 16:48:00 GMT+0200 (CEST)",
    ),
    (
        "non-ISO 8601 notBefore",
        "Not Before: 2022-03-17T12:45:13.610Z",
        "Not Before: Wed Oct 05 2011 16:48:00 GMT+0200 (CEST)",
    ),
    (
        "resources not separated by line break",
        "- https://service.org/login",
        "- https://service.org/login - https://service.org/login/2",
    ),
    (
        "first resource not-RFC 3986",
        "- https://service.org/login",
        "- :not_a_rfc3986_valid_uri_\n- https://service.org/login",
    ),
    (
        "second resource is not-RFC3986",
        "- https://service.org/login",
        "- https://service.org/login\n- :not_a_rfc3986_valid_uri_",
    ),
];
