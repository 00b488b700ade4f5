//! Documentation and OpenAPI document match the code.

use std::collections::BTreeSet;

use actix_web::test::TestRequest;
use serde_json::Value;
use tessera_api::{Code, FieldErrorCode};
use tessera_apikeys::policy::SERVICE_ACCOUNT_PERMISSIONS;
use tessera_testkit::{expectations::some, fakes::MemoryStore};

use crate::support::{TestReadiness, TestServer, document};

const ERRORS: &str = include_str!("../../../../docs/errors.md");
/// The source files that register routes.
const SOURCES: &[&str] = &[
    include_str!("../../src/v1/auth.rs"),
    include_str!("../../src/v1/passwords.rs"),
    include_str!("../../src/v1/email.rs"),
    include_str!("../../src/v1/tokens.rs"),
    include_str!("../../src/v1/users.rs"),
    include_str!("../../src/v1/sessions.rs"),
    include_str!("../../src/v1/session_tokens.rs"),
    include_str!("../../src/v1/factors.rs"),
    include_str!("../../src/v1/mfa.rs"),
    include_str!("../../src/v1/wallets.rs"),
    include_str!("../../src/v1/passkeys.rs"),
    include_str!("../../src/v1/orgs.rs"),
    include_str!("../../src/v1/own_invitations.rs"),
    include_str!("../../src/v1/members.rs"),
    include_str!("../../src/v1/apps.rs"),
    include_str!("../../src/v1/api_keys.rs"),
    include_str!("../../src/v1/api_keys/verify.rs"),
    include_str!("../../src/v1/api_keys/leaked.rs"),
    include_str!("../../src/v1/api_keys/manage.rs"),
    include_str!("../../src/v1/invitations.rs"),
    include_str!("../../src/v1/own_invitations.rs"),
    include_str!("../../src/v1/items.rs"),
    include_str!("../../src/v1/settings.rs"),
    include_str!("../../src/v1/system_data.rs"),
    include_str!("../../src/v1/custom_data.rs"),
    include_str!("../../src/v1/sso.rs"),
    include_str!("../../src/v1/sso/flow.rs"),
    include_str!("../../src/b3os/api_keys.rs"),
    include_str!("../../src/b3os/service_accounts.rs"),
    include_str!("../../src/health.rs"),
    include_str!("../../src/jwks.rs"),
    include_str!("../../src/key_formats.rs"),
];

fn section(code: &str) -> &'static str {
    let rest = some(ERRORS.split_once(&format!("\n### {code}\n"))).1;
    rest.split("\n### ").next().unwrap_or_default().split("\n## ").next().unwrap_or_default()
}

#[test]
fn every_problem_has_its_section() {
    for code in Code::ALL {
        let section = section(code.as_str());
        assert!(section.contains(&format!("Status {}.", code.status().as_u16())), "{}", code.as_str());
        assert!(section.contains("What to do:"), "{}", code.as_str());
    }
}

#[test]
fn no_section_is_of_a_problem_that_there_is_not() {
    let known: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let written = ERRORS.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(known, written);
}

#[test]
fn every_fault_has_its_line() {
    for code in FieldErrorCode::ALL {
        assert!(ERRORS.contains(&format!("| `{}` |", code.as_str())), "{}", code.as_str());
    }
}

/// Phrases that the glossary replaces.
#[test]
fn descriptions_are_in_plain_english() {
    let document = document().to_string();
    for phrase in ["be there", "there twice", "has faults", "taken here", "obody", "omebody", "hoever", "is told"] {
        assert!(!document.contains(phrase), "{phrase}");
    }
}

#[test]
fn the_document_lists_every_route() {
    let mut served = BTreeSet::new();
    for source in SOURCES {
        for method in ["get", "put", "post", "delete", "patch"] {
            for rest in source.split(&format!("#[{method}(\"")).skip(1) {
                let path = some(rest.split('"').next());
                let base = match path {
                    _ if path.starts_with("/health") || path.starts_with("/.well-known") => "",
                    _ if path.starts_with("/api-keys") || path.starts_with("/service-accounts") => "/v1",
                    _ => "/api/v1",
                };
                served.insert(format!("{method} {base}{path}"));
            }
        }
    }
    let document = document();
    let items = some(document["paths"].as_object()).iter();
    let methods = |(path, item): (&String, &Value)| {
        some(item.as_object()).keys().map(|method| format!("{method} {path}")).collect::<Vec<_>>()
    };
    assert_eq!(items.flat_map(methods).collect::<BTreeSet<_>>(), served);
}

#[test]
fn the_document_lists_the_permissions_of_service_accounts() {
    let listed = &document()["components"]["schemas"]["ServiceAccountPermission"]["enum"];
    let known = SERVICE_ACCOUNT_PERMISSIONS.map(|permission| permission.to_string());
    assert_eq!(listed, &serde_json::json!(known));
}

#[actix_web::test]
async fn the_document_is_served_as_it_is_derived() {
    let answer = TestServer::new().send(TestRequest::get().uri("/openapi.json")).await;
    assert_eq!(answer.expecting(200), document());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json()["openapi"], "3.1.0");
}

#[actix_web::test]
async fn the_page_and_all_its_parts_come_from_here() {
    for (url, prefix) in [("http://localhost:8080", ""), ("https://example.com/accounts/", "/accounts")] {
        let server = TestServer::with(MemoryStore::new().stores(), TestReadiness::Ready, url);
        let page = server.send(TestRequest::get().uri("/docs")).await;
        page.expecting(200);
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let policy = some(page.header("content-security-policy"));
        assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
        let html = some(std::str::from_utf8(&page.body).ok());
        assert!(!html.contains("<script>") && !html.contains("<style") && !html.contains("style="), "{html}");
        let parts = html.split("src=\"").chain(html.split("href=\"")).filter(|rest| !rest.starts_with('<'));
        let parts: Vec<&str> =
            parts.filter_map(|rest| rest.split('"').next()).filter(|part| !part.contains('<')).collect();
        assert_eq!(parts.len(), 8, "{parts:?}");
        for part in parts {
            let path = some(part.strip_prefix(prefix));
            assert!(path.starts_with('/'), "{part}");
            server.send(TestRequest::get().uri(path)).await.expecting(200);
        }
        assert!(html.contains(&format!("data-document=\"{prefix}/openapi.json\"")), "{html}");
        let script = server.send(TestRequest::get().uri("/assets/docs.js")).await;
        assert!(String::from_utf8_lossy(&script.body).contains("validatorUrl: null"));
        let slash = server.send(TestRequest::get().uri("/docs/")).await;
        assert_eq!(slash.header("location"), Some(format!("{prefix}/docs").as_str()));
    }
}
