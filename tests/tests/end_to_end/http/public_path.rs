//! Public URLs with a path: every link contains the path and works, whether or not the proxy removes the path.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, send, text_of},
    database::Backend,
    jose,
    mail::last_of,
    process::Installation,
    sso::{encode, query},
    test_org::{PASSWORD, Person, Service, TestOrg},
};

const ORIGIN: &str = "https://example.com";
const PATH: &str = "/accounts";
const PUBLIC_URL: &str = "https://example.com/accounts";
const GAMES: &str = "https://games.example.com";

/// A form submission of a browser to a page of the service.
async fn submit(api: &Api, path: &str, fields: &[(&str, &str)]) -> Answer {
    let encoded: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let request = api.request(Method::POST, path).header("Origin", ORIGIN).body(encoded.join("&"));
    send(request.header("Content-Type", "application/x-www-form-urlencoded")).await
}

/// The path of a link, which must point to the public URL of the service.
#[track_caller]
fn path_of(link: &str) -> String {
    let path = link.strip_prefix(ORIGIN).unwrap_or_else(|| panic!("not an absolute link: {link}"));
    assert!(path.starts_with("/accounts/"), "{link}");
    path.to_owned()
}

#[track_caller]
fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.header(name).unwrap_or_else(|| panic!("no {name}: {answer:?}"))
}

/// The addresses in the attributes of a page, with their attribute.
fn addresses(page: &str) -> Vec<(&str, &str)> {
    let of = |attribute: &'static str| {
        page.match_indices(attribute).map(move |(at, _)| {
            let rest = &page[at + attribute.len()..];
            (attribute, rest.split('"').next().unwrap_or_default())
        })
    };
    ["href=\"", "src=\"", "action=\"", "data-api=\""].into_iter().flat_map(of).collect()
}

/// Asserts that every address of a page contains the path and works.
async fn all_lead_somewhere(api: &Api, page: &Answer, least: usize) {
    let text = page.text();
    let all = addresses(&text);
    assert!(all.len() >= least, "{all:?}: {text}");
    for (attribute, address) in all {
        assert!(address.starts_with("/accounts/"), "{attribute}{address}");
        let found = api.get_root(address).await;
        match attribute {
            // A form needs user input or a token.
            "action=\"" => assert_ne!(found.status, 404, "{address}"),
            // The endpoints that a script calls are below this address.
            "data-api=\"" => {}
            _ => found.is(200),
        }
    }
}

async fn start_org() -> TestOrg {
    let installation = Installation::new(Backend::Sqlite).await.set("TESSERA_PUBLIC_URL", PUBLIC_URL);
    TestOrg::open_on(installation.set("TESSERA_AUDIENCES", GAMES)).await
}

#[tokio::test]
async fn the_service_is_reachable_with_the_path_and_without() {
    let service = Service::on(Installation::new(Backend::Sqlite).await.set("TESSERA_PUBLIC_URL", PUBLIC_URL));
    let (api, person) = (service.api(), Person::register(&service.api()).await);
    for base in ["", PATH] {
        api.get_root(&format!("{base}/health/live")).await.is(200);
        person.get_root(&format!("{base}/api/v1/users/me?x=1")).await.is(200);
        let wrong = api.get_root(&format!("{base}/nothing")).await.problem(404, "route_not_found");
        assert_eq!(wrong["type"], format!("{PUBLIC_URL}/problems/route_not_found"));
        person.call(Method::DELETE, &format!("{base}/api/v1/users/me"), None).await.problem(405, "method_not_allowed");
    }
    for path in ["/accountsx/health/live", "/accounts/accounts/health/live", "/Accounts/health/live"] {
        api.get_root(path).await.problem(404, "route_not_found");
    }
    // The log contains the route without the path prefix.
    assert!(!service.node.log().contains("/accounts/"), "{}", service.node.log());
}

#[tokio::test]
async fn a_path_that_is_the_beginning_of_a_route_hides_nothing() {
    let installation = Installation::new(Backend::Sqlite).await.set("TESSERA_PUBLIC_URL", "https://example.com/api");
    let service = Service::on(installation);
    let person = Person::register(&service.api()).await;
    for path in ["/api/v1/users/me", "/api/api/v1/users/me"] {
        person.get_root(path).await.is(200);
    }
}

#[tokio::test]
async fn every_link_has_the_path_and_leads_somewhere() {
    let acme = start_org().await;
    let (api, owner) = (acme.api(), &acme.owner);
    // `Location` and `Link`.
    let made = owner.post("/orgs", &json!({"name": "Another"})).await;
    owner.get_root(&path_of(header(&made, "location"))).await.is(200);
    owner.make_app(&acme.org).await;
    let first = owner.get(&format!("/orgs/{}/apps?limit=1", acme.org)).await;
    let next = header(&first, "link").trim_start_matches('<').split('>').next().unwrap_or_default();
    owner.get_root(&path_of(next)).await.is(200);
    // The OpenAPI document and its page.
    let document: Value = api.get_root("/openapi.json").await.expecting(200);
    assert_eq!(document["servers"], json!([{"url": PATH}]));
    all_lead_somewhere(&api, &api.get_root("/docs").await, 3).await;
    let slash = api.get_root("/docs/").await;
    api.get_root(header(&slash, "location")).await.is(200);
    assert!(header(&slash, "location").starts_with("/accounts/"));
    // Service tokens and their verification keys.
    let exchange = json!({"organization_id": acme.org, "audience": GAMES});
    let token = text_of(&owner.post("/auth/token/exchange", &exchange).await.expecting(200), "service_token");
    let keys = api.get_root("/accounts/.well-known/jwks.json").await.expecting(200);
    let (_, claims) = jose::verify(&keys, &token).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(claims["iss"], PUBLIC_URL);
    // The redirects of a browser to the sign-in page.
    let begun = api.get(&format!("/sso/web3/initiate{}", query(&acme).await)).await;
    let cookie = header(&begun, "set-cookie").split(';').next().unwrap_or_default().to_owned();
    let page = api.with_cookie(&cookie).get_root(&path_of(header(&begun, "location"))).await;
    page.is(200);
    assert!(page.text().contains("data-api=\"/accounts/api/v1/sso/web3\""), "{}", page.text());
}

#[tokio::test]
async fn the_links_of_mails_and_their_pages_have_the_path() {
    let acme = start_org().await;
    let api = acme.api();
    let invitation = json!({"email": "grace@example.com", "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    let mail = last_of(&acme.service.installation, "grace@example.com", 1).await;
    let page = api.get_root(&path_of(&mail.link())).await;
    all_lead_somewhere(&api, &page, 3).await;
    let token = mail.token();
    let form = [("token", token.as_str()), ("password", PASSWORD), ("display_name", "Grace")];
    let accepted = submit(&api, "/accounts/invitations/accept", &form).await;
    accepted.is(200);
    all_lead_somewhere(&api, &accepted, 2).await;
    // The forgotten password page sends a mail. The link in the mail leads to the reset page.
    all_lead_somewhere(&api, &api.get_root("/accounts/password/forgot").await, 3).await;
    let asked = submit(&api, "/accounts/password/forgot", &[("email", "grace@example.com")]).await;
    asked.is(202);
    all_lead_somewhere(&api, &asked, 3).await;
    let mail = last_of(&acme.service.installation, "grace@example.com", 2).await;
    all_lead_somewhere(&api, &api.get_root(&path_of(&mail.link())).await, 2).await;
}
