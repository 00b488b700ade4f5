//! The formats of API keys.

use actix_web::test::TestRequest;
use serde_json::{Value, json};
use tessera_apikeys::{
    model::{KeyFormat, KeyKind, RawKey},
    policy::SERVICE_ACCOUNT_PERMISSIONS,
};
use tessera_testkit::{
    builders::catalogue,
    expectations::{parsed, some},
    fakes::{MemoryStore, SequentialEntropy},
};

use crate::support::{TestReadiness, TestServer, document};

fn formats() -> TestRequest {
    TestRequest::get().uri("/.well-known/tessera-keys.json")
}

async fn served() -> Value {
    TestServer::new().send(formats()).await.expecting(200)
}

/// CRC-32 as its definition says, bit by bit.
fn crc(text: &str) -> u32 {
    let bit = |sum: u32, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
    !text.bytes().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(byte), bit))
}

/// Returns whether the text is a key, by what the document says and nothing else.
fn is_key(format: &Value, text: &str) -> bool {
    let (checksum, number) = (&format["checksum"], |value: &Value| value.as_u64().unwrap_or_default());
    assert_eq!(checksum["algorithm"], "CRC-32/ISO-HDLC");
    let alphabet: Vec<char> = checksum["alphabet"].as_str().unwrap_or_default().chars().collect();
    let base = u32::try_from(alphabet.len()).unwrap_or_default();
    let Some(digits) = text.strip_prefix(format["prefix"].as_str().unwrap_or("?")) else { return false };
    let covered = usize::try_from(number(&checksum["input_length"])).unwrap_or_default();
    let Some((input, stated)) = digits.split_at_checked(covered) else { return false };
    let mut rest = crc(input);
    let mut computed = Vec::new();
    for _ in 0..number(&checksum["length"]) {
        computed.push(alphabet[(rest % base) as usize]);
        rest /= base;
    }
    stated.chars().eq(computed.into_iter().rev())
}

#[actix_web::test]
async fn each_kind_of_key_has_a_format() {
    let document = served().await;
    let found = some(document["formats"].as_array());
    let facts: Vec<_> = found.iter().map(|format| (&format["kind"], &format["prefix"], &format["pattern"])).collect();
    assert_eq!(
        json!(facts),
        json!([["application", "ask_", "ask_[0-9A-Za-z]{49}"], ["organization", "osk_", "osk_[0-9A-Za-z]{49}"]])
    );
    assert!(
        found.iter().all(|format| format["description"].as_str().is_some_and(|text| text.starts_with("An API key")))
    );
}

#[actix_web::test]
async fn the_document_suffices_to_recognize_keys() {
    let document = served().await;
    let entropy = SequentialEntropy::default();
    for (format, kind) in some(document["formats"].as_array()).iter().zip(KeyKind::ALL) {
        let example = some(format["example"].as_str());
        assert_eq!(parsed::<RawKey>(example).kind(), kind);
        assert!(is_key(format, example));
        for other in KeyKind::ALL {
            let key = RawKey::generate(other, &entropy);
            assert_eq!(is_key(format, key.expose()), kind == other);
            assert!(!is_key(format, &key.expose()[..52]));
        }
        let wrong = example.replacen('0', "1", 1);
        assert!(!is_key(format, &wrong) && wrong.parse::<RawKey>().is_err());
    }
}

#[actix_web::test]
async fn the_permission_catalogue_is_published() {
    let document = served().await;
    let of_applications: Vec<_> = catalogue().iter().map(ToString::to_string).collect();
    let of_organizations = SERVICE_ACCOUNT_PERMISSIONS.map(|permission| permission.to_string());
    assert_eq!(document["formats"][0]["permissions"], json!(of_applications));
    assert_eq!(document["formats"][1]["permissions"], json!(of_organizations));
    let mut all = [of_applications, of_organizations.to_vec()].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(document["permissions"], json!(all));
}

#[actix_web::test]
async fn the_formats_can_be_cached_and_need_no_database() {
    let server = TestServer::with(MemoryStore::new().stores(), TestReadiness::Busy, "http://localhost:8080");
    let answer = server.send(formats()).await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let tag = some(answer.header("etag")).to_owned();
    for seen in [tag.clone(), format!("W/{tag}"), "*".to_owned()] {
        let known = server.send(formats().insert_header(("If-None-Match", seen))).await;
        assert_eq!((known.status.as_u16(), known.body.len(), known.header("etag")), (304, 0, Some(tag.as_str())));
    }
    server.send(formats().insert_header(("If-None-Match", "\"other\""))).await.expecting(200);
}

#[test]
fn the_example_in_the_description_is_that_of_the_format() {
    let properties = &document()["components"]["schemas"]["KeyFormat"]["properties"];
    let expected = KeyFormat::of(KeyKind::Application);
    assert_eq!(properties["example"]["examples"], json!([expected.example.expose()]));
    assert_eq!(properties["pattern"]["examples"], json!([expected.pattern]));
}
