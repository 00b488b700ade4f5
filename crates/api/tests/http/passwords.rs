//! Password reset: request and completion.

use actix_web::test::TestRequest;
use serde_json::{Value, json};
use tessera_outbox::MailSeal as _;
use tessera_testkit::{
    Stores,
    builders::NOW,
    expectations::ok,
    fakes::{FakeSeal, MemoryStore},
};
use time::Duration;

use crate::support::{Answer, PASSWORD, TestReadiness, TestServer, WithCredentials, faults, get, post};

const NEW: &str = "battery staple";
const FORGOT: &str = "/auth/password/forgot";
const RESET: &str = "/auth/password/reset";

struct Reset {
    server: TestServer,
    stores: Stores,
}

impl Reset {
    fn at(url: &str) -> Self {
        let stores = MemoryStore::new().stores();
        Self { server: TestServer::with(stores.clone(), TestReadiness::Ready, url), stores }
    }

    /// A flow with the account of Ada, and the reset token that was sent to her.
    async fn with_a_link(url: &str) -> (Self, String) {
        let flow = Self::at(url);
        flow.server.sign_up("ada").await;
        flow.forgot(json!({ "email": "ada@example.com" })).await.expecting(202);
        let token = flow.answered().await.remove(0);
        (flow, token)
    }

    async fn forgot(&self, body: Value) -> Answer {
        self.server.send(post(FORGOT).set_json(body)).await
    }

    async fn reset(&self, token: &str, password: &str) -> Answer {
        self.server.send(post(RESET).set_json(json!({ "token": token, "new_password": password }))).await
    }

    /// The texts of all mails sent so far, except that of the registration.
    async fn answered(&self) -> Vec<String> {
        ok(self.server.services.identity.process_reset_requests(100).await);
        let taken = ok(self.stores.mails.take(NOW, NOW + Duration::DAY, 100).await);
        let mails = taken.iter().map(|taken| ok(FakeSeal.open(&taken.mail)));
        mails.filter(|mail| mail.subject != "verify").map(|mail| mail.text.expose().clone()).collect()
    }

    async fn login(&self, password: &str) -> Answer {
        let body = json!({ "email": "ada@example.com", "password": password });
        self.server.send(post("/auth/login").set_json(body)).await
    }

    async fn page(&self, token: &str) -> Answer {
        self.server.send(TestRequest::get().uri(&format!("/password/reset?token={token}"))).await
    }
}

fn html(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

#[actix_web::test]
async fn a_reset_request_returns_the_same_for_known_and_unknown_addresses_s19() {
    let flow = Reset::at("http://localhost:8080");
    flow.server.sign_up("ada").await;
    let known = flow.forgot(json!({ "email": "ada@example.com" })).await;
    assert_eq!(known.expecting(202), json!({ "expires_in": 1800 }));
    for email in ["unknown@example.com", "not an address", "", "a@b@c.com", &"x".repeat(5000)] {
        let answer = flow.forgot(json!({ "email": email })).await;
        assert_eq!((answer.status, &answer.body), (known.status, &known.body), "{email}");
        let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&answer), names(&known), "{email}");
    }
    assert_eq!(flow.answered().await.len(), 1);
}

#[actix_web::test]
async fn an_invalid_body_returns_field_errors() {
    let flow = Reset::at("http://localhost:8080");
    for (body, code) in [(json!({}), "required"), (json!({ "email": 1 }), "invalid_type"), (json!([]), "invalid_type")]
    {
        let problem = flow.forgot(body).await.problem(400, "invalid_body");
        assert_eq!(faults(&problem)[0].1, code, "{problem}");
    }
    let problem = flow.server.send(post(RESET).set_json(json!({ "new_password": "short" }))).await;
    let pointers: Vec<_> =
        faults(&problem.problem(400, "invalid_body")).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/token", "/new_password"]);
    flow.server.send(post(FORGOT).set_payload("email=a")).await.problem(415, "unsupported_media_type");
}

#[actix_web::test]
async fn a_reset_token_sets_one_password_and_creates_no_session() {
    let (flow, token) = Reset::with_a_link("http://localhost:8080").await;
    let session = crate::support::text(&flow.login(PASSWORD).await.expecting(200)["token"]);
    for (password, code) in [("password123", "weak_password"), ("ninechars", "too_short"), ("short", "too_short")] {
        let problem = flow.reset(&token, password).await.problem(400, "invalid_body");
        assert_eq!(faults(&problem), [("/new_password".to_owned(), code.to_owned())]);
    }
    flow.server.send(get("/users/me").bearer(&session)).await.expecting(200);
    let done = flow.reset(&token, NEW).await;
    done.expecting(204);
    assert!(done.body.is_empty() && done.header("set-cookie").is_none());
    flow.server.send(get("/users/me").bearer(&session)).await.problem(401, "invalid_token");
    flow.login(PASSWORD).await.problem(401, "invalid_credentials");
    flow.login(NEW).await.expecting(200);
    let used = flow.reset(&token, NEW).await.problem(400, "invalid_reset_token");
    for unknown in ["none", "", &"A".repeat(43), &token[1..]] {
        let problem = flow.reset(unknown, NEW).await.problem(400, "invalid_reset_token");
        assert_eq!(problem["detail"], used["detail"]);
    }
}

#[actix_web::test]
async fn a_busy_response_does_not_use_the_reset_token() {
    let (flow, token) = Reset::with_a_link("http://localhost:8080").await;
    flow.server.hasher.become_busy();
    let answer = flow.reset(&token, NEW).await;
    answer.problem(503, "busy");
    assert!(answer.header("retry-after").is_some());
    flow.page(&token).await.expecting(200);
}

#[actix_web::test]
async fn the_reset_page_contains_the_path_prefix_of_the_proxy() {
    for (url, prefix) in [("http://localhost:8080", ""), ("https://example.com/accounts/", "/accounts")] {
        let (flow, token) = Reset::with_a_link(url).await;
        let page = flow.page(&token).await;
        page.expecting(200);
        let html = html(&page);
        for part in [
            format!("action=\"{prefix}/password/reset\""),
            format!("href=\"{prefix}/assets/pages.css\""),
            format!("name=\"token\" value=\"{token}\""),
            "type=\"password\" required spellcheck=\"false\" autocapitalize=\"none\" autocorrect=\"off\" autocomplete=\"new-password\""
                .to_owned(),
            "ada@example.com".to_owned(),
        ] {
            assert!(html.contains(&part), "{part} in {html}");
        }
    }
}

#[actix_web::test]
async fn the_forgot_page_contains_the_path_prefix_of_the_proxy() {
    for (url, prefix) in [("http://localhost:8080", ""), ("https://example.com/accounts/", "/accounts")] {
        let flow = Reset::at(url);
        let form = flow.server.send(TestRequest::get().uri("/password/forgot")).await;
        form.expecting(200);
        assert!(html(&form).contains(&format!("action=\"{prefix}/password/forgot\"")), "{}", html(&form));
        let over = flow.page("none").await;
        over.expecting(400);
        let way = format!("<a href=\"{prefix}/password/forgot\">Ask for a new link</a>");
        assert!(html(&over).contains(&way), "{}", html(&over));
    }
}

#[actix_web::test]
async fn a_busy_reset_page_returns_retry_after() {
    let (flow, token) = Reset::with_a_link("http://localhost:8080").await;
    flow.server.hasher.become_busy();
    let form = TestRequest::post().uri("/password/reset").insert_header(("Sec-Fetch-Site", "same-origin"));
    let form = form.insert_header(("Content-Type", "application/x-www-form-urlencoded"));
    let answer = flow.server.send(form.set_payload(format!("token={token}&password=battery+staple"))).await;
    answer.expecting(503);
    assert!(answer.header("retry-after").is_some() && html(&answer).contains("try again"), "{}", html(&answer));
}

#[actix_web::test]
async fn the_reset_page_has_the_rule_in_force_and_marks_the_invalid_field() {
    let (flow, token) = Reset::with_a_link("http://localhost:8080").await;
    let page = html(&flow.page(&token).await);
    assert!(page.contains("aria-describedby=\"password-rule\">"), "{page}");
    // The service of these tests requires 10 characters.
    assert!(page.contains("id=\"password-rule\">10 to 128 characters."), "{page}");
    assert!(!page.contains("aria-invalid") && !page.contains("autofocus"), "{page}");
    let form = TestRequest::post().uri("/password/reset").insert_header(("Sec-Fetch-Site", "same-origin"));
    let form = form.insert_header(("Content-Type", "application/x-www-form-urlencoded"));
    let answer = flow.server.send(form.set_payload(format!("token={token}&password=ninechars"))).await;
    answer.expecting(400);
    let page = html(&answer);
    for part in [
        "<div class=\"faults\" id=\"password-errors\" role=\"alert\">",
        "must have at least 10 characters",
        "aria-describedby=\"password-errors password-rule\" aria-invalid=\"true\" autofocus>",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}
