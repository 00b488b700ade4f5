//! ERC-4361 messages: the examples of the standard, rejected texts, and comparison with another parser.

use tessera_identity::model::SiweMessage;
use tessera_testkit::expectations::{failed, ok, some};
use time::macros::datetime;

/// The start of the first lines of the examples of the standard: without a scheme, with a port, and with a scheme. Another
/// parser reads those without a scheme.
const AUTHORITIES: [&str; 3] = ["example.com", "example.com:3388", "https://example.com"];

const WHOLE: &str = "example.com wants you to sign in with your Ethereum account:
0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2

I accept the ExampleOrg Terms of Service: https://example.com/tos

URI: https://example.com/login
Version: 1
Chain ID: 1
Nonce: 32891756
Issued At: 2021-09-30T16:25:24Z
Expiration Time: 2021-09-30T16:30:24Z
Not Before: 2021-09-30T16:25:24Z
Request ID: some-id%20of:ours@home
Resources:
- https://example.com/a";

const BARE: &str = "service.org wants you to sign in with your Ethereum account:
0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946


URI: https://service.org/login
Version: 1
Chain ID: 1
Nonce: 12341234
Issued At: 2022-03-17T12:45:13Z";

/// An example of the standard, which begins with this authority. [`WHOLE`] adds optional fields to it.
fn example(authority: &str) -> String {
    let (head, _) = some(WHOLE.split_once("\nExpiration Time"));
    let resources = "
Resources:
- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/
- https://example.com/my-web2-claim.json";
    head.replacen("example.com", authority, 1) + resources
}

fn parse(text: &str) -> Result<SiweMessage, tessera_identity::model::SiweError> {
    text.parse()
}

/// The complete message with one change.
fn changed(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from), "{from:?} is not in the message");
    WHOLE.replacen(from, to, 1)
}

#[track_caller]
fn is_refused(text: &str, field: &str) {
    assert_eq!(failed(parse(text)).field, field, "{text}");
}

#[test]
fn the_examples_of_the_standard_are_read_and_written_alike() {
    for text in AUTHORITIES.map(example).into_iter().chain([WHOLE, BARE].map(str::to_owned)) {
        assert_eq!(ok(parse(&text)).to_string(), text);
    }
}

#[test]
fn every_field_is_read() {
    let said = ok(parse(WHOLE));
    assert_eq!((said.scheme.as_deref(), said.domain.as_str()), (None, "example.com"));
    assert_eq!(said.address.to_string(), "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2");
    assert_eq!(said.statement.as_deref(), Some("I accept the ExampleOrg Terms of Service: https://example.com/tos"));
    assert_eq!((said.uri.as_str(), said.chain_id, said.nonce.as_str()), ("https://example.com/login", 1, "32891756"));
    assert_eq!(said.issued_at, datetime!(2021-09-30 16:25:24 UTC));
    assert_eq!(said.expiration_time, Some(datetime!(2021-09-30 16:30:24 UTC)));
    assert_eq!(said.not_before, Some(datetime!(2021-09-30 16:25:24 UTC)));
    assert_eq!(said.request_id.as_deref(), Some("some-id%20of:ours@home"));
    assert_eq!(said.resources, ["https://example.com/a"]);
}

#[test]
fn another_parser_reads_the_same() {
    let schemeless = AUTHORITIES[..2].iter().map(|authority| example(authority));
    for text in schemeless.chain([WHOLE, BARE].map(str::to_owned)) {
        let (ours, theirs) = (ok(parse(&text)), ok(text.parse::<siwe::Message>()));
        assert_eq!((ours.domain, ours.uri), (theirs.domain.to_string(), theirs.uri.to_string()));
        assert_eq!((ours.chain_id, ours.nonce), (theirs.chain_id, theirs.nonce.clone()));
        assert_eq!((ours.statement, ours.request_id), (theirs.statement.clone(), theirs.request_id.clone()));
        assert_eq!(ours.resources, theirs.resources.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
}

#[test]
fn messages_that_another_parser_rejects_are_rejected() {
    let all: Vec<String> = MUTATIONS.iter().map(|(from, to, _)| changed(from, to)).collect();
    for text in all.iter().filter(|text| text.parse::<siwe::Message>().is_err()) {
        assert!(parse(text).is_err(), "{text}");
    }
}

/// A part of the complete message, its replacement, and the field that is rejected.
const MUTATIONS: &[(&str, &str, &str)] = &[
    // Domain.
    ("example.com wants", " wants", "domain"),
    ("example.com wants", "exam ple.com wants", "domain"),
    ("example.com wants", "example.com/login wants", "domain"),
    ("example.com wants", "example.com?x wants", "domain"),
    ("example.com wants", "b\u{fc}cher.example wants", "domain"),
    ("example.com wants", "ex\u{430}mple.com wants", "domain"),
    ("example.com wants", "example.com:80x wants", "domain"),
    ("example.com wants", "[::1 wants", "domain"),
    ("example.com wants", "[nonsense] wants", "domain"),
    ("example.com wants", "1x://example.com wants", "domain"),
    ("wants you", "Wants you", "domain"),
    ("wants you", "wants  you", "domain"),
    ("Ethereum account:", "Solana account:", "domain"),
    ("Ethereum account:\n", "Ethereum account: \n", "domain"),
    // Address.
    ("0xC02a", "0xc02a", "address"),
    ("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2", "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2", "address"),
    ("0xC02aaA39", "C02aaA39", "address"),
    ("756Cc2", "756Cc", "address"),
    ("756Cc2", "756Cc22", "address"),
    ("756Cc2", "756Ccg", "address"),
    ("756Cc2\n\n", "756Cc2\n", "address"),
    // Statement.
    ("I accept", "I \u{201c}accept", "statement"),
    ("I accept", "I acc\u{435}pt", "statement"),
    ("I accept", "I\taccept", "statement"),
    ("I accept", "I 100% accept", "statement"),
    ("I accept", "I accept\nand more", "statement"),
    ("/tos\n\n", "/tos\n", "statement"),
    // URI.
    ("URI: https://example.com/login", "URI: example.com", "URI"),
    ("URI: https://example.com/login", "URI: https://example.com/a b", "URI"),
    ("URI: https://example.com/login", "URI: https://example.com/%zz", "URI"),
    ("URI: https://example.com/login", "URI: https://example.com/#a#b", "URI"),
    ("URI: https://example.com/login", "URI: https://[::1/", "URI"),
    ("URI: https://example.com/login", "URI: https://b\u{fc}cher.example/", "URI"),
    ("URI: https", "Uri: https", "URI"),
    ("URI: https://example.com/login\n", "", "URI"),
    ("URI: ", "URI:", "URI"),
    ("\n\nURI", "\n\n\nURI", "URI"),
    // Version.
    ("Version: 1", "Version: 2", "Version"),
    ("Version: 1", "Version: 1.0", "Version"),
    ("Version: 1", "Version: 01", "Version"),
    ("Version: 1", "Version:  1", "Version"),
    ("Version: 1\n", "Version: 1\nVersion: 1\n", "Chain ID"),
    // Chain id.
    ("Chain ID: 1", "Chain ID: 0x1", "Chain ID"),
    ("Chain ID: 1", "Chain ID: +1", "Chain ID"),
    ("Chain ID: 1", "Chain ID: -1", "Chain ID"),
    ("Chain ID: 1", "Chain ID: 01", "Chain ID"),
    ("Chain ID: 1", "Chain ID: 1.0", "Chain ID"),
    ("Chain ID: 1", "Chain ID: ", "Chain ID"),
    ("Chain ID: 1", "Chain ID: \u{661}", "Chain ID"),
    ("Chain ID: 1", "Chain ID: 18446744073709551616", "Chain ID"),
    ("Chain ID: 1\nNonce: 32891756", "Nonce: 32891756\nChain ID: 1", "Chain ID"),
    // Nonce.
    ("Nonce: 32891756", "Nonce: 3289175", "Nonce"),
    ("Nonce: 32891756", "Nonce: 3289-1756", "Nonce"),
    ("Nonce: 32891756", "Nonce: 32891756 ", "Nonce"),
    ("Nonce: 32891756\n", "", "Nonce"),
    ("Nonce: 32891756\n", "Nonce: 32891756\nNonce: 32891756\n", "Issued At"),
    // Times.
    ("Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30", "Issued At"),
    ("Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-31T16:25:24Z", "Issued At"),
    ("Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30T25:25:24Z", "Issued At"),
    ("Issued At: 2021-09-30T16:25:24Z", "Issued At: 2021-09-30T16:25:24", "Issued At"),
    ("Issued At: 2021-09-30T16:25:24Z\n", "", "Issued At"),
    ("Expiration Time: 2021-09-30T16:30:24Z", "Expiration Time: never", "Expiration Time"),
    ("Not Before: 2021-09-30T16:25:24Z", "Not Before: ", "Not Before"),
    // Order and duplicates.
    (
        "Expiration Time: 2021-09-30T16:30:24Z\nNot Before: 2021-09-30T16:25:24Z",
        "Not Before: 2021-09-30T16:25:24Z\nExpiration Time: 2021-09-30T16:30:24Z",
        "end",
    ),
    ("Request ID: some", "Expiration Time: 2021-09-30T16:30:24Z\nRequest ID: some", "end"),
    ("Request ID: some", "Request ID: one\nRequest ID: some", "end"),
    // Remaining fields.
    ("some-id%20", "some id%20", "Request ID"),
    ("some-id%20", "some/id%20", "Request ID"),
    ("some-id%20", "some-id%2", "Request ID"),
    ("Resources:", "Resources: ", "Resources"),
    ("- https://example.com/a", "- not a uri", "Resources"),
    ("- https://example.com/a", "https://example.com/a", "end"),
    ("- https://example.com/a", "- https://example.com/a\n", "end"),
    ("- https://example.com/a", "- https://example.com/a\n\nand more", "end"),
    ("Resources:", "Unknown: field\nResources:", "end"),
];

#[test]
fn messages_that_break_the_grammar_are_rejected_s90() {
    for (from, to, field) in MUTATIONS {
        is_refused(&changed(from, to), field);
    }
    is_refused("", "domain");
    is_refused(&format!("{BARE}\n"), "end");
    is_refused(&format!("\n{BARE}"), "domain");
    is_refused(&format!("{BARE} "), "Issued At");
    is_refused(&format!("\u{feff}{BARE}"), "domain");
}

#[test]
fn lines_end_with_lf_alone() {
    is_refused(&WHOLE.replace('\n', "\r\n"), "domain");
    for (place, _) in WHOLE.match_indices('\n') {
        let text = format!("{}\r{}", &WHOLE[..place], &WHOLE[place..]);
        assert!(parse(&text).is_err(), "{text:?}");
    }
}

#[test]
fn a_missing_or_duplicate_line_is_rejected() {
    let lines: Vec<&str> = WHOLE.lines().collect();
    let optional = ["I accept ", "Expiration Time: ", "Not Before: ", "Request ID: ", "- "];
    for (place, line) in lines.iter().enumerate() {
        let mut doubled = lines.clone();
        doubled.insert(place, line);
        // A resource may occur twice.
        assert_eq!(parse(&doubled.join("\n")).is_ok(), line.starts_with("- "), "{line:?} twice");
        let mut cut = lines.clone();
        cut.remove(place);
        let may_go = optional.iter().any(|prefix| line.starts_with(prefix));
        assert_eq!(parse(&cut.join("\n")).is_ok(), may_go, "without {line:?}");
    }
}

#[test]
fn a_message_has_4_kib_at_most() {
    let base = WHOLE.len() - "https://example.com/a".len();
    let with = |length: usize| changed("https://example.com/a", &format!("https://{}", "a".repeat(length - base - 8)));
    assert_eq!(with(4096).len(), 4096);
    ok(parse(&with(4096)));
    is_refused(&with(4097), "length");
}

#[test]
fn an_authority_may_have_a_port_a_user_or_an_address() {
    for domain in
        ["127.0.0.1:8080", "[::1]:8080", "[::1]", "user:pw@example.com:1", "localhost", "xn--bcher-kva.example"]
    {
        assert_eq!(ok(parse(&changed("example.com wants", &format!("{domain} wants")))).domain, domain);
    }
}

#[test]
fn a_uri_may_have_any_scheme() {
    for uri in ["did:key:z6Mk", "urn:uuid:x", "https://a@b:1/p;q?r=s/t?u#v/w?", "file:///etc", "https://[::1]:1/%41"] {
        assert_eq!(ok(parse(&changed("https://example.com/login", uri))).uri, uri);
    }
}

#[test]
fn each_time_limit_is_checked_on_its_own_s89() {
    let said = ok(parse(WHOLE));
    let at = |time| said.is_valid_at(time);
    assert!(!at(datetime!(2021-09-30 16:25:23.999999 UTC)));
    assert!(at(datetime!(2021-09-30 16:25:24 UTC)) && at(datetime!(2021-09-30 16:30:23.999999 UTC)));
    assert!(!at(datetime!(2021-09-30 16:30:24 UTC)));
    let late = SiweMessage { not_before: Some(datetime!(2021-09-30 16:26:00 UTC)), ..said.clone() };
    assert!(!late.is_valid_at(datetime!(2021-09-30 16:25:59 UTC)) && late.is_valid_at(datetime!(2021-09-30 16:26 UTC)));
    // Each limit is checked independently.
    let endless = SiweMessage { expiration_time: None, ..late.clone() };
    assert!(
        !endless.is_valid_at(datetime!(2021-09-30 16:25:59 UTC)) && endless.is_valid_at(datetime!(2031-01-01 0:00 UTC))
    );
    let early = SiweMessage { not_before: None, ..said };
    assert!(!early.is_valid_at(datetime!(2021-09-30 16:30:24 UTC)));
}
