//! Log lines of audit entries.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tessera_kernel::{ClientRequestId, Event};
use tessera_tests::{database::Backend, eventually, on_both, process::Node, read_workspace_file, test_org::TestOrg};

use crate::audit::trail;

/// The columns of the table `events`.
const COLUMNS: [&str; 14] = [
    "id",
    "occurred_at",
    "name",
    "outcome",
    "actor_kind",
    "actor_id",
    "organization_id",
    "subject",
    "details",
    "request_id",
    "address",
    "client_request_id",
    "attempts",
    "attempts_key",
];

on_both! {
    every_audit_entry_is_logged_with_all_columns
    a_log_filter_can_keep_only_audit_entries
}

/// The audit entries in a log, by id.
fn entries(node: &Node) -> BTreeMap<String, Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let lines: Vec<Value> = node.log().lines().map(parse).filter(|line: &Value| line["target"] == "audit").collect();
    lines.into_iter().map(|line| (line["id"].as_str().unwrap_or_default().to_owned(), line)).collect()
}

async fn every_audit_entry_is_logged_with_all_columns(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let member = acme.add_member("member").await;
    member.delete(&format!("/apps/{}", acme.app)).await.is(403);
    acme.owner.delete(&format!("/apikeys/{}", key.id)).await.is(204);
    acme.owner.delete(&acme.members(Some(&member.id))).await.is(204);
    // Nothing of a request that is rolled back is logged.
    let slug = json!({"name": "again", "slug": "taken-slug"});
    acme.owner.post("/orgs", &slug).await.is(201);
    acme.owner.post("/orgs", &slug).await.is(409);
    let mut stored = trail(&acme.service.installation, Some(&acme.org)).await;
    stored.extend(trail(&acme.service.installation, None).await);
    let logged = entries(&acme.service.node);
    // The key of the installation was published by the process that created the database.
    stored.retain(|event| event.name != "signing_key.published");
    assert!(stored.len() >= 8, "{stored:?}");
    for event in &stored {
        let id = event.id.to_string();
        same(event, logged.get(&id).unwrap_or_else(|| panic!("{event:?} is not logged: {logged:?}")));
    }
    let page = read_workspace_file("docs/operations.md");
    assert!(COLUMNS.iter().all(|column| page.contains(&format!("`{column}`"))), "a column is not documented");
}

fn same(event: &Event, line: &Value) {
    let members = line.as_object().unwrap_or_else(|| panic!("{line}"));
    assert!(COLUMNS.iter().all(|column| members.contains_key(*column)), "{line}");
    let (actor_kind, actor_id) = event.actor.clone().unzip();
    let details: Value = event.details.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let expected = json!({
        "level": "INFO",
        "name": event.name,
        "outcome": event.outcome.as_str(),
        "actor_kind": actor_kind,
        "actor_id": actor_id.map(|id| id.to_string()),
        "organization_id": event.organization.map(|id| id.to_string()),
        "subject": event.subject.map(|id| id.to_string()),
        "request_id": event.origin.request_id.as_str(),
        "address": event.origin.address.map(|address| address.to_string()),
        "client_request_id": event.origin.client_request_id.as_ref().map(ClientRequestId::as_str),
        "attempts": 1,
    });
    for (name, value) in expected.as_object().into_iter().flatten() {
        assert_eq!(&line[name], value, "{name}: {line}");
    }
    assert_eq!(line["details"], if event.details.is_empty() { json!({}) } else { details }, "{line}");
    assert_eq!(line["attempts_key"].is_string(), event.attempts_key().is_some(), "{line}");
}

async fn a_log_filter_can_keep_only_audit_entries(backend: Backend) {
    let installation = tessera_tests::process::Installation::new(backend).await.set("TESSERA_LOG", "warn,audit=info");
    let acme = TestOrg::open_on(installation).await;
    let logged = eventually("the entry is logged", std::time::Duration::from_secs(20), || {
        let logged = entries(&acme.service.node);
        std::future::ready((!logged.is_empty()).then_some(logged))
    })
    .await;
    assert!(logged.values().any(|line| line["name"] == "organization.created"), "{logged:?}");
    assert!(!acme.service.node.log().contains("\"message\":\"request\""), "requests are not logged");
}
