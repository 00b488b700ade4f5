//! Audit entries: one for each action, none for actions that did not happen.

use reqwest::Method;
use serde_json::json;
use tessera_kernel::{AuditTrail as _, ClientRequestId, Event, Limit, OrganizationId, Outcome, PageRequest};
use tessera_tests::{
    api::send,
    database::Backend,
    on_both,
    process::Installation,
    test_org::{Person, Service, TestOrg},
};

use crate::storage;

/// The audit entries of an organization, or those outside of organizations.
pub(crate) async fn trail(installation: &Installation, organization: Option<&str>) -> Vec<Event> {
    let parse = |id: &str| id.parse::<OrganizationId>().unwrap_or_else(|error| panic!("{id}: {error}"));
    let store = storage::open(installation).await;
    let limit = Limit::try_from(Limit::MAX).unwrap_or_else(|error| panic!("{error}"));
    let page = store.list_events(organization.map(parse), PageRequest { limit, after: None }).await;
    page.unwrap_or_else(|error| panic!("no trail: {error}")).items
}

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

on_both! {
    changes_of_an_organization_are_audited_s198
    sign_in_sign_out_and_failures_are_audited
    request_ids_of_clients_and_of_the_service_are_separate
    denied_requests_are_audited_s198
    requests_without_effect_are_not_audited
}

async fn changes_of_an_organization_are_audited_s198(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let path = acme.members(Some(&member.id));
    acme.owner.put(&path, &json!({"role": "admin"})).await.is(200);
    acme.owner.delete(&path).await.is(204);
    let key = acme.key().await;
    acme.owner.delete(&format!("/apikeys/{}", key.id)).await.is(204);
    acme.owner.put(&format!("/apps/{}", acme.app), &json!({"name": "x"})).await.is(200);
    acme.owner.delete(&format!("/apps/{}", acme.app)).await.is(204);
    let events = trail(&acme.service.installation, Some(&acme.org)).await;
    let actions = [
        "organization.created",
        "application.created",
        "member.added",
        "member.role_changed",
        "member.removed",
        "api_key.generated",
        "api_key.revoked",
        "application.updated",
        "application.deleted",
    ];
    assert_eq!(names(&events), actions);
    let by_owner = |event: &Event| {
        event.actor.as_ref().is_some_and(|(kind, id)| kind == "user" && id.to_string() == acme.owner.id)
    };
    assert!(events.iter().all(by_owner));
    assert!(events.iter().all(|event| event.origin.address.is_some_and(|address| address.is_loopback())));
}

async fn sign_in_sign_out_and_failures_are_audited(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    for email in [person.email.as_str(), "unknown@example.com"] {
        service.api().post("/auth/login", &json!({"email": email, "password": "wrong"})).await.is(401);
    }
    person.post("/auth/logout", &json!({})).await.is(204);
    let events = trail(&service.installation, None).await;
    let (opened, rest) = (["signing_key.published", "user.registered", "session.started"], &names(&events)[3..]);
    assert_eq!(names(&events)[..3], opened);
    assert_eq!(rest, ["session.refused", "session.refused", "session.ended"]);
}

async fn request_ids_of_clients_and_of_the_service_are_separate(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    // Names of jobs: an entry of a client must not look like an entry of a job.
    for (name, response_has_it) in [("key-worker", true), ("internal=signing-key-job", false)] {
        let request = acme.owner.request(Method::POST, &format!("/api/v1/orgs/{}/apps", acme.org));
        let created = send(request.header("X-Request-Id", name).json(&json!({"name": "x"}))).await;
        created.is(201);
        assert_eq!(created.header("x-request-id") == Some(name), response_has_it, "{name}");
        let events = trail(&acme.service.installation, Some(&acme.org)).await;
        let origin = events.last().map_or_else(|| panic!("no entry"), |event| &event.origin);
        let own = origin.request_id.as_str();
        assert!(own.len() == 36 && own.as_bytes()[14] == b'7', "{own}");
        assert_eq!(origin.client_request_id.as_ref().map(ClientRequestId::as_str), response_has_it.then_some(name));
        assert_eq!(created.header("x-request-id"), Some(if response_has_it { name } else { own }));
        let lines = acme.service.node.log();
        let line = lines.lines().find(|line| line.contains(own)).unwrap_or_else(|| panic!("{own}: {lines}"));
        assert_eq!(line.contains("\"client_request_id\":\"key-worker\""), response_has_it, "{line}");
    }
    // Entries of the service itself have a request id that a client can't send.
    let own_work = trail(&acme.service.installation, None).await;
    let key = own_work.iter().find(|event| event.name == "signing_key.published");
    assert_eq!(key.map(|event| event.origin.request_id.as_str()), Some("internal=start"));
}

async fn denied_requests_are_audited_s198(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (member, admin, key) = (acme.add_member("member").await, acme.add_member("admin").await, acme.key().await);
    let before = trail(&acme.service.installation, Some(&acme.org)).await.len();
    let (app, keys) = (format!("/apps/{}", acme.app), format!("/apps/{}/apikeys", acme.app));
    let inventory = format!("/apps/{}/inventory", acme.app);
    member.put(&acme.members(Some(&admin.id)), &json!({"role": "member"})).await.is(403);
    admin.put(&acme.members(Some(&acme.owner.id)), &json!({"role": "member"})).await.is(403);
    member.delete(&acme.members(Some(&admin.id))).await.is(403);
    admin.delete(&acme.members(Some(&acme.owner.id))).await.is(403);
    member.post(&acme.members(None), &json!({"user_id": admin.id, "role": "member"})).await.is(403);
    member.post(&format!("/orgs/{}/apps", acme.org), &json!({"name": "x"})).await.is(403);
    member.put(&app, &json!({"name": "x"})).await.is(403);
    member.delete(&app).await.is(403);
    member.get(&keys).await.is(403);
    member.post(&keys, &json!({"description": "x", "permissions": []})).await.is(403);
    member.delete(&format!("/apikeys/{}", key.id)).await.is(403);
    member.post(&inventory, &json!({"sku": "x"})).await.is(403);
    acme.service.api().key(&key.raw).delete(&app).await.is(403);
    let events = trail(&acme.service.installation, Some(&acme.org)).await.split_off(before);
    assert!(events.iter().all(|event| event.name == "permission.denied" && event.outcome == Outcome::Refused));
    let told: Vec<String> = events.iter().map(|event| told(event, &acme, &member, &admin, &key.id)).collect();
    assert_eq!(
        told,
        [
            "member PUT /api/v1/orgs/{orgId}/members/{userId} admin",
            "admin PUT /api/v1/orgs/{orgId}/members/{userId} owner",
            "member DELETE /api/v1/orgs/{orgId}/members/{userId} admin",
            "admin DELETE /api/v1/orgs/{orgId}/members/{userId} owner",
            "member POST /api/v1/orgs/{orgId}/members organization",
            "member POST /api/v1/orgs/{orgId}/apps organization",
            "member PUT /api/v1/apps/{appId} application",
            "member DELETE /api/v1/apps/{appId} application",
            "member GET /api/v1/apps/{appId}/apikeys application",
            "member POST /api/v1/apps/{appId}/apikeys application",
            "member DELETE /api/v1/apikeys/{keyId} key",
            "member POST /api/v1/apps/{appId}/inventory application",
            "key DELETE /api/v1/apps/{appId} application",
        ]
    );
}

/// Actor, details and subject of a denied attempt, with names instead of ids.
fn told(event: &Event, acme: &TestOrg, member: &Person, admin: &Person, key: &str) -> String {
    let names = [
        (&*member.id, "member"),
        (&*admin.id, "admin"),
        (&*acme.owner.id, "owner"),
        (&*acme.org, "organization"),
        (&*acme.app, "application"),
        (key, "key"),
    ];
    let name =
        |id: Option<String>| names.iter().find(|(known, _)| id.as_deref() == Some(*known)).map_or("?", |(_, n)| n);
    let actor = name(event.actor.as_ref().map(|(_, id)| id.to_string()));
    let details: Vec<&str> = event.details.iter().map(|(_, value)| value.as_str()).collect();
    format!("{actor} {} {}", details.join(" "), name(event.subject.map(|id| id.to_string())))
}

async fn requests_without_effect_are_not_audited(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (member, key) = (acme.add_member("member").await, acme.key().await);
    let before = trail(&acme.service.installation, Some(&acme.org)).await.len();
    acme.owner.delete(&acme.members(Some(&acme.owner.id))).await.is(409);
    acme.owner.put(&acme.members(Some(&member.id)), &json!({"role": "member"})).await.is(200);
    assert_eq!(trail(&acme.service.installation, Some(&acme.org)).await.len(), before);
    for _ in 0..2 {
        acme.owner.delete(&format!("/apikeys/{}", key.id)).await.is(204);
    }
    assert_eq!(trail(&acme.service.installation, Some(&acme.org)).await.len(), before + 1);
}
