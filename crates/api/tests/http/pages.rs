//! The start page, the pages of problems, and errors as pages.

use std::collections::BTreeSet;

use actix_web::{http::Method, test::TestRequest};
use tessera_api::{Code, FieldErrorCode};
use tessera_testkit::{expectations::some, fakes::MemoryStore};

use crate::support::{Answer, TestReadiness, TestServer, get, text};

const PUBLIC_URLS: [(&str, &str); 2] = [("http://localhost:8080", ""), ("https://example.com/accounts/", "/accounts")];

/// What a browser sends when a user opens an address.
const BROWSER: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

fn server(public_url: &str) -> TestServer {
    TestServer::with(MemoryStore::new().stores(), TestReadiness::Ready, public_url)
}

fn visit(path: &str) -> TestRequest {
    TestRequest::get().uri(path).insert_header(BROWSER)
}

/// The text of a page with the status.
#[track_caller]
fn page(answer: &Answer, status: u16) -> String {
    answer.expecting(status);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = some(answer.header("content-security-policy"));
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    let html = some(std::str::from_utf8(&answer.body).ok()).to_owned();
    assert!(!html.contains("<script") && !html.contains("<style") && !html.contains("style="), "{html}");
    html
}

/// The addresses of all links of a page, without fragments.
fn links(html: &str) -> BTreeSet<String> {
    let links = html.split("href=\"").skip(1).filter_map(|rest| rest.split(['"', '#']).next());
    links.map(str::to_owned).collect()
}

/// Requests every link. All of them lead to this service.
async fn all_lead_somewhere(server: &TestServer, prefix: &str, links: &BTreeSet<String>) {
    for link in links {
        let path = some(link.strip_prefix(prefix).filter(|path| path.starts_with('/')));
        server.send(visit(path)).await.expecting(200);
    }
}

#[actix_web::test]
async fn the_start_page_names_the_service_and_links_to_its_parts() {
    for (url, prefix) in PUBLIC_URLS {
        let server = server(url);
        let html = page(&server.send(TestRequest::get().uri("/")).await, 200);
        assert!(html.contains("<h1>Tessera</h1>") && html.contains("user account service"), "{html}");
        for path in ["/docs", "/openapi.json", "/problems", "/health/ready", "/assets/mark.svg"] {
            assert!(links(&html).contains(&format!("{prefix}{path}")), "{path}: {html}");
        }
        all_lead_somewhere(&server, prefix, &links(&html)).await;
    }
}

#[actix_web::test]
async fn the_page_of_every_code_has_its_meaning_and_what_to_do() {
    for (url, prefix) in PUBLIC_URLS {
        let server = server(url);
        let mut seen = BTreeSet::new();
        for code in Code::ALL {
            let name = code.as_str();
            let html = page(&server.send(TestRequest::get().uri(&format!("/problems/{name}"))).await, 200);
            assert!(html.contains(&format!("<h1>{}</h1>", code.title())), "{name}: {html}");
            assert!(html.contains(&format!("<code>{name}</code>")), "{name}: {html}");
            assert!(html.contains(&format!("<dd>{} ", code.status().as_u16())), "{name}: {html}");
            let meaning = some(html.split("<h2>What it means</h2>").nth(1));
            let (meaning, advice) = some(meaning.split_once("<h2>What to do</h2>"));
            assert!(meaning.contains("<p>") && advice.trim_start().starts_with("<p>"), "{name}: {html}");
            // No Markdown is left, and neither is a link to a file that is not served.
            for rest in ["](", "**", "Status 4", "Status 5", "| ---", ".md\""] {
                assert!(!html.contains(rest), "{name}: {rest}: {html}");
            }
            seen.extend(links(&html));
        }
        all_lead_somewhere(&server, prefix, &seen).await;
    }
}

#[actix_web::test]
async fn the_list_of_problems_has_every_code_and_every_field_error() {
    for (url, prefix) in PUBLIC_URLS {
        let server = server(url);
        let html = page(&server.send(TestRequest::get().uri("/problems")).await, 200);
        for code in Code::ALL {
            let link = format!("{prefix}/problems/{}", code.as_str());
            assert!(links(&html).contains(&link), "{link}: {html}");
        }
        let (_, field_errors) = some(html.split_once("id=\"faults-in-bodies\""));
        for code in FieldErrorCode::ALL {
            assert!(field_errors.contains(&format!("<td><code>{}</code></td>", code.as_str())), "{}", code.as_str());
        }
        all_lead_somewhere(&server, prefix, &links(&html)).await;
    }
}

#[actix_web::test]
async fn the_type_of_a_problem_is_the_address_of_its_page() {
    for (url, _) in PUBLIC_URLS {
        let server = server(url);
        let problem = server.send(get("/users/me")).await.problem(401, "authentication_required");
        let kind = text(&problem["type"]);
        let path = some(kind.strip_prefix(url.trim_end_matches('/')));
        let html = page(&server.send(visit(path)).await, 200);
        assert!(html.contains("<code>authentication_required</code>"), "{html}");
    }
    let server = TestServer::new();
    server.send(TestRequest::get().uri("/problems/nothing")).await.problem(404, "route_not_found");
}

#[actix_web::test]
async fn a_browser_gets_errors_outside_the_apis_as_pages() {
    let server = TestServer::new();
    for path in ["/nothing", "/apis", "/problems/nothing", "/docs/nothing", "/password", "/%FF"] {
        let answer = server.send(visit(path)).await;
        let html = page(&answer, 404);
        assert!(html.contains("<h1>Page not found</h1>"), "{html}");
        all_lead_somewhere(&server, "", &links(&html)).await;
        assert!(answer.header("x-request-id").is_some() && answer.header("cache-control") == Some("no-store"));
        // Other clients get the problem.
        for accept in ["*/*", "application/json", "application/problem+json"] {
            let request = TestRequest::get().uri(path).insert_header(("Accept", accept));
            server.send(request).await.problem(404, "route_not_found");
        }
        server.send(TestRequest::get().uri(path)).await.problem(404, "route_not_found");
    }
    let wrong = server.send(visit("/docs").method(Method::DELETE)).await;
    assert!(page(&wrong, 405).contains("<h1>The method is not allowed</h1>"));
    assert_eq!(wrong.header("allow"), Some("GET, HEAD"));
}

#[actix_web::test]
async fn a_browser_gets_the_problems_of_the_apis_as_json() {
    let server = TestServer::new();
    for path in ["/api", "/api/nothing", "/api/v1/nothing", "/health/nothing", "/.well-known/nothing"] {
        server.send(visit(path)).await.problem(404, "route_not_found");
    }
    // The envelope of the B3OS API.
    let answer = server.send(visit("/v1/orgs")).await;
    let message = "no endpoint matches GET /v1/orgs; did you mean /api/v1/orgs?";
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.expecting(404)["message"], message);
    server.send(visit("/api/v1/users/me")).await.problem(401, "authentication_required");
    server.send(visit("/openapi.json").method(Method::POST)).await.problem(405, "method_not_allowed");
}

#[actix_web::test]
async fn a_browser_gets_a_page_while_the_service_is_starting() {
    for (url, prefix) in PUBLIC_URLS {
        let server = server(url);
        for path in ["/", "/docs", "/password/forgot", "/api/v1/sso/web3/initiate", "/api/v1/sso/web3/sign-in"] {
            let answer = server.send_early(visit(&format!("{prefix}{path}"))).await;
            let html = page(&answer, 503);
            assert!(html.contains("The service is starting") && html.contains("request id"), "{html}");
            assert_eq!(answer.header("retry-after"), Some("1"));
            for link in links(&html) {
                server.send_early(TestRequest::get().uri(&link)).await.expecting(200);
            }
        }
        server.send_early(visit("/api/v1/users/me")).await.problem(503, "unavailable");
    }
}

#[actix_web::test]
async fn every_response_has_an_icon() {
    let server = TestServer::new();
    for path in ["/favicon.ico", "/assets/mark.svg"] {
        let icon = server.send(TestRequest::get().uri(path)).await;
        icon.expecting(200);
        assert_eq!(icon.header("content-type"), Some("image/svg+xml"));
        assert!(icon.body.starts_with(b"<svg"), "{:?}", icon.body);
    }
}
