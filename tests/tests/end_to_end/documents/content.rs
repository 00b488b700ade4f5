//! Settings, system data and custom data are JSON objects that are returned byte by byte.

use reqwest::Method;
use serde_json::json;
use tessera_tests::{
    api::{BASE, send},
    database::Backend,
    on_both, on_sqlite,
    test_org::{TestOrg, UNKNOWN_ID},
};

use crate::documents::places::{places, system_data, tag};

/// A document with the given number of bytes.
fn sized(bytes: usize) -> String {
    format!(r#"{{"k":"{}"}}"#, "x".repeat(bytes - 8))
}

/// Nested objects with the given number of levels.
fn nested(levels: usize) -> String {
    format!("{}{{}}{}", r#"{"a":"#.repeat(levels - 1), "}".repeat(levels - 1))
}

/// An object with the given number of members.
fn members(count: usize) -> String {
    let members: Vec<String> = (0..count).map(|number| format!(r#""m{number}":{number}"#)).collect();
    format!("{{{}}}", members.join(","))
}

/// An array with the given number of elements.
fn entries(count: usize) -> String {
    format!("[{}]", vec!["1"; count].join(","))
}

on_both! {
    a_document_is_returned_byte_for_byte
    numbers_in_documents_that_may_be_rounded_are_rejected_s169
    nul_and_lone_surrogates_in_documents_are_rejected_s171
}

on_sqlite! {
    an_unwritten_document_is_empty_or_not_found
    a_document_has_at_most_64_kib
    the_size_limit_applies_to_the_merged_document
    duplicate_members_in_documents_are_rejected_s168
    documents_nested_too_deeply_are_rejected_s167
    documents_with_too_large_arrays_or_objects_are_rejected_s167
    a_merge_over_500_members_is_rejected_s167
    only_objects_are_documents
    changes_are_merged_as_in_rfc_7396
    a_merge_is_accepted_as_merge_patch_and_as_json
}

async fn a_document_is_returned_byte_for_byte(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let document = r#"{"z":1.50,"a":[-0.0,1e2,9007199254740991,null,true],"s":"ü🦀'\"\\\n/","":{"%":[]},"$1":{}}"#;
    let spaced = r#"{ "z" :1.50, "a":[ -0.0,1e2 ,9007199254740991,null,
        true],"s":"ü\ud83e\udd80'\"\\\n\/","":{"%":[ ]},"\u00241":{ } }"#;
    for place in places(&acme) {
        for sent in [document, spaced] {
            place.holds(&place.put(&acme.owner, sent).await, document);
            place.holds(&acme.owner.get(&place.path).await, document);
        }
        if place.merges {
            let merged = document.replace("1.50", "2.50").replace(r#""":{"%":[]},"#, "");
            place.holds(&place.patch(&acme.owner, r#"{"":null,"\u007a":2.50}"#).await, &merged);
            place.holds(&acme.owner.get(&place.path).await, &merged);
        }
    }
}

async fn an_unwritten_document_is_empty_or_not_found(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let org = acme.owner.get(&format!("/orgs/{}", acme.org)).await.expecting(200);
    let settings = acme.owner.get(&format!("/orgs/{}/settings", acme.org)).await;
    let expected = json!({"organization_id": acme.org, "settings": {}, "updated_at": org["created_at"]});
    assert_eq!((settings.expecting(200), tag(&settings)), (expected, "\"0\"".to_owned()));
    let made = acme.owner.get("/users/me").await.expecting(200)["created_at"].clone();
    let data = acme.owner.get("/users/me/custom-data").await;
    let expected = json!({"user_id": acme.owner.id, "data": {}, "version": 0, "created_at": made, "updated_at": made});
    assert_eq!((data.expecting(200), tag(&data)), (expected, "\"0\"".to_owned()));
    let owner = system_data(&acme, &acme.owner.id);
    acme.owner.get(&owner).await.problem(404, "system_data_not_found");
    acme.owner.get(&system_data(&acme, UNKNOWN_ID)).await.problem(404, "system_data_not_found");
}

async fn a_document_has_at_most_64_kib(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme) {
        for method in place.methods() {
            let spaced = sized(65_536).replacen(':', &format!(":{}", " ".repeat(1000)), 1);
            place.holds(&place.write(&acme.owner, method.clone(), &spaced, None).await, &sized(65_536));
            let more = place.write(&acme.owner, method.clone(), &sized(65_537), None).await;
            assert_eq!(more.faults(), [format!("/{}", place.member)]);
            assert_eq!(more.json()["errors"][0]["code"], "too_long");
        }
        place.holds(&acme.owner.get(&place.path).await, &sized(65_536));
    }
}

async fn the_size_limit_applies_to_the_merged_document(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme).iter().filter(|place| place.merges) {
        place.put(&acme.owner, &sized(40_000)).await.is(200);
        let other = sized(40_000).replacen("\"k\"", "\"l\"", 1);
        assert_eq!(place.patch(&acme.owner, &other).await.faults(), ["/data"]);
        place.holds(&acme.owner.get(&place.path).await, &sized(40_000));
        let exchange = format!(r#"{{"k":null,{}"#, &other[1..]);
        place.holds(&place.patch(&acme.owner, &exchange).await, &other);
    }
}

/// RFC 7493 section 2.2, as everywhere: numbers that a reader may round are rejected.
async fn numbers_in_documents_that_may_be_rounded_are_rejected_s169(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme) {
        for method in place.methods() {
            for number in ["12345678901234567890123", "-12345678901234567890123", "9007199254740992", "1e308", "1e999"]
            {
                let document = format!(r#"{{"a":[{number}]}}"#);
                let answer = place.write(&acme.owner, method.clone(), &document, None).await;
                assert_eq!(answer.faults(), [format!("/{}/a/0", place.member)], "{number}");
                assert_eq!(answer.json()["errors"][0]["code"], "out_of_range", "{number}");
            }
            for number in ["9007199254740991", "-9007199254740991", "0.1000", "-0", "1E-7", "0.30000000000000004"] {
                let document = format!(r#"{{"a":[{number}]}}"#);
                place.holds(&place.write(&acme.owner, method.clone(), &document, None).await, &document);
                place.holds(&acme.owner.get(&place.path).await, &document);
            }
        }
    }
}

async fn duplicate_members_in_documents_are_rejected_s168(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme) {
        for method in place.methods() {
            let document = r#"{"a":{"b":1,"\u0062":2}}"#;
            let answer = place.write(&acme.owner, method.clone(), document, None).await;
            assert_eq!(answer.faults(), [format!("/{}/a/b", place.member)]);
            assert_eq!(answer.json()["errors"][0]["code"], "duplicate");
        }
    }
}

async fn nul_and_lone_surrogates_in_documents_are_rejected_s171(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme) {
        for method in place.methods() {
            let answer = place.write(&acme.owner, method.clone(), r#"{"a":"x\u0000y","b\u0000":1}"#, None).await;
            assert_eq!(answer.faults(), [format!("/{}/a", place.member), format!("/{}/b\u{0}", place.member)]);
            assert!(
                answer.json()["errors"]
                    .as_array()
                    .is_some_and(|faults| { faults.iter().all(|fault| fault["code"] == "forbidden_character") })
            );
            let lone = place.write(&acme.owner, method.clone(), r#"{"a":"\ud800"}"#, None).await;
            lone.problem(400, "malformed_json");
        }
    }
}

/// The body is the first level, so the document may have one level less.
async fn documents_nested_too_deeply_are_rejected_s167(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme) {
        for method in place.methods() {
            place.holds(&place.write(&acme.owner, method.clone(), &nested(63), None).await, &nested(63));
            place.holds(&acme.owner.get(&place.path).await, &nested(63));
            let deeper = place.write(&acme.owner, method.clone(), &nested(64), None).await;
            assert_eq!(deeper.problem(400, "invalid_body")["errors"][0]["code"], "too_deep");
        }
    }
}

async fn documents_with_too_large_arrays_or_objects_are_rejected_s167(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let within = |value: &str| format!(r#"{{"a":[{value}]}}"#);
    let good = [members(500), within(&entries(1000)), within(&members(500)), format!(r#"{{"a":{}}}"#, entries(1000))];
    let bad = [(members(501), ""), (within(&entries(1001)), "/a/0"), (within(&members(501)), "/a/0")];
    for place in places(&acme) {
        for method in place.methods() {
            for document in &good {
                place.put(&acme.owner, "{}").await.is(200);
                place.holds(&place.write(&acme.owner, method.clone(), document, None).await, document);
                place.holds(&acme.owner.get(&place.path).await, document);
            }
            for (document, at) in &bad {
                let answer = place.write(&acme.owner, method.clone(), document, None).await;
                assert_eq!(answer.faults(), [format!("/{}{at}", place.member)]);
                assert_eq!(answer.json()["errors"][0]["code"], "too_long");
            }
        }
    }
}

async fn a_merge_over_500_members_is_rejected_s167(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme).iter().filter(|place| place.merges) {
        for (full, more) in [
            (members(500), r#"{"more":1}"#.to_owned()),
            (format!(r#"{{"a":{}}}"#, members(500)), r#"{"a":{"more":1}}"#.to_owned()),
        ] {
            place.put(&acme.owner, &full).await.is(200);
            let answer = place.patch(&acme.owner, &more).await;
            assert_eq!(answer.faults(), ["/data"]);
            assert_eq!(answer.json()["errors"][0]["code"], "too_long");
            place.holds(&acme.owner.get(&place.path).await, &full);
            place.patch(&acme.owner, &more.replacen("\"more\"", "\"m7\":null,\"more\"", 1)).await.is(200);
        }
    }
}

async fn only_objects_are_documents(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme) {
        for method in place.methods() {
            for other in ["[]", "[{}]", "null", "1", "\"{}\"", "true"] {
                let answer = place.write(&acme.owner, method.clone(), other, None).await;
                assert_eq!(answer.faults(), [format!("/{}", place.member)], "{other}");
            }
            let path = format!("{BASE}{}", place.path);
            let bare = acme.owner.call(method.clone(), &path, Some(&json!({"a": 1}))).await;
            assert_eq!(bare.faults(), [format!("/{}", place.member)]);
        }
    }
}

/// Some cases of RFC 7396, appendix A. The unit tests of documents have all of them.
async fn changes_are_merged_as_in_rfc_7396(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let cases = [
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"{"x":[1,2]}"#, r#"{"x":{"a":"b","c":null}}"#, r#"{"x":{"a":"b"}}"#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
    ];
    for place in places(&acme).iter().filter(|place| place.merges) {
        for (target, change, result) in cases {
            place.put(&acme.owner, target).await.is(200);
            place.holds(&place.patch(&acme.owner, change).await, result);
            place.holds(&acme.owner.get(&place.path).await, result);
        }
    }
}

async fn a_merge_is_accepted_as_merge_patch_and_as_json(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let path = format!("{BASE}/users/me/custom-data");
    for (kind, status) in [("application/merge-patch+json", 200), ("application/json", 200), ("text/plain", 415)] {
        let request = acme.owner.request(Method::PATCH, &path).header("Content-Type", kind);
        send(request.body(r#"{"data":{"a":1}}"#)).await.is(status);
    }
}
