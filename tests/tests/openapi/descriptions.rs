//! The document describes everything that a generator or a reader of the document shows.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{committed, operations, resolve};

fn has_text(value: &Value, member: &str) -> bool {
    value[member].as_str().is_some_and(|text| !text.trim().is_empty())
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

#[test]
fn every_operation_has_a_summary_and_more_text() {
    let document = committed();
    for (method, path, operation) in operations(&document) {
        assert!(has_text(operation, "summary"), "{method} {path} has no summary");
        assert!(has_text(operation, "description"), "{method} {path} has no description");
        assert_ne!(operation["summary"], operation["description"], "{method} {path}");
    }
}

#[test]
fn every_parameter_and_every_response_has_a_description() {
    let document = committed();
    for (method, path, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = resolve(&document, parameter);
            assert!(has_text(parameter, "description"), "{method} {path}: {}", parameter["name"]);
        }
        for (status, response) in members(&operation["responses"]) {
            let response = resolve(&document, response);
            assert!(has_text(response, "description"), "{method} {path}: {status}");
            for (name, header) in members(&response["headers"]) {
                let header = resolve(&document, header);
                assert!(has_text(header, "description"), "{method} {path}: {status}: {name}");
            }
        }
    }
}

#[test]
fn every_schema_and_every_property_has_a_description() {
    let document = committed();
    let mut seen = 0;
    for (name, schema) in members(&document["components"]["schemas"]) {
        assert!(has_text(schema, "description"), "{name}");
        seen += describe(name, schema);
    }
    for (method, path, operation) in operations(&document) {
        seen += describe(&format!("{method} {path}"), operation);
    }
    assert!(seen > 100, "only {seen} properties");
}

/// Checks each property in a part of the document, and returns their number.
fn describe(place: &str, part: &Value) -> usize {
    let mut seen = 0;
    for (name, property) in members(&part["properties"]) {
        assert!(has_text(property, "description"), "{place}: the property {name} has no description");
        seen += 1;
    }
    let inner = members(part).filter(|(name, _)| !["example", "examples"].contains(&name.as_str()));
    seen += inner.map(|(name, value)| describe(&format!("{place}/{name}"), value)).sum::<usize>();
    seen + part.as_array().into_iter().flatten().map(|entry| describe(place, entry)).sum::<usize>()
}

#[test]
fn every_json_body_of_a_request_or_of_a_success_has_an_example() {
    let document = committed();
    for (method, path, operation) in operations(&document) {
        let responses = members(&operation["responses"]).filter(|(status, _)| status.starts_with('2'));
        let bodies = responses.map(|(_, response)| response).chain([&operation["requestBody"]]);
        for (kind, content) in bodies.flat_map(|body| members(&resolve(&document, body)["content"])) {
            assert!(content["example"].is_object() || content["example"].is_array(), "{method} {path}: {kind}");
        }
    }
}

/// A client that does not know second factors must at least know the status.
#[test]
fn every_way_in_documents_how_it_is_rejected() {
    let document = committed();
    let ways = ["/auth/login", "/auth/web3/verify", "/sso/web3/verify", "/auth/reauthenticate"];
    for way in ways {
        let responses = &document["paths"][format!("/api/v1{way}")]["post"]["responses"];
        let forbidden = responses["403"]["description"].as_str().unwrap_or_default();
        assert!(forbidden.contains("`mfa_required`"), "{way}: {forbidden}");
        assert_eq!(forbidden.contains("`registration_closed`"), way.contains("web3"), "{way}: {forbidden}");
    }
}

/// The nullable members of responses that may also be absent. The list may only become shorter: a member that is always sent is
/// required, so that clients need not handle its absence.
const MAY_BE_ABSENT: [&str; 6] = [
    "Health.checks",
    "Problem.checks",
    "Problem.limit",
    "Problem.mfa_token",
    "Problem.passkey_options",
    "Problem.quota",
];

#[test]
fn members_of_responses_that_are_always_sent_are_required() {
    let document = committed();
    let mut optional = Vec::new();
    for name in schemas_of_responses(&document) {
        let schema = &document["components"]["schemas"][name];
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let absent =
            members(&schema["properties"]).filter(|(member, _)| !required.contains(&Value::from(member.as_str())));
        optional.extend(absent.filter(|(_, member)| is_nullable(member)).map(|(member, _)| format!("{name}.{member}")));
    }
    assert_eq!(optional, MAY_BE_ABSENT);
}

fn is_nullable(member: &Value) -> bool {
    let kinds = member["type"].as_array().into_iter().flatten();
    let variants = member["oneOf"].as_array().into_iter().flatten().map(|variant| &variant["type"]);
    kinds.chain(variants).any(|kind| kind == "null")
}

/// The names of all schemas in responses, also of those in other schemas.
fn schemas_of_responses(document: &Value) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut open: Vec<&Value> =
        operations(document).into_iter().map(|(_, _, operation)| &operation["responses"]).collect();
    while let Some(value) = open.pop() {
        let name = value["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/components/schemas/"));
        if name.is_some_and(|name| names.insert(name)) {
            open.push(resolve(document, value));
        }
        open.extend(members(value).map(|(_, member)| member));
        open.extend(value.as_array().into_iter().flatten());
    }
    names
}
