//! The OpenAPI document matches the service and the committed file.

mod descriptions;
mod examples;

use std::collections::BTreeSet;

use serde_json::Value;
use tessera_tests::{database::Backend, on_both, read_workspace_file, test_org::Service};

/// Every endpoint of this version: method, path and operation id.
const OPERATIONS: &[(&str, &str, &str)] = &[
    ("post", "/api/v1/auth/register", "register_user"),
    ("post", "/api/v1/auth/login", "login"),
    ("post", "/api/v1/auth/logout", "logout"),
    ("post", "/api/v1/auth/refresh", "refresh_session"),
    ("post", "/api/v1/auth/reauthenticate", "reauthenticate"),
    ("post", "/api/v1/auth/mfa/verify", "verify_mfa"),
    ("get", "/api/v1/users/me/mfa", "get_factors"),
    ("post", "/api/v1/users/me/mfa/totp", "start_totp"),
    ("post", "/api/v1/users/me/mfa/totp/confirm", "confirm_totp"),
    ("delete", "/api/v1/users/me/mfa/totp", "remove_totp"),
    ("post", "/api/v1/users/me/mfa/recovery-codes", "replace_recovery_codes"),
    ("post", "/api/v1/auth/password/forgot", "forgot_password"),
    ("post", "/api/v1/auth/password/reset", "reset_password"),
    ("post", "/api/v1/auth/email/verify", "verify_email"),
    ("post", "/api/v1/auth/email/resend", "resend_verification"),
    ("get", "/api/v1/users/me/email", "get_my_email"),
    ("post", "/api/v1/users/me/email", "change_my_email"),
    ("post", "/api/v1/auth/web3/challenge", "get_web3_challenge"),
    ("post", "/api/v1/auth/web3/verify", "verify_web3_signature"),
    ("post", "/api/v1/auth/token/exchange", "exchange_token"),
    ("get", "/.well-known/jwks.json", "get_jwks"),
    ("get", "/.well-known/tessera-keys.json", "get_key_formats"),
    ("get", "/api/v1/users/me", "get_me"),
    ("put", "/api/v1/users/me", "update_me"),
    ("put", "/api/v1/users/me/password", "change_password"),
    ("get", "/api/v1/users/me/sessions", "list_sessions"),
    ("delete", "/api/v1/users/me/sessions", "end_all_sessions"),
    ("delete", "/api/v1/users/me/sessions/{sessionId}", "end_session"),
    ("post", "/api/v1/users/me/wallets/challenge", "get_wallet_challenge"),
    ("post", "/api/v1/auth/passkey/options", "start_passkey_sign_in"),
    ("post", "/api/v1/auth/passkey/verify", "sign_in_with_passkey"),
    ("get", "/api/v1/users/me/passkeys", "list_passkeys"),
    ("post", "/api/v1/users/me/passkeys/options", "start_adding_passkey"),
    ("post", "/api/v1/users/me/passkeys", "add_passkey"),
    ("delete", "/api/v1/users/me/passkeys/{passkeyId}", "remove_passkey"),
    ("get", "/api/v1/users/me/wallets", "list_wallets"),
    ("post", "/api/v1/users/me/wallets", "link_wallet"),
    ("delete", "/api/v1/users/me/wallets/{address}", "unlink_wallet"),
    ("post", "/api/v1/orgs", "create_organization"),
    ("get", "/api/v1/orgs", "list_organizations"),
    ("get", "/api/v1/orgs/{orgId}", "get_organization"),
    ("put", "/api/v1/orgs/{orgId}", "update_organization"),
    ("delete", "/api/v1/orgs/{orgId}", "delete_organization"),
    ("get", "/api/v1/orgs/{orgId}/members", "list_members"),
    ("post", "/api/v1/orgs/{orgId}/members", "add_member"),
    ("get", "/api/v1/orgs/{orgId}/members/{userId}", "get_member"),
    ("put", "/api/v1/orgs/{orgId}/members/{userId}", "update_member_role"),
    ("delete", "/api/v1/orgs/{orgId}/members/{userId}", "remove_member"),
    ("get", "/api/v1/orgs/{orgId}/invitations", "list_invitations"),
    ("post", "/api/v1/orgs/{orgId}/invitations", "send_invitation"),
    ("delete", "/api/v1/orgs/{orgId}/invitations/{invitationId}", "withdraw_invitation"),
    ("post", "/api/v1/orgs/{orgId}/invitations/{invitationId}/resend", "resend_invitation"),
    ("post", "/api/v1/invitations/accept", "accept_invitation"),
    ("get", "/api/v1/users/me/invitations", "list_own_invitations"),
    ("post", "/api/v1/users/me/invitations/{invitationId}/accept", "accept_own_invitation"),
    ("delete", "/api/v1/users/me/invitations/{invitationId}", "decline_own_invitation"),
    ("get", "/api/v1/orgs/{orgId}/apps", "list_applications"),
    ("post", "/api/v1/orgs/{orgId}/apps", "create_application"),
    ("get", "/api/v1/apps/{appId}", "get_application"),
    ("put", "/api/v1/apps/{appId}", "update_application"),
    ("delete", "/api/v1/apps/{appId}", "delete_application"),
    ("get", "/api/v1/apps/{appId}/apikeys", "list_api_keys"),
    ("post", "/api/v1/apps/{appId}/apikeys", "generate_api_key"),
    ("delete", "/api/v1/apikeys/{keyId}", "revoke_api_key"),
    ("get", "/api/v1/apikeys/{keyId}", "get_api_key"),
    ("patch", "/api/v1/apikeys/{keyId}", "update_api_key"),
    ("post", "/api/v1/apikeys/{keyId}/rotate", "rotate_api_key"),
    ("post", "/api/v1/apikeys/{keyId}/rotate/finish", "finish_api_key_rotation"),
    ("post", "/api/v1/apikeys/verify", "verify_api_key"),
    ("post", "/api/v1/apikeys/leaked", "report_leaked_keys"),
    ("get", "/api/v1/apps/{appId}/inventory", "list_inventory"),
    ("post", "/api/v1/apps/{appId}/inventory", "put_inventory_item"),
    ("get", "/api/v1/orgs/{orgId}/settings", "get_organization_settings"),
    ("put", "/api/v1/orgs/{orgId}/settings", "update_organization_settings"),
    ("get", "/api/v1/orgs/{orgId}/custom-system-data", "list_system_data"),
    ("get", "/api/v1/orgs/{orgId}/custom-system-data/{userId}", "get_system_data"),
    ("put", "/api/v1/orgs/{orgId}/custom-system-data/{userId}", "set_system_data"),
    ("patch", "/api/v1/orgs/{orgId}/custom-system-data/{userId}", "merge_system_data"),
    ("get", "/api/v1/users/{userId}/custom-data", "get_custom_data"),
    ("put", "/api/v1/users/{userId}/custom-data", "set_custom_data"),
    ("patch", "/api/v1/users/{userId}/custom-data", "merge_custom_data"),
    ("get", "/api/v1/sso/web3/initiate", "initiate_web3_sso"),
    ("post", "/api/v1/sso/web3/challenge", "request_web3_sso_challenge"),
    ("post", "/api/v1/sso/web3/verify", "verify_web3_sso"),
    ("post", "/api/v1/sso/token", "redeem_sso_code"),
    ("get", "/health/live", "live"),
    ("get", "/health/ready", "ready"),
    ("post", "/v1/api-keys", "create_organization_key"),
    ("get", "/v1/api-keys", "list_organization_keys"),
    ("get", "/v1/api-keys/{id}", "get_organization_key"),
    ("delete", "/v1/api-keys/{id}", "revoke_organization_key"),
    ("post", "/v1/service-accounts", "create_service_account"),
    ("get", "/v1/service-accounts", "list_service_accounts"),
    ("get", "/v1/service-accounts/{id}", "get_service_account"),
    ("patch", "/v1/service-accounts/{id}", "update_service_account"),
    ("delete", "/v1/service-accounts/{id}", "disable_service_account"),
];

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Every operation of a document.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap_or_else(|| panic!("no paths"));
    paths
        .iter()
        .flat_map(|(path, item)| {
            let item = item.as_object().unwrap_or_else(|| panic!("{path} is no object"));
            item.iter().map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
        })
        .filter(|(method, ..)| METHODS.contains(method))
        .collect()
}

fn committed() -> Value {
    let text = read_workspace_file("docs/openapi.json");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("docs/openapi.json: {error}"))
}

on_both! {
    the_committed_document_is_the_served_one
    the_documentation_needs_nothing_from_outside
}

async fn the_committed_document_is_the_served_one(backend: Backend) {
    let service = Service::start(backend).await;
    let served = service.api().get_root("/openapi.json").await;
    assert_eq!(served.header("content-type"), Some("application/json"));
    let served = served.expecting(200);
    let pretty = serde_json::to_string_pretty(&served).unwrap_or_else(|error| panic!("{error}"));
    let committed = read_workspace_file("docs/openapi.json");
    assert!(committed == format!("{pretty}\n"), "docs/openapi.json is old: run `just openapi`");
}

async fn the_documentation_needs_nothing_from_outside(backend: Backend) {
    let service = Service::start(backend).await;
    let page = service.api().get_root("/docs").await;
    page.is(200);
    let html = page.text();
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{html}");
    for foreign in ["src=\"http", "href=\"http", "src=\"//", "href=\"//"] {
        assert!(!html.contains(foreign), "{html}");
    }
    let assets: Vec<&str> = html.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(!assets.is_empty(), "{html}");
    for asset in assets {
        let path =
            if asset.starts_with('/') { asset.to_owned() } else { format!("/docs/{}", asset.trim_start_matches("./")) };
        service.api().get_root(&path).await.is(200);
    }
}

#[test]
fn the_document_is_openapi_3_1_and_says_whose_it_is() {
    let document = committed();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")), "{}", document["openapi"]);
    assert_eq!(document["info"]["title"], "Tessera");
    assert!(document["info"]["version"].is_string());
}

#[test]
fn every_operation_of_the_contract_is_there_and_no_other() {
    let document = committed();
    let there: BTreeSet<(&str, &str)> =
        operations(&document).iter().map(|(method, path, _)| (*method, *path)).collect();
    let table: BTreeSet<(&str, &str)> = OPERATIONS.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(there, table);
}

#[test]
fn operation_ids_stay_what_clients_know() {
    let document = committed();
    for (method, path, id) in OPERATIONS {
        assert_eq!(document["paths"][path][method]["operationId"], *id, "{method} {path}");
    }
}

#[test]
fn every_operation_has_an_id_of_its_own() {
    let document = committed();
    let ids: Vec<&str> = operations(&document).iter().filter_map(|(.., o)| o["operationId"].as_str()).collect();
    assert_eq!(ids.len(), operations(&document).len());
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}

#[test]
fn every_operation_has_a_tag() {
    let document = committed();
    let described: Vec<Option<&str>> =
        document["tags"].as_array().into_iter().flatten().map(|tag| tag["name"].as_str()).collect();
    assert_eq!(described.iter().collect::<BTreeSet<_>>().len(), described.len(), "{described:?}");
    for (method, path, operation) in operations(&document) {
        let tags = operation["tags"].as_array().map_or(0, Vec::len);
        assert_eq!(tags, 1, "{method} {path}");
        assert!(described.contains(&operation["tags"][0].as_str()), "{method} {path}");
    }
}

#[test]
fn every_failure_is_a_problem() {
    let document = committed();
    for (method, path, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap_or_else(|| panic!("{method} {path}"));
        for (status, response) in responses.iter().filter(|(status, _)| status.starts_with(['4', '5'])) {
            let response = resolve(&document, response);
            let kinds: Vec<&String> = response["content"].as_object().into_iter().flatten().map(|(k, _)| k).collect();
            let (kind, name) = if path.starts_with("/v1/") {
                ("application/json", "FailureEnvelope")
            } else {
                ("application/problem+json", "Problem")
            };
            assert_eq!(kinds, [kind], "{method} {path} {status}");
            let schema = &response["content"][kind]["schema"];
            assert_eq!(schema["$ref"], format!("#/components/schemas/{name}"), "{method} {path} {status}");
        }
    }
}

/// The target of a reference.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let reference = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    reference.map_or(value, |pointer| document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} leads nowhere")))
}

#[test]
fn every_reference_leads_somewhere() {
    let document = committed();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        let _found = resolve(&document, value);
        open.extend(value.as_object().into_iter().flat_map(|object| object.values()));
        open.extend(value.as_array().into_iter().flatten());
    }
}

#[test]
fn every_operation_with_a_success_says_what_it_gives() {
    let document = committed();
    for (method, path, operation) in operations(&document) {
        let responses = operation["responses"].as_object().into_iter().flatten();
        let good: Vec<_> = responses.filter(|(status, _)| status.starts_with(['2', '3'])).collect();
        assert!(!good.is_empty(), "{method} {path}");
        for (status, response) in good {
            let content = resolve(&document, response)["content"].is_object();
            assert_eq!(content, !["204", "302", "304"].contains(&status.as_str()), "{method} {path} {status}");
        }
    }
}

#[test]
fn operations_with_a_credential_say_so() {
    let document = committed();
    let public = read_workspace_file("tests/public-operations.txt");
    for (method, path, operation) in operations(&document) {
        let open = public.lines().any(|line| line == format!("{} {path}", method.to_uppercase()));
        let schemes = operation["security"].as_array().map(Vec::as_slice).unwrap_or_default();
        let optional = schemes.contains(&serde_json::json!({}));
        assert_eq!(!schemes.is_empty() && !optional, !open, "{method} {path}");
        // The verification of keys requires a credential with `explain=true`.
        let proves =
            ["/auth/login", "/auth/refresh", "/mfa/verify", "/web3/verify", "/passkey/verify", "/apikeys/verify"]
                .iter()
                .any(|end| path.ends_with(end));
        let refuses = !open || optional || proves;
        assert_eq!(operation["responses"]["401"].is_object(), refuses, "{method} {path}");
    }
}

/// The operations of EGP by method and path, as listed on the migration page.
#[test]
fn the_page_for_egp_lists_37_operations_that_are_served() {
    let page = read_workspace_file("docs/moving-from-egp.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.split('|').nth(1).is_some_and(is_number)).collect();
    let numbers: Vec<u32> = rows.iter().filter_map(|row| row.split('|').nth(1)?.trim().parse().ok()).collect();
    assert_eq!(numbers, (1..=37).collect::<Vec<_>>());
    let document: Value = serde_json::from_str(&read_workspace_file("docs/openapi.json")).unwrap_or_default();
    for row in rows {
        let call = row.split('`').nth(1).unwrap_or_default();
        let (method, path) = call.split_once(' ').unwrap_or_default();
        let operation = &document["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "nothing is served at {call}");
    }
}

fn is_number(cell: &str) -> bool {
    cell.trim().parse::<u32>().is_ok()
}

#[test]
fn public_operations_have_no_security_and_free_objects_any_members() {
    let document = committed();
    let listed = read_workspace_file("tests/public-operations.txt");
    for (method, path, operation) in operations(&document) {
        let public = listed.lines().any(|line| line == format!("{} {path}", method.to_uppercase()));
        let security = operation["security"].as_array().unwrap_or_else(|| panic!("{method} {path} has no security"));
        let none =
            security.is_empty() || security.iter().any(|one| one.as_object().is_some_and(serde_json::Map::is_empty));
        assert_eq!(none, public, "{method} {path}");
    }
    let schemas = document["components"]["schemas"].as_object().unwrap_or_else(|| panic!("no schemas"));
    for (schema, member) in [
        ("OrganizationSettings", "settings"),
        ("CustomData", "data"),
        ("SystemData", "data"),
        ("Item", "metadata"),
        ("SetDataRequest", "data"),
        ("UpdateSettingsRequest", "settings"),
        ("PutItemRequest", "metadata"),
    ] {
        let object = &schemas.get(schema).unwrap_or_else(|| panic!("no schema {schema}"))["properties"][member];
        assert_eq!(object["additionalProperties"], serde_json::json!(true), "{schema} {member}");
    }
}

#[test]
fn the_codes_of_problems_and_field_errors_are_enumerations() {
    let document = committed();
    for (schema, code) in [("Problem", "email_taken"), ("FieldError", "invalid_format")] {
        let codes = &document["components"]["schemas"][schema]["properties"]["code"]["enum"];
        assert!(codes.as_array().is_some_and(|codes| codes.iter().any(|known| known == code)), "{schema}: {codes}");
    }
}

/// The operations that no limit can reject. The list may only become shorter.
#[test]
fn the_operations_without_a_limit_are_listed() {
    let document = committed();
    let all = operations(&document).into_iter();
    let unlimited = all.filter(|(.., operation)| operation["responses"]["429"].is_null());
    let unlimited: Vec<String> = unlimited.map(|(method, path, _)| format!("{method} {path}")).collect();
    let listed = read_workspace_file("tests/unlimited.txt");
    assert_eq!(unlimited, listed.lines().collect::<Vec<_>>());
}
