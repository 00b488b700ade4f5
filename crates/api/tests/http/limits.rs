//! Problems of requests that a rate limit rejects.

use serde_json::json;
use time::Duration;

use crate::support::{TestServer, WithCredentials, post, text};

#[actix_web::test]
async fn a_rate_limited_response_states_a_wait_within_the_window_s33() {
    let server = TestServer::new();
    let owner = server.sign_up("ada").await;
    let invitations = format!("/orgs/{}/invitations", server.create_org(&owner).await);
    let invitation = json!({ "email": "guest@example.com", "role": "member" });
    let made = server.send(post(&invitations).set_json(&invitation).bearer(&owner)).await.expecting(201);
    let resend = format!("{invitations}/{}/resend", text(&made["id"]));
    for _ in 0..4 {
        server.send(post(&resend).bearer(&owner)).await.expecting(200);
    }
    for (passes, wait) in [
        (Duration::ZERO, "3600"),
        (Duration::MICROSECOND, "3600"),
        (Duration::SECOND, "3599"),
        (Duration::HOUR - Duration::seconds(2) - Duration::MICROSECOND, "1"),
    ] {
        server.clock.advance(passes);
        let refused = server.send(post(&resend).bearer(&owner)).await;
        assert_eq!(refused.problem(429, "rate_limited")["limit"], "invite");
        assert_eq!(refused.header("retry-after"), Some(wait), "{passes}");
        assert_eq!(refused.header("ratelimit-policy"), Some("\"invite\";q=5;w=3600"));
        assert_eq!(refused.header("ratelimit"), Some(format!("\"invite\";r=0;t={wait}").as_str()));
    }
    server.clock.advance(Duration::SECOND);
    // The address has received five mails from this inviter and this organization today.
    let refused = server.send(post(&resend).bearer(&owner)).await;
    assert_eq!(refused.problem(429, "rate_limited")["limit"], "invite-address");
    assert_eq!(refused.header("retry-after"), Some("82800"));
    let other = json!({ "email": "other@example.com", "role": "member" });
    server.send(post(&invitations).set_json(&other).bearer(&owner)).await.expecting(201);
}

#[actix_web::test]
async fn direct_additions_are_limited_before_the_user_is_looked_up() {
    let server = TestServer::new();
    let owner = server.sign_up("ada").await;
    server.sign_up("bob").await;
    let members = format!("/orgs/{}/members", server.create_org(&owner).await);
    let add = async |email: &str| {
        let body = json!({ "email": email, "role": "member" });
        server.send(post(&members).set_json(&body).bearer(&owner)).await
    };
    for _ in 0..30 {
        add("unknown@example.com").await.problem(404, "user_not_found");
    }
    for email in ["bob@example.com", "unknown@example.com"] {
        let refused = add(email).await;
        assert_eq!(refused.problem(429, "rate_limited")["limit"], "add-member");
        assert_eq!(refused.header("ratelimit-policy"), Some("\"add-member\";q=30;w=3600"));
    }
}
