//! Contract of [`make_room`](tessera_sso::ports::SsoSessions::make_room) and of [`SsoStore::knows_sso_code`].

use std::sync::Arc;

use tessera_kernel::{Network, StoreError};
use tessera_sso::{
    model::{AuthorizationCode, AuthorizationState, SsoSession},
    ports::{SsoBounds, SsoStore},
};
use time::Duration;

use super::world::{self, neighbour_of};
use crate::{
    Harness, Stores,
    builders::{NOW, application_id, sso_challenge, sso_code, sso_session, user_id},
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{ok, some},
};

/// Creates applications 1 and 2.
async fn ready(harness: &impl Harness) -> &Stores {
    world::tenant(harness.stores(), 1).await;
    world::tenant(harness.stores(), 2).await;
    harness.stores()
}

const BOUNDS: SsoBounds = SsoBounds { per_application: 4, per_network: 3 };

fn network(number: u8) -> Network {
    Network::of([192, 0, 2, number].into())
}

/// A session of the application from the network. Each number is created one second after the previous one.
fn session(number: u32, application: u32, from: u8) -> SsoSession {
    let created_at = NOW + Duration::seconds(i64::from(number));
    let expires_at = created_at + Duration::minutes(10);
    SsoSession {
        created_at,
        expires_at,
        network: Some(network(from)),
        ..sso_session(number, application_id(application))
    }
}

async fn begin(store: Arc<dyn SsoStore>, session: SsoSession) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.sso_sessions().insert(&session).await?;
    tx.sso_sessions().make_room(&session, BOUNDS).await?;
    tx.commit().await
}

/// The numbers of the given sessions that still exist.
async fn left(stores: &Stores, sessions: &[SsoSession]) -> Vec<usize> {
    let mut left = Vec::new();
    for (number, session) in (1..).zip(sessions) {
        if ok(stores.sso.find_sso_session(session.id).await).is_some() {
            left.push(number);
        }
    }
    left
}

contract!(
    use sso_bounds as sso_bounds_contract;

    async fn a_session_is_returned_with_its_network(harness: &impl Harness) {
        let stores = ready(harness).await;
        let of_ipv6 = Some(Network::of([0x2001, 0xdb8, 0, 1, 2, 3, 4, 5].into()));
        for (number, network) in [(1, Some(network(7))), (2, of_ipv6), (3, None)] {
            let session = SsoSession { network, ..session(number, 1, 1) };
            ok(begin(stores.sso.clone(), session.clone()).await);
            assert_eq!(ok(stores.sso.find_sso_session(session.id).await), Some(session));
        }
    }

    async fn an_application_keeps_the_sessions_that_have_progressed_most(harness: &impl Harness) {
        let stores = ready(harness).await;
        let challenged = AuthorizationState::Challenged(sso_challenge(1));
        // The first session has a challenge, the second has none, the third has a challenge but has expired.
        let all = [
            SsoSession { step: challenged.clone(), ..session(1, 1, 1) },
            session(2, 1, 2),
            SsoSession { step: challenged, expires_at: NOW + Duration::seconds(4), ..session(3, 1, 3) },
            session(4, 1, 4),
            session(5, 1, 5),
            session(6, 1, 6),
            session(7, 1, 7),
            session(8, 1, 8),
        ];
        let mut kept = Vec::new();
        for session in &all {
            ok(begin(stores.sso.clone(), session.clone()).await);
            kept.push(left(stores, &all).await);
        }
        assert_eq!(kept[3], [1, 2, 3, 4]);
        assert_eq!(kept[4], [1, 2, 4, 5]);
        assert_eq!(kept[5], [1, 4, 5, 6]);
        assert_eq!(kept[7], [1, 6, 7, 8]);
        // Sessions with a challenge are evicted when no others are left, and a new session is always stored.
        let started = |number| SsoSession { step: all[0].step.clone(), ..session(number, 1, 20) };
        let started: Vec<SsoSession> = (9..=12)
            .map(|number| SsoSession {
                network: Some(network(u8::try_from(number).unwrap_or_default())),
                ..started(number)
            })
            .collect();
        for session in &started {
            ok(begin(stores.sso.clone(), session.clone()).await);
        }
        assert_eq!((left(stores, &all).await, left(stores, &started).await), (vec![], vec![1, 2, 3, 4]));
        let new = session(13, 1, 13);
        ok(begin(stores.sso.clone(), new.clone()).await);
        assert_eq!((left(stores, &started).await, left(stores, &[new]).await), (vec![2, 3, 4], vec![1]));
    }

    async fn a_network_is_bounded_over_all_applications(harness: &impl Harness) {
        let stores = ready(harness).await;
        let all = [session(1, 1, 1), session(2, 2, 1), session(3, 1, 2), session(4, 2, 1), session(5, 1, 1)];
        for session in &all {
            ok(begin(stores.sso.clone(), session.clone()).await);
        }
        assert_eq!(left(stores, &all).await, [2, 3, 4, 5]);
        // Sessions without a network count only for the application.
        for number in 6..=8 {
            ok(begin(stores.sso.clone(), SsoSession { network: None, ..session(number, 2, 1) }).await);
        }
        assert_eq!(left(stores, &all).await, [3, 4, 5]);
    }

    async fn completed_sessions_do_not_count(harness: &impl Harness) {
        let stores = ready(harness).await;
        let done = |number| SsoSession { step: AuthorizationState::Completed { at: NOW }, ..session(number, 1, 1) };
        let all: Vec<SsoSession> = (1..=6).map(done).chain((7..=9).map(|number| session(number, 1, 1))).collect();
        for session in &all {
            ok(begin(stores.sso.clone(), session.clone()).await);
        }
        assert_eq!(left(stores, &all).await.len(), 9);
    }

    async fn the_bounds_hold_for_sessions_that_begin_at_once(harness: &impl Harness) {
        let stores = ready(harness).await;
        let by_application: Vec<SsoSession> =
            (0..16).map(|number| session(1 + number, 1, u8::try_from(100 + number).unwrap_or_default())).collect();
        at_once(harness, 16, |number| begin(stores.sso.clone(), by_application[number as usize].clone())).await;
        assert_eq!(left(stores, &by_application).await.len(), BOUNDS.per_application);
        let by_network: Vec<SsoSession> = (0..16).map(|number| session(101 + number, 1 + number % 2, 1)).collect();
        at_once(harness, 16, |number| begin(stores.sso.clone(), by_network[number as usize].clone())).await;
        assert_eq!(left(stores, &by_network).await.len(), BOUNDS.per_network);
        nothing_is_held(harness).await;
    }

    async fn a_code_is_valid_from_its_issue_on(harness: &impl Harness) {
        let stores = ready(harness).await;
        let code = sso_code(1, application_id(1), user_id(1));
        assert!(!ok(stores.sso.knows_sso_code(&code.hash).await));
        stores.add_sso_code(&code).await;
        let mut writer = ok(stores.sso.begin().await);
        assert!(ok(writer.sso_codes().redeem(&code.hash, NOW).await));
        ok(writer.commit().await);
        // SQLite and the memory store allow one writer at a time, and this transaction is it. A read does not wait for it.
        let mut writer = ok(stores.identity.begin().await);
        ok(writer.users().lock(user_id(1)).await);
        assert!(ok(in_time(stores.sso.knows_sso_code(&code.hash)).await));
        assert!(!ok(in_time(stores.sso.knows_sso_code(&sso_code(2, application_id(1), user_id(1)).hash)).await));
    }

    async fn hashes_that_differ_in_their_last_byte_are_two_codes(harness: &impl Harness) {
        let stores = ready(harness).await;
        let one = sso_code(1, application_id(1), user_id(1));
        let other = AuthorizationCode { hash: neighbour_of(one.hash), ..sso_code(2, application_id(1), user_id(1)) };
        stores.add_sso_code(&one).await;
        assert!(!ok(stores.sso.knows_sso_code(&other.hash).await));
        stores.add_sso_code(&other).await;
        let mut tx = ok(stores.sso.begin().await);
        assert!(ok(tx.sso_codes().redeem(&other.hash, NOW).await));
        assert_eq!(some(ok(tx.sso_codes().lock(&one.hash).await)).0, one);
    }
);
