//! Contract of [`Sessions`](tessera_sso::ports::Sessions), with which tokens are exchanged.

use tessera_sso::ports::LiveSession;
use time::Duration;

use crate::{
    Harness,
    builders::{session, session_id, user, user_id},
    expectations::{ok, some},
};

/// Adds user 1 with session 1, which begins now and expires after this time. Returns the expiry.
async fn begun(harness: &impl Harness, lifetime: Duration) -> time::OffsetDateTime {
    let stores = harness.stores();
    stores.add_users(&[user(1), user(2)]).await;
    let now = ok(stores.sso.now().await);
    let mut begun = session(1, user_id(1));
    begun.created_at = now;
    begun.last_used_at = now;
    begun.expires_at = now + lifetime;
    stores.add_session(&begun).await;
    begun.expires_at
}

contract!(
    use live_sessions as live_sessions_contract;

    async fn a_live_session_is_returned_with_its_expiry_and_the_time_of_the_read(harness: &impl Harness) {
        let expires_at = begun(harness, Duration::hours(12)).await;
        let stores = harness.stores();
        let before = ok(stores.sso.now().await);
        let LiveSession { expires_at: found, at } =
            some(ok(stores.live_sessions.find_live_session(user_id(1), session_id(1)).await));
        assert_eq!(found, expires_at);
        assert!(before <= at && at <= ok(stores.sso.now().await), "{before} {at}");
    }

    async fn a_session_is_found_only_for_its_user(harness: &impl Harness) {
        begun(harness, Duration::hours(12)).await;
        let sessions = &harness.stores().live_sessions;
        assert_eq!(ok(sessions.find_live_session(user_id(2), session_id(1)).await), None);
        assert_eq!(ok(sessions.find_live_session(user_id(1), session_id(2)).await), None);
    }

    async fn an_expired_session_is_not_found(harness: &impl Harness) {
        begun(harness, Duration::ZERO).await;
        assert_eq!(ok(harness.stores().live_sessions.find_live_session(user_id(1), session_id(1)).await), None);
    }

    async fn an_ended_session_is_not_found(harness: &impl Harness) {
        begun(harness, Duration::hours(12)).await;
        let stores = harness.stores();
        let now = ok(stores.sso.now().await);
        let mut tx = ok(stores.identity.begin().await);
        assert!(ok(tx.sessions().end(user_id(1), session_id(1), now).await));
        ok(tx.commit().await);
        assert_eq!(ok(stores.live_sessions.find_live_session(user_id(1), session_id(1)).await), None);
    }
);
