//! What whoever has reached a limit is told.

use serde_json::json;
use time::Duration;

use crate::support::{WithCredentials, World, post, text};

#[actix_web::test]
async fn s33_throttle_429_says_how_long_to_wait_and_never_longer_than_the_limit_looks_back() {
    let world = World::new();
    let owner = world.sign_up("ada").await;
    let invitations = format!("/orgs/{}/invitations", world.found(&owner).await);
    let invitation = json!({ "email": "guest@example.com", "role": "member" });
    let made = world.send(post(&invitations).set_json(&invitation).bearer(&owner)).await.expecting(201);
    let resend = format!("{invitations}/{}/resend", text(&made["id"]));
    for _ in 0..4 {
        world.send(post(&resend).bearer(&owner)).await.expecting(200);
    }
    for (passes, wait) in [
        (Duration::ZERO, "86400"),
        (Duration::MICROSECOND, "86400"),
        (Duration::SECOND, "86399"),
        (Duration::DAY - Duration::seconds(2) - Duration::MICROSECOND, "1"),
    ] {
        world.clock.advance(passes);
        // A session ends before the day does.
        let owner = if passes > Duration::HOUR { world.sign_in("ada").await } else { owner.clone() };
        let refused = world.send(post(&resend).bearer(&owner)).await;
        refused.problem(429, "too_many_mails");
        assert_eq!(refused.header("retry-after"), Some(wait), "{passes}");
    }
    world.clock.advance(Duration::SECOND);
    let owner = world.sign_in("ada").await;
    world.send(post(&resend).bearer(&owner)).await.expecting(200);
}
