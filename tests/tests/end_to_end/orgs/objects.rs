//! Objects of other tenants: indistinguishable from missing objects.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::Answer,
    database::Backend,
    on_sqlite,
    test_org::{Person, TestOrg, UNKNOWN_ID},
};

/// The body without the members that differ between any two responses.
fn body_of(answer: &Answer) -> Value {
    let mut body = answer.json();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    body
}

/// Two studios at one service. `other` is a user, an organization, an application and a key of the second one.
struct Neighbours {
    acme: TestOrg,
    user: Person,
    org: String,
    app: String,
    key: String,
}

impl Neighbours {
    async fn settle(backend: Backend) -> Self {
        let acme = TestOrg::open(backend).await;
        let user = Person::register(&acme.api()).await;
        let org = user.create_org().await;
        let app = user.make_app(&org).await;
        let key = user.make_key(&app, &json!({})).await.id;
        Self { acme, user, org, app, key }
    }
}

on_sqlite! {
    a_foreign_id_is_not_found_like_an_unknown_id_s155
    a_foreign_user_id_in_the_own_organization_is_not_found_s156
    malformed_ids_are_rejected_s164
    read_only_fields_in_a_body_are_rejected_s161
    checks_run_in_the_documented_order
}

/// Every request that names an organization, an application or a key.
fn requests(org: &str, app: &str, key: &str, user: &str) -> Vec<(Method, String, Option<Value>)> {
    vec![
        (Method::GET, format!("/orgs/{org}"), None),
        (Method::GET, format!("/orgs/{org}/members"), None),
        (Method::POST, format!("/orgs/{org}/members"), Some(json!({"user_id": UNKNOWN_ID, "role": "member"}))),
        (Method::GET, format!("/orgs/{org}/members/{user}"), None),
        (Method::PUT, format!("/orgs/{org}/members/{user}"), Some(json!({"role": "member"}))),
        (Method::DELETE, format!("/orgs/{org}/members/{user}"), None),
        (Method::GET, format!("/orgs/{org}/apps"), None),
        (Method::POST, format!("/orgs/{org}/apps"), Some(json!({"name": "x"}))),
        (Method::GET, format!("/apps/{app}"), None),
        (Method::PUT, format!("/apps/{app}"), Some(json!({"name": "x"}))),
        (Method::DELETE, format!("/apps/{app}"), None),
        (Method::GET, format!("/apps/{app}/apikeys"), None),
        (Method::POST, format!("/apps/{app}/apikeys"), Some(json!({}))),
        (Method::DELETE, format!("/apikeys/{key}"), None),
        (Method::GET, format!("/apps/{app}/inventory"), None),
        (Method::POST, format!("/apps/{app}/inventory"), Some(json!({"sku": "s"}))),
    ]
}

async fn a_foreign_id_is_not_found_like_an_unknown_id_s155(backend: Backend) {
    let Neighbours { acme, user, org, app, key } = Neighbours::settle(backend).await;
    let theirs = requests(&org, &app, &key, &user.id);
    for ((method, path, body), (_, absent, _)) in
        theirs.into_iter().zip(requests(UNKNOWN_ID, UNKNOWN_ID, UNKNOWN_ID, UNKNOWN_ID))
    {
        let foreign = acme.owner.call(method.clone(), &format!("/api/v1{path}"), body.as_ref()).await;
        let random = acme.owner.call(method.clone(), &format!("/api/v1{absent}"), body.as_ref()).await;
        foreign.is(404);
        assert_eq!(body_of(&foreign), body_of(&random), "{method} {path}");
    }
    user.get(&format!("/apps/{app}")).await.is(200);
    assert_eq!(user.get(&format!("/apps/{app}/apikeys")).await.expecting(200)[0]["revoked_at"], Value::Null);
}

async fn a_foreign_user_id_in_the_own_organization_is_not_found_s156(backend: Backend) {
    let Neighbours { acme, user, .. } = Neighbours::settle(backend).await;
    for method in [Method::GET, Method::DELETE, Method::PUT] {
        let body = (method == Method::PUT).then(|| json!({"role": "member"}));
        let path = |id: &str| format!("/api/v1{}", acme.members(Some(id)));
        let foreign = acme.owner.call(method.clone(), &path(&user.id), body.as_ref()).await;
        let random = acme.owner.call(method.clone(), &path(UNKNOWN_ID), body.as_ref()).await;
        foreign.problem(404, "member_not_found");
        assert_eq!(body_of(&foreign), body_of(&random), "{method}");
    }
}

async fn malformed_ids_are_rejected_s164(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let upper = acme.org.to_uppercase();
    let bare = acme.org.replace('-', "");
    let braced = format!("%7B{}%7D", acme.org);
    let wrong = ["0", "null", "me", "%20%20%20", "%2e%2e%2f", "%00", "%FF", "'", "1%20OR%201=1", &bare, &braced];
    for id in wrong {
        for path in [format!("/orgs/{id}"), format!("/apps/{id}"), format!("/orgs/{}/members/{id}", acme.org)] {
            let answer = acme.owner.get(&path).await;
            assert!([400, 404].contains(&answer.status), "{path}: {}", answer.text());
            let _complete = answer.any_problem(answer.status);
        }
    }
    assert_eq!(acme.owner.get(&format!("/orgs/{upper}")).await.expecting(200)["id"], json!(acme.org));
    acme.owner.get("/orgs/0").await.problem(400, "invalid_path");
}

async fn read_only_fields_in_a_body_are_rejected_s161(backend: Backend) {
    let Neighbours { acme, user, org, app, .. } = Neighbours::settle(backend).await;
    let body = json!({"name": "x", "id": UNKNOWN_ID, "organization_id": org, "role": "owner", "owner_id": user.id,
                      "created_at": "2001-01-01T00:00:00Z"});
    let made = acme.owner.post(&format!("/orgs/{}/apps", acme.org), &body).await;
    // `role` and `owner_id` are no fields of an application, so they are ignored.
    assert_eq!(made.faults(), ["/created_at", "/id", "/organization_id"]);
    let path = format!("/apps/{}", acme.app);
    let changed = acme.owner.put(&path, &json!({"id": app, "organization_id": org})).await;
    assert_eq!(changed.faults(), ["/id", "/organization_id"]);
    assert_eq!(acme.owner.get(&path).await.expecting(200)["organization_id"], json!(acme.org));
}

async fn checks_run_in_the_documented_order(backend: Backend) {
    let Neighbours { acme, org, .. } = Neighbours::settle(backend).await;
    let member = acme.add_member("member").await;
    let (apps, bad) = (format!("/orgs/{}/apps", acme.org), json!({"name": 1}));
    acme.api().post(&apps, &bad).await.problem(401, "authentication_required");
    assert_eq!(member.post(&apps, &bad).await.faults(), ["/name"]);
    assert_eq!(member.post(&format!("/orgs/{org}/apps"), &bad).await.faults(), ["/name"]);
    member.post(&format!("/orgs/{org}/apps"), &json!({"name": "x"})).await.problem(404, "organization_not_found");
    member.post(&apps, &json!({"name": "x"})).await.problem(403, "forbidden");
}
