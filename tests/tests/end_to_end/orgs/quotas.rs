//! Quotas in the API, and deletion of applications of any size.

use serde_json::json;
use tessera_tests::{
    api::Answer,
    database::Backend,
    on_both,
    process::Installation,
    test_org::{Person, TestOrg},
    wallet::EvmWallet,
};

on_both! {
    every_quota_can_be_configured_and_is_named_in_its_error_s215
}

/// Asserts that a request was rejected by the quota.
#[track_caller]
fn exceeds(rejected: &Answer, quota: &str) {
    assert_eq!(rejected.problem(409, "quota_exceeded")["quota"], quota);
}

async fn installation(backend: Backend) -> Installation {
    let quotas = [
        ("OWNED_ORGANIZATIONS", "1"),
        ("APPLICATIONS", "2"),
        ("ACTIVE_KEYS", "2"),
        ("ORGANIZATION_KEYS", "3"),
        ("MEMBERS", "2"),
        ("OPEN_INVITATIONS", "1"),
        ("ITEMS", "1"),
        ("WALLETS", "1"),
        ("SESSIONS", "2"),
    ];
    let installation = Installation::new(backend).await;
    quotas
        .iter()
        .fold(installation, |installation, (name, maximum)| installation.set(&format!("TESSERA_QUOTA_{name}"), maximum))
}

async fn every_quota_can_be_configured_and_is_named_in_its_error_s215(backend: Backend) {
    let acme = TestOrg::open_on(installation(backend).await).await;
    let (owner, org, app) = (&acme.owner, &acme.org, &acme.app);
    exceeds(&owner.post("/orgs", &json!({"name": "Another"})).await, "owned_organizations");

    let apps = format!("/orgs/{org}/apps");
    let second = owner.make_app(org).await;
    exceeds(&owner.post(&apps, &json!({"name": "Third"})).await, "applications");

    let keys = |app: &str| format!("/apps/{app}/apikeys");
    let body = json!({"description": "server", "permissions": []});
    let (first, other) = (owner.make_key(app, &body).await, owner.make_key(app, &body).await);
    exceeds(&owner.post(&keys(app), &body).await, "active_keys");
    owner.make_key(&second, &body).await;
    exceeds(&owner.post(&keys(&second), &body).await, "organization_keys");

    owner.post(&acme.inventory(), &json!({"sku": "one"})).await.is(201);
    exceeds(&owner.post(&acme.inventory(), &json!({"sku": "two"})).await, "items");
    owner.post(&acme.inventory(), &json!({"sku": "one", "quantity": 2})).await.is(200);

    let invitations = format!("/orgs/{org}/invitations");
    owner.post(&invitations, &json!({"email": "one@example.com", "role": "member"})).await.is(201);
    exceeds(
        &owner.post(&invitations, &json!({"email": "two@example.com", "role": "member"})).await,
        "open_invitations",
    );
    acme.add_member("member").await;
    let third = Person::register(&acme.api()).await;
    let members = format!("/orgs/{org}/members");
    exceeds(&owner.post(&members, &json!({"user_id": third.id, "role": "member"})).await, "members");

    exceeds_wallets(&third).await;

    // A session above the quota ends the least recently used session.
    let (second_session, last) = (third.again().await, third.again().await);
    third.get("/users/me").await.problem(401, "invalid_token");
    second_session.get("/users/me").await.is(200);
    last.get("/users/me").await.is(200);

    // A deleted application stops working and frees its quota at once. Its rows are cleared while the service runs. The
    // other application is not affected.
    owner.delete(&format!("/apps/{app}")).await.is(204);
    for key in [&first, &other] {
        assert_eq!(acme.verify(&key.raw).await["code"], "not_found");
    }
    owner.get(&format!("/apps/{app}")).await.problem(404, "application_not_found");
    owner.get(&keys(app)).await.problem(404, "application_not_found");
    let listed = owner.get(&apps).await.expecting(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let again = owner.make_app(org).await;
    owner.make_key(&again, &body).await;
    owner.post(&format!("/apps/{again}/inventory"), &json!({"sku": "two"})).await.is(201);
}

async fn exceeds_wallets(person: &Person) {
    for (wallet, fits) in [(EvmWallet::new(), true), (EvmWallet::new(), false)] {
        let challenge = person.post("/users/me/wallets/challenge", &wallet.named("base")).await.expecting(200);
        let linked = person.post("/users/me/wallets", &wallet.proof("base", &challenge)).await;
        if fits {
            linked.is(201);
        } else {
            exceeds(&linked, "wallets");
        }
    }
}
