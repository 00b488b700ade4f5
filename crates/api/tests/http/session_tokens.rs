//! Refresh and reauthentication, with a clock that the tests move.

use serde_json::{Value, json};
use time::Duration;

use crate::support::{PASSWORD, TestServer, WithCredentials, delete, faults, get, post, text};

/// User `ada`, who signs in with a refresh token.
async fn signed_in() -> (TestServer, Value) {
    let server = TestServer::new();
    server.sign_up("ada").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "refresh": true, "device_name": " Laptop "});
    let login = server.send(post("/auth/login").set_json(body)).await.expecting(200);
    (server, login)
}

#[actix_web::test]
async fn an_expired_access_token_is_replaced_by_a_refresh() {
    let (server, login) = signed_in().await;
    server.clock.advance(Duration::minutes(16));
    let expired = server.send(get("/users/me").bearer(&text(&login["token"]))).await.problem(401, "invalid_token");
    assert!(text(&expired["detail"]).contains("expired"), "{expired}");
    let body = json!({"refresh_token": login["refresh_token"], "unknown": 1});
    let refreshed = server.send(post("/auth/refresh").set_json(body)).await.expecting(200);
    server.send(get("/users/me").bearer(&text(&refreshed["token"]))).await.expecting(200);
    assert_ne!(refreshed["refresh_token"], login["refresh_token"]);
}

#[actix_web::test]
async fn a_refresh_token_that_is_not_valid_has_one_response() {
    let (server, login) = signed_in().await;
    let good = text(&login["refresh_token"]);
    let used = json!({ "refresh_token": good });
    server.send(post("/auth/refresh").set_json(&used)).await.expecting(200);
    server.clock.advance(Duration::seconds(10));
    let mut details = Vec::new();
    for token in ["", "rt_", "x", &good.replace("rt_", "ask_"), &good] {
        let answer = server.send(post("/auth/refresh").set_json(json!({ "refresh_token": token }))).await;
        details.push(answer.problem(401, "invalid_refresh_token")["detail"].clone());
    }
    details.dedup();
    assert_eq!(details.len(), 1, "{details:?}");
    for (body, fault) in [(json!({}), "required"), (json!({"refresh_token": 7}), "invalid_type")] {
        let problem = server.send(post("/auth/refresh").set_json(body)).await.problem(400, "invalid_body");
        assert_eq!(faults(&problem), [("/refresh_token".to_owned(), fault.to_owned())]);
    }
}

#[actix_web::test]
async fn the_members_of_a_sign_in_are_checked() {
    let (server, _) = signed_in().await;
    for (member, value, fault) in [
        ("refresh", json!("yes"), "invalid_type"),
        ("device_name", json!(""), "too_short"),
        ("device_name", json!("n".repeat(65)), "too_long"),
    ] {
        let mut body = json!({"email": "ada@example.com", "password": PASSWORD});
        body[member] = value;
        let problem = server.send(post("/auth/login").set_json(body)).await.problem(400, "invalid_body");
        assert_eq!(faults(&problem), [(format!("/{member}"), fault.to_owned())]);
    }
    let absent = json!({"email": "ada@example.com", "password": PASSWORD, "refresh": null, "device_name": null});
    let login = server.send(post("/auth/login").set_json(absent)).await.expecting(200);
    assert_eq!(login["refresh_token"], Value::Null);
}

#[actix_web::test]
async fn a_reauthentication_makes_the_session_recent() {
    let (server, login) = signed_in().await;
    let token = text(&login["token"]);
    server.clock.advance(Duration::minutes(5));
    let wallet = json!({"chain_type": "ethereum", "wallet_address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"});
    let challenge = || post("/users/me/wallets/challenge").set_json(&wallet).bearer(&token);
    server.send(challenge()).await.problem(403, "reauthentication_required");
    let wrong = post("/auth/reauthenticate").set_json(json!({"password": "wrong"})).bearer(&token);
    server.send(wrong).await.problem(401, "invalid_credentials");
    let right = post("/auth/reauthenticate").set_json(json!({ "password": PASSWORD })).bearer(&token);
    let done = server.send(right).await.expecting(200);
    assert!(text(&done["valid_until"]) > text(&done["authenticated_at"]));
    server.send(challenge()).await.expecting(200);
    let sessions = server.send(get("/users/me/sessions").bearer(&token)).await.expecting(200);
    let current = some_current(&sessions);
    assert_eq!(current["authenticated_at"], done["authenticated_at"]);
    assert_ne!(current["authenticated_at"], current["created_at"]);
    assert_eq!((&current["name"], &current["methods"]), (&json!("Laptop"), &json!(["password"])));
}

fn some_current(sessions: &Value) -> &Value {
    let mut all = sessions.as_array().into_iter().flatten();
    tessera_testkit::expectations::some(all.find(|session| session["current"] == true))
}

#[actix_web::test]
async fn all_other_sessions_end_and_the_current_one_continues() {
    let (server, login) = signed_in().await;
    let (token, other) = (text(&login["token"]), server.sign_in("ada").await);
    server.send(delete("/users/me/sessions?keep=all").bearer(&token)).await.problem(400, "invalid_query");
    server.send(delete("/users/me/sessions?keep=current").bearer(&token)).await.expecting(204);
    server.send(get("/users/me").bearer(&other)).await.problem(401, "invalid_token");
    server.send(get("/users/me").bearer(&token)).await.expecting(200);
}
