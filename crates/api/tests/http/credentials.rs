//! Credentials: which callers are admitted, and how others are rejected.

use actix_web::test::TestRequest;
use serde_json::json;
use time::Duration;

use crate::support::{Answer, TestApp, TestServer, WithCredentials, delete, get, post, text};

struct Actors {
    server: TestServer,
    token: String,
    application: String,
    key: String,
}

impl Actors {
    async fn new() -> Self {
        let TestApp { server, token, application, .. } = TestApp::new().await;
        let key = server.key(&token, &application).await;
        Self { server, token, application, key }
    }

    fn inventory(&self) -> TestRequest {
        get(&format!("/apps/{}/inventory", self.application))
    }

    async fn authorized(&self, value: &str) -> Answer {
        self.server.send(self.inventory().insert_header(("Authorization", value))).await
    }
}

#[actix_web::test]
async fn without_a_credential_there_is_a_plain_challenge() {
    let cast = Actors::new().await;
    let user = "this operation requires a user; send Authorization: Bearer <access token>";
    let caller =
        "this operation requires a credential; send Authorization: Bearer <access token>, or X-API-Key: <API key>";
    for (request, detail) in [(get("/users/me"), user), (cast.inventory(), caller)] {
        let answer = cast.server.send(request).await;
        assert_eq!(answer.problem(401, "authentication_required")["detail"], detail);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
}

#[actix_web::test]
async fn every_way_to_present_a_good_credential_works() {
    let cast = Actors::new().await;
    let (token, key) = (&cast.token, &cast.key);
    for value in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER {key}"),
        format!("Bearer  {token}"),
        format!("Bearer    {key}"),
        format!(" Bearer {token}\t "),
    ] {
        cast.authorized(&value).await.expecting(200);
    }
    for value in [key.clone(), format!(" {key}\t")] {
        cast.server.send(cast.inventory().api_key(&value)).await.expecting(200);
    }
    cast.server.send(cast.inventory().bearer(token).api_key(key)).await.expecting(200);
    cast.server.send(cast.inventory().bearer(key).api_key(key)).await.expecting(200);
}

#[actix_web::test]
async fn a_bad_credential_is_named_as_such() {
    let cast = Actors::new().await;
    let (token, key) = (&cast.token, &cast.key);
    let bad = [
        format!("Bearer {token}x"),
        format!("Bearer\t{token}"),
        format!("Bearer \t{token}"),
        format!("Bearer {}", key.to_uppercase()),
        format!("Basic {token}"),
        format!("Bearer {token} {token}"),
        token.clone(),
        "Bearer ".to_owned(),
        "Bearer".to_owned(),
        String::new(),
        format!("Bearer {}", "x".repeat(9_000)),
    ];
    for value in bad {
        let answer = cast.authorized(&value).await;
        let detail = text(&answer.problem(401, "invalid_token")["detail"]);
        assert!(detail.contains("the header Authorization"), "{detail}");
        assert!(!detail.contains(token) && !detail.contains(key), "{detail}");
        let challenge = format!("Bearer error=\"invalid_token\", error_description=\"{detail}\"");
        assert_eq!(answer.header("www-authenticate"), Some(challenge.as_str()));
    }
    let header = ("Authorization", format!("Bearer {token}"));
    let twice = cast.inventory().append_header(header.clone()).append_header(header);
    cast.server.send(twice).await.problem(401, "invalid_token");
}

#[actix_web::test]
async fn a_good_credential_does_not_outweigh_a_bad_one() {
    let cast = Actors::new().await;
    let (token, key) = (&cast.token, &cast.key);
    let other = cast.server.key(token, &cast.application).await;
    for (bearer, api_key) in [(token.as_str(), "ask_bad"), ("bad", key), (token, ""), (key, &other), (token, token)] {
        let request = cast.inventory().bearer(bearer).api_key(api_key);
        cast.server.send(request).await.problem(401, "invalid_token");
    }
}

#[actix_web::test]
async fn a_key_is_no_user() {
    let cast = Actors::new().await;
    for request in [get("/users/me"), get("/orgs/not-an-id/settings"), post("/auth/logout")] {
        cast.server.send(request.api_key(&cast.key)).await.problem(403, "user_token_required");
    }
    let members = get("/orgs/not-an-id/members").api_key(&cast.key);
    cast.server.send(members).await.problem(403, "organization_key_required");
    // With both a user token and a key, the user is the actor.
    let both = get("/users/me").bearer(&cast.token).api_key(&cast.key);
    assert_eq!(cast.server.send(both).await.expecting(200)["display_name"], "ada");
}

#[actix_web::test]
async fn a_key_works_in_its_own_application_only() {
    let cast = Actors::new().await;
    let organization = cast.server.create_org(&cast.token).await;
    let other = cast.server.launch(&cast.token, &organization).await;
    let request = get(&format!("/apps/{other}/inventory")).api_key(&cast.key);
    cast.server.send(request).await.problem(404, "application_not_found");
}

#[actix_web::test]
async fn who_is_asked_comes_before_what() {
    let server = TestServer::new();
    let large = "x".repeat(2 * 1024 * 1024);
    let requests = [
        post("/orgs").insert_header(("Content-Type", "application/json")).set_payload("{"),
        post("/orgs").insert_header(("Content-Type", "text/plain")).set_payload("x"),
        post("/orgs").insert_header(("Content-Type", "application/json")).set_payload(large),
        get("/orgs/not-an-id"),
        get("/orgs/not-an-id/members?limit=0"),
    ];
    for request in requests {
        server.send(request).await.problem(401, "authentication_required");
    }
}

#[actix_web::test]
async fn what_is_asked_comes_before_whether_it_is_there() {
    let cast = Actors::new().await;
    let unknown = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e";
    let request = post(&format!("/orgs/{unknown}/apps")).set_json(json!({})).bearer(&cast.token);
    cast.server.send(request).await.problem(400, "invalid_body");
    let request = post(&format!("/orgs/{unknown}/apps")).set_json(json!({ "name": "x" })).bearer(&cast.token);
    cast.server.send(request).await.problem(404, "organization_not_found");
}

#[actix_web::test]
async fn public_operations_do_not_look_at_credentials() {
    let server = TestServer::new();
    let request = post("/apikeys/verify").set_json(json!({ "key": "x" })).bearer("bad").api_key("bad");
    server.send(request).await.expecting(200);
    server.send(TestRequest::get().uri("/health/live").insert_header(("Authorization", "x"))).await.expecting(200);
}

#[actix_web::test]
async fn after_a_logout_the_token_is_worth_nothing() {
    let server = TestServer::new();
    let token = server.sign_up("ada").await;
    let answer = server.send(post("/auth/logout").bearer(&token)).await;
    answer.expecting(204);
    assert!(answer.body.is_empty());
    for request in [post("/auth/logout"), get("/users/me")] {
        server.send(request.bearer(&token)).await.problem(401, "invalid_token");
    }
}

/// The detail names the header and the kind of the invalid credential, and why it is invalid.
#[actix_web::test]
async fn an_invalid_credential_is_named() {
    let cast = Actors::new().await;
    let Actors { server, token, application, key } = &cast;
    let revoked = server.send(get(&format!("/apps/{application}/apikeys")).bearer(token)).await.expecting(200);
    let revoked = text(&revoked[0]["id"]);
    server.send(delete(&format!("/apikeys/{revoked}")).bearer(token)).await.expecting(204);
    let valid = server.key(token, application).await;
    let other = server.key(token, application).await;
    let two_tokens = cast.inventory().append_header(("Authorization", "Bearer x"));
    for (request, detail) in [
        (cast.inventory().api_key(key), "the API key in the header X-API-Key is revoked"),
        (cast.inventory().bearer(key), "the API key in the header Authorization is revoked"),
        (cast.inventory().api_key("ask_x"), "the API key in the header X-API-Key is malformed"),
        (cast.inventory().api_key(token), "the API key in the header X-API-Key is malformed"),
        (cast.inventory().bearer("x"), "the access token in the header Authorization is malformed, or"),
        (cast.inventory().bearer(&valid).api_key(&other), "have two different API keys"),
        (two_tokens.append_header(("Authorization", "Bearer y")), "the header Authorization occurs more than once"),
        (cast.inventory().insert_header(("Authorization", "Basic x")), "must have the form Bearer <access token> or"),
    ] {
        let problem = server.send(request).await.problem(401, "invalid_token");
        assert!(text(&problem["detail"]).contains(detail), "{problem}");
    }
}

#[actix_web::test]
async fn an_expired_token_and_an_ended_session_have_different_details() {
    let Actors { server, token, .. } = Actors::new().await;
    let other = server.sign_in("ada").await;
    server.send(post("/auth/logout").bearer(&other)).await.expecting(204);
    let problem = server.send(get("/users/me").bearer(&other)).await.problem(401, "invalid_token");
    assert!(text(&problem["detail"]).contains("its session has ended; sign in again"), "{problem}");
    server.clock.advance(Duration::hours(13));
    let problem = server.send(get("/users/me").bearer(&token)).await.problem(401, "invalid_token");
    let detail = "the access token in the header Authorization has expired; sign in again";
    assert_eq!(problem["detail"], detail);
}
