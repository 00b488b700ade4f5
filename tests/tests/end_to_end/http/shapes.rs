//! Response objects have exactly the members of the API contract.

use serde_json::{Value, json};
use tessera_tests::{
    authenticator::Authenticator,
    database::Backend,
    on_sqlite,
    test_org::{PASSWORD, Service, TestOrg},
};

#[track_caller]
fn has_exactly(object: &Value, members: &str) {
    let there: Vec<&str> = object.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let (mut there, mut wanted) = (there, members.split_whitespace().collect::<Vec<_>>());
    there.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(there, wanted, "{object}");
}

/// RFC 3339 in UTC with whole seconds.
#[track_caller]
fn is_time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    let form: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(form, "0000-00-00T00:00:00Z", "{text}");
}

/// A UUID of version 7 in its canonical spelling.
#[track_caller]
fn is_id(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no id: {value}"));
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let form: String = text.chars().map(|c| if hex(c) { 'x' } else { c }).collect();
    assert_eq!(form, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "{text}");
    assert_eq!(text.as_bytes()[14], b'7', "{text}");
}

const USER: &str = "id email email_verified display_name first_name last_name avatar_url wallets profile_complete \
                    created_at updated_at";

on_sqlite! {
    a_user_has_the_members_of_the_contract
    a_login_has_the_members_of_the_contract
    an_organization_has_the_members_of_the_contract
    a_passkey_and_its_ceremony_have_the_members_of_the_contract
    a_member_has_the_members_of_the_contract
    an_application_has_the_members_of_the_contract
    a_key_has_the_members_of_the_contract
    a_verification_has_the_members_of_the_contract
    an_item_has_the_members_of_the_contract
    documents_have_the_members_of_the_contract
}

async fn a_user_has_the_members_of_the_contract(backend: Backend) {
    let api = Service::start(backend).await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "first_name": "Ada"});
    let user = api.api().post("/auth/register", &body).await.expecting(201);
    has_exactly(&user, USER);
    is_id(&user["id"]);
    is_time(&user["created_at"]);
    assert_eq!(user["created_at"], user["updated_at"]);
    assert_eq!((&user["email"], &user["first_name"]), (&json!("ada@example.com"), &json!("Ada")));
    assert_eq!((&user["last_name"], &user["avatar_url"], &user["wallets"]), (&Value::Null, &Value::Null, &json!([])));
    assert_eq!((&user["email_verified"], &user["profile_complete"]), (&json!(false), &json!(false)));
}

async fn a_login_has_the_members_of_the_contract(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let body = json!({"email": person.email, "password": PASSWORD});
    let login = service.api().post("/auth/login", &body).await.expecting(200);
    has_exactly(&login, "token token_type expires_at user session_id refresh_token refresh_expires_at device_token");
    is_id(&login["session_id"]);
    assert_eq!((&login["refresh_token"], &login["refresh_expires_at"]), (&Value::Null, &Value::Null));
    assert_eq!(login["token_type"], "Bearer");
    is_time(&login["expires_at"]);
    assert_eq!(login["user"], person.get("/users/me").await.expecting(200));
}

async fn a_passkey_and_its_ceremony_have_the_members_of_the_contract(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    for started in [
        service.api().post("/auth/passkey/options", &json!({})).await.expecting(200),
        person.post("/users/me/passkeys/options", &json!({})).await.expecting(200),
    ] {
        has_exactly(&started, "ceremony_id options expires_at");
        is_id(&started["ceremony_id"]);
        is_time(&started["expires_at"]);
    }
    let mut key = Authenticator::new();
    let added = key.add_to(&person).await.expecting(201);
    has_exactly(&added, "passkey recovery_codes");
    has_exactly(&added["passkey"], "id name synced created_at last_used_at");
    is_id(&added["passkey"]["id"]);
    is_time(&added["passkey"]["created_at"]);
    let login = key.sign_in(&service.api()).await.expecting(200);
    has_exactly(&login, "token token_type expires_at user session_id refresh_token refresh_expires_at device_token");
    is_time(&person.get("/users/me/passkeys").await.expecting(200)[0]["last_used_at"]);
}

async fn an_organization_has_the_members_of_the_contract(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let path = format!("/orgs/{}", acme.org);
    let org = acme.owner.get(&path).await.expecting(200);
    has_exactly(&org, "id name slug role created_at updated_at mfa_required");
    is_id(&org["id"]);
    is_time(&org["updated_at"]);
    assert_eq!(org["role"], "owner");
    assert_eq!(member.get(&path).await.expecting(200)["role"], "member");
}

async fn a_member_has_the_members_of_the_contract(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let admin = acme.add_member("admin").await;
    let member = acme.owner.get(&acme.members(Some(&admin.id))).await.expecting(200);
    has_exactly(&member, "organization_id user_id email display_name role joined_at mfa_enabled");
    assert_eq!((&member["user_id"], &member["email"]), (&json!(admin.id), &json!(admin.email)));
    assert_eq!((&member["organization_id"], &member["role"]), (&json!(acme.org), &json!("admin")));
    is_time(&member["joined_at"]);
    assert_eq!(member["mfa_enabled"], json!(false));
}

async fn an_application_has_the_members_of_the_contract(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let app = acme.owner.get(&format!("/apps/{}", acme.app)).await.expecting(200);
    has_exactly(&app, "id organization_id name description redirect_uris permissions created_at updated_at");
    assert_eq!((&app["description"], &app["redirect_uris"]), (&Value::Null, &json!([])));
    assert_eq!(app["organization_id"], json!(acme.org));
    is_id(&app["id"]);
    is_time(&app["created_at"]);
}

async fn a_key_has_the_members_of_the_contract(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let path = format!("/apps/{}/apikeys", acme.app);
    let made = acme.owner.post(&path, &json!({"description": "ci"})).await.expecting(201);
    has_exactly(&made, "api_key_details raw_key");
    let key = &made["api_key_details"];
    has_exactly(
        key,
        "allowed_ips application_id created_at created_by description enabled expires_at id key_prefix last_used limits \
         organization_id permissions refill remaining_uses revoked_at rotated_from secrets",
    );
    has_exactly(&key["secrets"][0], "created_at expires_at key_prefix last_used last_used_ip last_used_user_agent");
    assert_eq!((&key["application_id"], &key["created_by"]), (&json!(acme.app), &json!(acme.owner.id)));
    for member in ["expires_at", "last_used", "refill", "remaining_uses", "revoked_at", "rotated_from"] {
        assert_eq!(key[member], Value::Null, "{member}");
    }
    assert_eq!(acme.owner.get(&path).await.expecting(200), json!([key]));
}

async fn a_verification_has_the_members_of_the_contract(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let answer = acme.verify(&key.raw).await;
    let members = "valid code api_key_id application_id organization_id service_account_id user_id permissions \
                   expires_at limits remaining_uses cache_seconds";
    has_exactly(&answer, members);
    assert_eq!((&answer["valid"], &answer["code"]), (&json!(true), &json!("valid")));
    assert_eq!((&answer["api_key_id"], &answer["application_id"]), (&json!(key.id), &json!(acme.app)));
    assert_eq!((&answer["organization_id"], &answer["expires_at"]), (&json!(acme.org), &Value::Null));
    let unknown = acme.verify("ask_nothing").await;
    has_exactly(&unknown, members);
    assert_eq!((&unknown["valid"], &unknown["code"]), (&json!(false), &json!("not_found")));
    assert_eq!((&unknown["api_key_id"], &unknown["organization_id"]), (&Value::Null, &Value::Null));
}

async fn an_item_has_the_members_of_the_contract(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let item = acme.owner.post(&acme.inventory(), &json!({"sku": "sword"})).await.expecting(201);
    has_exactly(&item, "id application_id sku name description quantity metadata version created_at updated_at");
    assert_eq!((&item["name"], &item["description"]), (&Value::Null, &Value::Null));
    assert_eq!((&item["quantity"], &item["metadata"], &item["version"]), (&json!(0), &json!({}), &json!(1)));
    is_id(&item["id"]);
    is_time(&item["created_at"]);
    assert_eq!(item["created_at"], item["updated_at"]);
}

async fn documents_have_the_members_of_the_contract(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let settings = json!({"settings": {"a": 1}});
    let settings = acme.owner.put(&format!("/orgs/{}/settings", acme.org), &settings).await.expecting(200);
    has_exactly(&settings, "organization_id settings updated_at");
    assert_eq!(settings["organization_id"], json!(acme.org));
    is_time(&settings["updated_at"]);
    let path = format!("/orgs/{}/custom-system-data", acme.org);
    let of_owner = format!("{path}/{}", acme.owner.id);
    let data = acme.owner.put(&of_owner, &json!({"data": {"a": 1}})).await.expecting(200);
    has_exactly(&data, "organization_id user_id data version created_at updated_at");
    assert_eq!((&data["organization_id"], &data["user_id"]), (&json!(acme.org), &json!(acme.owner.id)));
    assert_eq!((&data["data"], &data["version"]), (&json!({"a": 1}), &json!(1)));
    let entry = acme.owner.get(&path).await.expecting(200)[0].clone();
    has_exactly(&entry, "user_id version updated_at");
    let data = acme.owner.put("/users/me/custom-data", &json!({"data": {}})).await.expecting(200);
    has_exactly(&data, "user_id data version created_at updated_at");
    assert_eq!((&data["user_id"], &data["version"]), (&json!(acme.owner.id), &json!(1)));
    for member in ["created_at", "updated_at"] {
        is_time(&data[member]);
    }
}
