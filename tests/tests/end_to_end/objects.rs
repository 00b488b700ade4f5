//! Objects of other tenants: indistinguishable from missing objects.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::Answer,
    database::Backend,
    on_sqlite,
    studio::{NOBODY, Person, Studio},
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
    studio: Studio,
    user: Person,
    org: String,
    app: String,
    key: String,
}

impl Neighbours {
    async fn settle(backend: Backend) -> Self {
        let studio = Studio::open(backend).await;
        let user = Person::join(&studio.api()).await;
        let org = user.found().await;
        let app = user.make_app(&org).await;
        let key = user.make_key(&app, &json!({})).await.id;
        Self { studio, user, org, app, key }
    }
}

on_sqlite! {
    s155_bola_gen
    s156_bola_parent
    s164_id_format
    s161_mass_create
    loading_comes_before_rules_and_after_the_body
}

/// Every request that names an organization, an application or a key.
fn requests(org: &str, app: &str, key: &str, user: &str) -> Vec<(Method, String, Option<Value>)> {
    vec![
        (Method::GET, format!("/orgs/{org}"), None),
        (Method::GET, format!("/orgs/{org}/members"), None),
        (Method::POST, format!("/orgs/{org}/members"), Some(json!({"user_id": NOBODY, "role": "member"}))),
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

async fn s155_bola_gen(backend: Backend) {
    let Neighbours { studio, user, org, app, key } = Neighbours::settle(backend).await;
    let theirs = requests(&org, &app, &key, &user.id);
    for ((method, path, body), (_, absent, _)) in theirs.into_iter().zip(requests(NOBODY, NOBODY, NOBODY, NOBODY)) {
        let foreign = studio.owner.call(method.clone(), &format!("/api/v1{path}"), body.as_ref()).await;
        let random = studio.owner.call(method.clone(), &format!("/api/v1{absent}"), body.as_ref()).await;
        foreign.is(404);
        assert_eq!(body_of(&foreign), body_of(&random), "{method} {path}");
    }
    user.get(&format!("/apps/{app}")).await.is(200);
    assert_eq!(user.get(&format!("/apps/{app}/apikeys")).await.expecting(200)[0]["revoked_at"], Value::Null);
}

async fn s156_bola_parent(backend: Backend) {
    let Neighbours { studio, user, .. } = Neighbours::settle(backend).await;
    for method in [Method::GET, Method::DELETE, Method::PUT] {
        let body = (method == Method::PUT).then(|| json!({"role": "member"}));
        let path = |id: &str| format!("/api/v1{}", studio.members(Some(id)));
        let foreign = studio.owner.call(method.clone(), &path(&user.id), body.as_ref()).await;
        let random = studio.owner.call(method.clone(), &path(NOBODY), body.as_ref()).await;
        foreign.problem(404, "member_not_found");
        assert_eq!(body_of(&foreign), body_of(&random), "{method}");
    }
}

async fn s164_id_format(backend: Backend) {
    let studio = Studio::open(backend).await;
    let upper = studio.org.to_uppercase();
    let bare = studio.org.replace('-', "");
    let braced = format!("%7B{}%7D", studio.org);
    let wrong =
        ["0", "null", "me", "%20%20%20", "%2e%2e%2f", "%00", "%FF", "'", "1%20OR%201=1", &upper, &bare, &braced];
    for id in wrong {
        for path in [format!("/orgs/{id}"), format!("/apps/{id}"), format!("/orgs/{}/members/{id}", studio.org)] {
            let answer = studio.owner.get(&path).await;
            assert!([400, 404].contains(&answer.status), "{path}: {}", answer.text());
            let _complete = answer.any_problem(answer.status);
        }
    }
    studio.owner.get(&format!("/orgs/{upper}")).await.problem(400, "invalid_path");
    studio.owner.get("/orgs/0").await.problem(400, "invalid_path");
}

async fn s161_mass_create(backend: Backend) {
    let Neighbours { studio, user, org, app, .. } = Neighbours::settle(backend).await;
    let body = json!({"name": "x", "id": NOBODY, "organization_id": org, "role": "owner", "owner_id": user.id,
                      "created_at": "2001-01-01T00:00:00Z"});
    let made = studio.owner.post(&format!("/orgs/{}/apps", studio.org), &body).await.expecting(201);
    assert_eq!(made["organization_id"], json!(studio.org));
    assert_ne!(made["id"], NOBODY);
    let changed = studio.owner.put(&format!("/apps/{}", studio.app), &json!({"id": app, "organization_id": org})).await;
    assert_eq!(changed.expecting(200)["organization_id"], json!(studio.org));
}

async fn loading_comes_before_rules_and_after_the_body(backend: Backend) {
    let Neighbours { studio, org, .. } = Neighbours::settle(backend).await;
    let member = studio.hire("member").await;
    let (apps, bad) = (format!("/orgs/{}/apps", studio.org), json!({"name": 1}));
    studio.api().post(&apps, &bad).await.problem(401, "authentication_required");
    assert_eq!(member.post(&apps, &bad).await.faults(), ["/name"]);
    assert_eq!(member.post(&format!("/orgs/{org}/apps"), &bad).await.faults(), ["/name"]);
    member.post(&format!("/orgs/{org}/apps"), &json!({"name": "x"})).await.problem(404, "organization_not_found");
    member.post(&apps, &json!({"name": "x"})).await.problem(403, "forbidden");
}
