//! Tests with the vectors of the siwe project that need no signature. `vectors/README.md` contains their source.

use crate::vectors::{
    characters, fields,
    fields::{BARE, Fields},
    messages, objects, uris,
};
use tessera_identity::model::SiweMessage;
use tessera_testkit::expectations::ok;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A text, and whether the siwe project accepts it as a message.
struct Vector {
    name: String,
    text: String,
    good: bool,
}

/// Vectors that the siwe project accepts and this service rejects, each with the reason. There are no vectors that only
/// this service accepts.
const STRICTER: [(&str, &str); 10] = [
    ("ALLOWED IPvFuture", "brackets contain an IPv6 address, and an unknown IP version identifies no host"),
    ("GOOD uri://@", HOSTLESS),
    ("GOOD uri://@:", HOSTLESS),
    ("GOOD uri://:", HOSTLESS),
    ("GOOD uri://[::000.000.010.001]", LEADING),
    ("GOOD uri://[::001.099.200.255]", LEADING),
    ("PAIRS uri: uri://@", HOSTLESS),
    ("PAIRS uri://@: uri://", HOSTLESS),
    ("PAIRS uri://: uri:?", HOSTLESS),
    ("OPTIONAL statement empty", "an empty statement would be a second text for a message without a statement"),
];

const HOSTLESS: &str = "a URI with a user or a port, but without a host, identifies no site";
const LEADING: &str = "RFC 3986 allows no leading zero in a part of an IPv4 address, and some parsers read it as octal";

fn time(text: &str) -> OffsetDateTime {
    ok(OffsetDateTime::parse(text, &Rfc3339))
}

/// Returns whether the message has the given fields. An empty field and a missing field are equal here.
fn says(said: &SiweMessage, fields: &Fields) -> bool {
    let resources: Vec<&str> = said.resources.iter().map(String::as_str).collect();
    said.scheme.as_deref() == fields.scheme
        && said.domain == fields.domain
        && said.address.to_string() == fields.address
        && said.statement.as_deref() == fields.statement
        && said.uri == fields.uri
        && said.chain_id.to_string() == fields.chain_id
        && said.nonce == fields.nonce
        && said.issued_at == time(fields.issued_at)
        && said.expiration_time == fields.expiration_time.map(time)
        && said.not_before == fields.not_before.map(time)
        && said.request_id.as_deref() == fields.request_id
        && resources == fields.resources.unwrap_or_default()
}

/// Returns the vectors that are given by fields, and whether their fields form a message.
fn objects() -> Vec<(String, Fields, bool)> {
    let good = messages::GOOD.iter().map(|(name, fields)| (format!("GOOD {name}"), *fields, true));
    let bad = objects::INCOMPLETE.iter().map(|(name, fields)| (format!("INCOMPLETE {name}"), *fields, false));
    let either = objects::OBJECTS.iter().map(|(name, fields, good)| (format!("OBJECTS {name}"), *fields, *good));
    let optional = objects::OPTIONAL.iter().map(|(name, fields)| (format!("OPTIONAL {name}"), *fields, true));
    let uris = uris::GOOD.iter().map(|uri| (format!("GOOD {uri}"), Fields { uri, ..BARE }, true));
    let plain = Fields { uri: "uri:", ..BARE };
    let pair =
        |pair: &&'static [&str]| (format!("PAIRS {}", pair.join(" ")), Fields { resources: Some(pair), ..plain }, true);
    good.chain(bad).chain(either).chain(optional).chain(uris).chain(uris::PAIRS.iter().map(pair)).collect()
}

/// Returns a message with the text at a place where only the rule decides whether the message is valid.
fn at_its_place(rule: &str, text: &str) -> String {
    let whole = fields::WHOLE.text();
    let (from, to) = match rule {
        "scheme" => ("service.org wants", format!("{text}://service.org wants")),
        "statement" => ("I accept", text.to_owned()),
        "userinfo" => ("service.org wants", format!("{text}@service.org wants")),
        "IPvFuture" => ("service.org wants", format!("[{text}] wants")),
        "reg-name" => ("service.org wants", format!("{text} wants")),
        "pct-encoded" | "segment-nz" => ("some_id", text.to_owned()),
        "fragment" => ("URI: https://service.org/login", format!("URI: https://service.org/login#{text}")),
        _ => panic!("there is no place for {rule}"),
    };
    assert!(whole.contains(from), "{from}");
    whole.replacen(from, &to, 1)
}

fn all() -> Vec<Vector> {
    let vector = |name: String, text: String, good: bool| Vector { name, text, good };
    let objects = objects().into_iter().map(|(name, fields, good)| vector(name, fields.text(), good));
    let broken = messages::BAD.iter().map(|(name, from, to)| {
        let whole = fields::WHOLE.text();
        assert_eq!(whole.matches(from).count(), 1, "{name}");
        vector(format!("BAD {name}"), whole.replace(from, to), false)
    });
    let allowed = characters::ALLOWED.iter().map(|(rule, text)| (rule, text, "ALLOWED", true));
    let forbidden = characters::FORBIDDEN.iter();
    let forbidden = forbidden.flat_map(|(rule, texts)| texts.iter().map(move |text| (rule, text, "FORBIDDEN", false)));
    let characters = allowed.chain(forbidden).map(|(rule, text, table, good)| {
        let name = if good { format!("{table} {rule}") } else { format!("{table} {rule} {text}") };
        vector(name, at_its_place(rule, text), good)
    });
    let bad_uris = uris::BAD.iter().flat_map(|uri| {
        let resource = format!("{}\nResources:\n- {uri}", Fields { uri: "uri:", ..BARE }.text());
        [(format!("BAD {uri}"), Fields { uri, ..BARE }.text()), (format!("BAD resource {uri}"), resource)]
    });
    let bad_uris = bad_uris.map(|(name, text)| vector(name, text, false));
    objects.chain(broken).chain(characters).chain(bad_uris).collect()
}

#[test]
fn we_take_what_the_siwe_project_takes_but_for_what_is_listed() {
    let all = all();
    assert_eq!(all.len(), 212);
    let mut differing: Vec<String> = Vec::new();
    for Vector { name, text, good } in all {
        match (text.parse::<SiweMessage>(), good) {
            (Err(_), true) => differing.push(name),
            (Ok(said), false) => panic!("{name} must be refused: {said:?}"),
            _ => {}
        }
    }
    let mut listed = STRICTER.map(|(name, _)| name);
    listed.sort_unstable();
    differing.sort_unstable();
    assert_eq!(differing, listed);
}

#[test]
fn what_is_taken_is_read_alike() {
    let good =
        objects().into_iter().filter(|(name, _, good)| *good && STRICTER.iter().all(|(listed, _)| listed != name));
    for (name, fields, _) in good {
        let said = ok(fields.text().parse::<SiweMessage>());
        assert!(says(&said, &fields), "{name}: {said:?}");
    }
}

/// The text around a tested character must not cause the rejection.
#[test]
fn places_are_good_with_what_belongs_there() {
    let good = [
        ("scheme", "https"),
        ("statement", "I agree"),
        ("userinfo", "user"),
        ("IPvFuture", "::1"),
        ("reg-name", "example.org"),
        ("pct-encoded", "a"),
        ("segment-nz", "a"),
        ("fragment", "a"),
    ];
    for (rule, text) in good {
        ok(at_its_place(rule, text).parse::<SiweMessage>());
    }
}
