//! Single sign-on to applications: start and sign-in page.

use std::sync::Arc;

use actix_web::{
    http::{Method, header::HeaderMap},
    test::TestRequest,
};
use serde_json::json;
use tessera_kernel::{SecretHash, StoreClock, StoreError};
use tessera_sso::{
    model::{SsoSession, SsoSessionId},
    ports::{SsoStore, SsoTransaction},
};
use tessera_testkit::{Stores, async_trait, builders::NOW, expectations::some, fakes::MemoryStore};
use time::OffsetDateTime;

use crate::support::{Answer, TestApp, TestReadiness, TestServer, WithCredentials, get, put};

pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const RETURN: &str = "https://game.example/back?x=1";

pub(crate) struct SsoFlow {
    pub(crate) server: TestServer,
    pub(crate) app: String,
}

impl SsoFlow {
    pub(crate) async fn at(url: &str) -> Self {
        Self::on(TestServer::with(MemoryStore::new().stores(), TestReadiness::Ready, url)).await
    }

    pub(crate) async fn on(server: TestServer) -> Self {
        let TestApp { server, token, application: app, .. } = TestApp::on(server).await;
        let change = json!({ "name": "<b>Dungeon & Co</b>", "redirect_uris": [RETURN] });
        server.send(put(&format!("/apps/{app}")).set_json(change).bearer(&token)).await.expecting(200);
        Self { server, app }
    }

    pub(crate) async fn new() -> Self {
        Self::at("http://localhost:8080").await
    }

    /// The query of a valid request, with some parameters replaced, added, or removed (`None`).
    pub(crate) fn query(&self, changes: &[(&str, Option<&str>)]) -> String {
        let mut all = vec![
            ("app_id", Some(self.app.as_str())),
            ("redirect_uri", Some(RETURN)),
            ("state", Some("xyz")),
            ("code_challenge", Some(CHALLENGE)),
            ("code_challenge_method", Some("S256")),
        ];
        all.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        all.extend(changes);
        let encode = |text: &str| text.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"));
        let pairs = all.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", encode(value?))));
        pairs.collect::<Vec<_>>().join("&")
    }

    pub(crate) async fn initiate(&self, changes: &[(&str, Option<&str>)]) -> Answer {
        self.server.send(get(&format!("/sso/web3/initiate?{}", self.query(changes)))).await
    }

    /// The sign-in page as a browser with this cookie gets it.
    pub(crate) async fn page(&self, id: &str, cookie: &str) -> Answer {
        let request = TestRequest::get().uri(&format!("/api/v1/sso/web3/sign-in?session_id={id}"));
        self.server.send(request.insert_header(("Cookie", cookie))).await
    }
}

/// The session id and the cookie from the response.
fn begun(answer: &Answer, prefix: &str) -> (String, String) {
    answer.expecting(302);
    let id = some(some(answer.header("location")).strip_prefix(prefix)).to_owned();
    let cookie = some(some(answer.header("set-cookie")).split(';').next()).to_owned();
    (id, cookie)
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

const PREFIX: &str = "http://localhost:8080/api/v1/sso/web3/sign-in?session_id=";

fn cookies(headers: &HeaderMap) -> usize {
    headers.get_all("set-cookie").count()
}

#[actix_web::test]
async fn a_valid_request_redirects_to_a_url_without_its_parameters() {
    let answer = SsoFlow::new().await.initiate(&[]).await;
    let (id, _) = begun(&answer, PREFIX);
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.body.is_empty());
}

#[actix_web::test]
async fn a_sign_in_on_another_host_is_redirected_to_the_public_one_before_a_cookie_is_set() {
    for (url, public, other) in [
        ("http://localhost:8080", "LOCALHOST:8080", "127.0.0.1:8080"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080", "localhost:8080"),
        ("https://id.example/accounts", "id.example:443", "id.example:8443"),
        ("http://id.example", "id.example:80", "www.id.example"),
    ] {
        let flow = SsoFlow::at(url).await;
        let start = |query: &str, host: &str| {
            let uri = format!("/api/v1/sso/web3/initiate?{query}");
            TestRequest::with_uri(&uri).insert_header(("Host", host.to_owned()))
        };
        let query = flow.query(&[]);
        for request in [start(&query, other), start(&query, other).insert_header(("Accept", "text/html"))] {
            let answer = flow.server.send(request).await;
            answer.expecting(302);
            let location = format!("{url}/api/v1/sso/web3/initiate?{query}&redirected=1");
            assert_eq!((answer.header("location"), cookies(&answer.headers)), (Some(&*location), 0));
        }
        // The second request starts the sign-in, even if a proxy replaces the host.
        for (query, host) in [(query.clone(), public), (format!("{query}&redirected=1"), other)] {
            let answer = flow.server.send(start(&query, host)).await;
            answer.expecting(302);
            assert!(some(answer.header("location")).contains("/sso/web3/sign-in?session_id="));
            assert_eq!(cookies(&answer.headers), 1);
        }
    }
}

#[actix_web::test]
async fn a_head_request_starts_no_sign_in_s118() {
    let store = MemoryStore::new();
    let flow = SsoFlow::on(TestServer::with(store.stores(), TestReadiness::Ready, "http://localhost:8080")).await;
    let request = || TestRequest::with_uri(&format!("/api/v1/sso/web3/initiate?{}", flow.query(&[])));
    for accept in ["*/*", "text/html"] {
        let answer = flow.server.send(request().method(Method::HEAD).insert_header(("Accept", accept))).await;
        answer.expecting(405);
        assert_eq!((answer.header("allow"), answer.header("location")), (Some("GET"), None));
        assert_eq!((cookies(&answer.headers), store.stored_sign_ins()), (0, 0));
    }
    flow.server.send(request()).await.expecting(302);
    assert_eq!(store.stored_sign_ins(), 1);
}

#[actix_web::test]
async fn the_sign_in_cookie_has_strict_attributes_and_a_narrow_path_s52() {
    for (url, name, secure) in
        [("https://id.example", "__Secure-tessera-sso-", "; Secure"), ("http://localhost:8080", "tessera-sso-", "")]
    {
        let answer = SsoFlow::at(url).await.initiate(&[]).await;
        let (id, cookie) = begun(&answer, &format!("{url}/api/v1/sso/web3/sign-in?session_id="));
        let value = some(cookie.strip_prefix(&format!("{name}{id}=")));
        assert!(value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit()), "{value}");
        let attributes = format!("{cookie}; Path=/api/v1/sso/web3; Max-Age=4200; HttpOnly; SameSite=Lax{secure}");
        assert_eq!(answer.header("set-cookie"), Some(attributes.as_str()));
    }
}

#[actix_web::test]
async fn a_redirect_does_not_use_the_host_header_s125() {
    let flow = SsoFlow::new().await;
    let start = |query: &str| {
        let request = get(&format!("/sso/web3/initiate?{query}"));
        request.insert_header(("Host", "evil.example")).insert_header(("X-Forwarded-Host", "evil.example"))
    };
    let redirected = flow.server.send(start(&flow.query(&[]))).await;
    let location = some(redirected.header("location")).to_owned();
    let query = some(location.strip_prefix("http://localhost:8080/api/v1/sso/web3/initiate?"));
    let _from_the_public_url = begun(&flow.server.send(start(query)).await, PREFIX);
}

#[actix_web::test]
async fn an_invalid_request_returns_an_error_and_is_not_redirected_s103() {
    let flow = SsoFlow::new().await;
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    let long = "x".repeat(1025);
    let cases: &[(&str, Option<&str>, &str)] = &[
        ("app_id", None, "invalid_query"),
        ("app_id", Some("1"), "invalid_query"),
        ("app_id", Some(unknown), "unauthorized_client"),
        ("redirect_uri", None, "invalid_query"),
        ("redirect_uri", Some("https://game.example/back"), "redirect_uri_not_registered"),
        ("redirect_uri", Some("https://game.example/back?x=1&y"), "redirect_uri_not_registered"),
        ("redirect_uri", Some("https://evil.example/"), "redirect_uri_not_registered"),
        ("state", None, "invalid_query"),
        ("state", Some(""), "invalid_query"),
        ("state", Some(&long), "invalid_query"),
        ("state", Some("a\r\nSet-Cookie: x=y"), "invalid_query"),
        ("nonce", Some(&long), "invalid_query"),
        ("response_type", Some("token"), "invalid_query"),
        ("response_type", Some("code token"), "invalid_query"),
        ("code_challenge", None, "invalid_query"),
        ("code_challenge", Some("short"), "invalid_query"),
        ("code_challenge_method", None, "invalid_query"),
        ("code_challenge_method", Some("plain"), "invalid_query"),
        ("code_challenge_method", Some("s256"), "invalid_query"),
    ];
    for (name, value, code) in cases {
        let answer = flow.initiate(&[(name, *value)]).await;
        answer.problem(400, code);
        assert_eq!((answer.header("location"), cookies(&answer.headers)), (None, 0), "{name} {value:?}");
    }
}

#[actix_web::test]
async fn duplicate_parameters_are_rejected() {
    let flow = SsoFlow::new().await;
    for name in ["app_id", "redirect_uri", "state", "code_challenge", "code_challenge_method", "nonce"] {
        let query = format!("{}&{name}=a&{name}=a", flow.query(&[]));
        flow.server.send(get(&format!("/sso/web3/initiate?{query}"))).await.problem(400, "invalid_query");
    }
}

#[actix_web::test]
async fn a_browser_receives_the_error_as_a_page() {
    let flow = SsoFlow::new().await;
    let request =
        get(&format!("/sso/web3/initiate?{}", flow.query(&[("redirect_uri", Some("https://evil.example/"))])));
    let answer = flow.server.send(request.insert_header(("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))).await;
    answer.expecting(400);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!((answer.header("vary"), answer.header("location")), (Some("accept"), None));
    let page = text(&answer);
    assert!(page.contains("redirect_uri_not_registered") && !page.contains("evil.example"), "{page}");
    assert!(answer.header("x-request-id").is_some());
}

/// A store in which every operation fails.
struct Gone;

#[async_trait]
impl StoreClock for Gone {
    async fn now(&self) -> Result<OffsetDateTime, StoreError> {
        Ok(NOW)
    }
}

#[async_trait]
impl SsoStore for Gone {
    async fn begin(&self) -> Result<Box<dyn SsoTransaction>, StoreError> {
        Err(StoreError::Unavailable("the disk is on fire".into()))
    }

    async fn find_sso_session(&self, _: SsoSessionId) -> Result<Option<SsoSession>, StoreError> {
        Err(StoreError::Corrupt("sso_sessions.state".into()))
    }

    async fn knows_sso_code(&self, _: &SecretHash) -> Result<bool, StoreError> {
        Err(StoreError::Busy)
    }
}

#[actix_web::test]
async fn a_server_error_page_shows_the_request_id_and_not_the_cause() {
    let stores = Stores { sso: Arc::new(Gone), ..MemoryStore::new().stores() };
    let flow = SsoFlow::on(TestServer::with(stores, TestReadiness::Ready, "http://localhost:8080")).await;
    let start = format!("/api/v1/sso/web3/initiate?{}", flow.query(&[]));
    let id = "0".repeat(32);
    let page = format!("/api/v1/sso/web3/sign-in?session_id={id}");
    for (path, status, title) in [(start, 503, "The service is not available"), (page, 500, "The service failed")] {
        let request = TestRequest::get().uri(&path).insert_header(("Accept", "text/html"));
        let cookie = format!("tessera-sso-{id}={}", "0".repeat(64));
        let answer = flow.server.send(request.insert_header(("Cookie", cookie))).await;
        answer.expecting(status);
        let page = text(&answer);
        assert!(page.contains(title) && page.contains(some(answer.header("x-request-id"))), "{page}");
        assert!(!page.contains("fire") && !page.contains("sso_sessions"), "{page}");
        assert_eq!((answer.header("location"), cookies(&answer.headers)), (None, 0));
    }
    // Clients that do not accept HTML get the problem.
    flow.initiate(&[]).await.problem(503, "unavailable");
}

#[actix_web::test]
async fn the_page_names_the_application_and_the_host_and_escapes_both() {
    let flow = SsoFlow::new().await;
    let (id, cookie) = begun(&flow.initiate(&[]).await, PREFIX);
    let answer = flow.page(&id, &cookie).await;
    answer.expecting(200);
    let page = text(&answer);
    // S123
    assert!(!page.contains("<b>Dungeon"), "{page}");
    assert!(page.contains("Dungeon &#38; Co") && page.contains("game.example"), "{page}");
    assert!(page.contains("data-scene=\"choose\">"), "{page}");
}

#[actix_web::test]
async fn a_browser_without_the_cookie_does_not_see_the_sign_in_s110() {
    let flow = SsoFlow::new().await;
    let (id, cookie) = begun(&flow.initiate(&[]).await, PREFIX);
    let (other_id, other) = begun(&flow.initiate(&[]).await, PREFIX);
    let forged = format!("tessera-sso-{id}={}", "0".repeat(64));
    let borrowed = other.replace(&other_id, &id);
    let doubled = format!("{cookie}; {cookie}");
    for wrong in ["", "tessera-sso=1", &other, &forged, &borrowed, &doubled] {
        let answer = flow.page(&id, wrong).await;
        answer.expecting(404);
        let page = text(&answer);
        assert!(page.contains("This sign-in has expired") && !page.contains("Dungeon"), "{wrong}: {page}");
    }
    flow.page(&id, &format!("a=b; {cookie}; c=d")).await.expecting(200);
}

#[actix_web::test]
async fn two_tabs_are_two_sign_ins_and_both_work() {
    let flow = SsoFlow::new().await;
    let (one, one_cookie) = begun(&flow.initiate(&[]).await, PREFIX);
    let (other, other_cookie) = begun(&flow.initiate(&[]).await, PREFIX);
    let jar = format!("{one_cookie}; {other_cookie}");
    assert_ne!(one, other);
    for id in [one, other] {
        flow.page(&id, &jar).await.expecting(200);
    }
}

#[actix_web::test]
async fn an_invalid_session_id_shows_that_the_sign_in_has_expired() {
    let flow = SsoFlow::new().await;
    for query in ["", "?session_id=", "?session_id=1", "?session_id=a&session_id=b", "?session_id=%ff"] {
        let answer = flow.server.send(TestRequest::get().uri(&format!("/api/v1/sso/web3/sign-in{query}"))).await;
        answer.expecting(404);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(text(&answer).contains("This sign-in has expired"), "{query}");
    }
}

#[actix_web::test]
async fn the_sign_in_pages_send_no_referrer_and_have_a_strict_csp_s114_s120() {
    let flow = SsoFlow::new().await;
    let (id, cookie) = begun(&flow.initiate(&[]).await, PREFIX);
    for answer in [flow.page(&id, &cookie).await, flow.page(&id, "").await] {
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let policy = some(answer.header("content-security-policy"));
        for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        // The link back to the application is the only URL of another site. Nothing is loaded from there.
        let page = text(&answer).replace("<a class=\"button\" href=\"https://game.example\">", "");
        for inline in ["<script>", "<style", "style=", "onclick=", "src=\"http", "href=\"http", "//"] {
            assert!(!page.replace("<!doctype html>", "").contains(inline), "{inline}: {page}");
        }
    }
}

#[actix_web::test]
async fn the_page_contains_the_path_prefix_of_the_proxy() {
    let flow = SsoFlow::at("https://example.com/accounts").await;
    let (id, cookie) =
        begun(&flow.initiate(&[]).await, "https://example.com/accounts/api/v1/sso/web3/sign-in?session_id=");
    let page = text(&flow.page(&id, &cookie).await);
    for part in [
        "\"/accounts/assets/pages.css\"",
        "\"/accounts/assets/mark.svg\"",
        "\"/accounts/assets/sign-in.js\"",
        "\"/accounts/api/v1/sso/web3\"",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[actix_web::test]
async fn the_assets_of_the_page_are_served_locally() {
    let server = TestServer::new();
    for (path, kind) in [
        ("/assets/sign-in.js", "text/javascript; charset=utf-8"),
        ("/assets/pages.css", "text/css; charset=utf-8"),
        ("/assets/mark.svg", "image/svg+xml"),
    ] {
        let answer = server.send(TestRequest::get().uri(path)).await;
        answer.expecting(200);
        assert_eq!(answer.header("content-type"), Some(kind));
        // A namespace is only an identifier; no request is sent to it.
        let text = text(&answer).replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        assert!(!text.contains("http://") && !text.contains("https://"), "{path}");
    }
}
