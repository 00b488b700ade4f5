//! Contract of [`SsoStore`] and of [`RelyingParties`](tessera_sso::ports::RelyingParties).

use std::sync::Arc;

use tessera_apps::{
    model::{Application, RedirectUri},
    ports::AppStore,
};
use tessera_kernel::{PageRequest, SecretHash, StoreError};
use tessera_sso::{
    model::{AuthorizationCode, AuthorizationState, RelyingParty, SsoCodeState, SsoRequest, SsoSession, SsoSessionId},
    ports::SsoStore,
};
use time::Duration;

use super::world;
use crate::{
    Harness, Stores,
    builders::{
        NOW, application, application_id, event, organization_id, sso_challenge, sso_code, sso_session, user_id,
    },
    concurrency::{
        at_once, attempts_at_once, end_while_held, in_time, nothing_is_held, one_wins, second_comes_while_first_holds,
    },
    expectations::{conflict, ok, parsed, some},
};

/// Creates application 1 and user 1.
async fn ready(harness: &impl Harness) -> &Stores {
    world::tenant(harness.stores(), 1).await;
    harness.stores()
}

async fn insert(store: Arc<dyn SsoStore>, session: SsoSession) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.sso_sessions().insert(&session).await?;
    tx.commit().await
}

async fn insert_code(store: &dyn SsoStore, code: &AuthorizationCode) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.sso_codes().insert(code).await?;
    tx.commit().await
}

async fn set_step(store: &dyn SsoStore, session: &SsoSession, step: &AuthorizationState) -> bool {
    let mut tx = ok(store.begin().await);
    let known = ok(tx.sso_sessions().set_step(session.id, step).await);
    ok(tx.commit().await);
    known
}

async fn redeem(store: Arc<dyn SsoStore>, code: AuthorizationCode) -> Result<bool, StoreError> {
    let mut tx = store.begin().await?;
    let redeemed = tx.sso_codes().redeem(&code.hash, NOW).await?;
    tx.commit().await?;
    Ok(redeemed)
}

async fn find(store: &dyn SsoStore, session: &SsoSession) -> Option<SsoSession> {
    ok(in_time(store.find_sso_session(session.id)).await)
}

async fn find_code(store: &dyn SsoStore, code: &AuthorizationCode) -> Option<AuthorizationCode> {
    ok(ok(store.begin().await).sso_codes().lock(&code.hash).await).map(|(code, _)| code)
}

/// Locks a code and its application in a transaction of its own.
async fn lock_code(
    store: Arc<dyn SsoStore>,
    hash: SecretHash,
) -> Result<(AuthorizationCode, RelyingParty), StoreError> {
    let mut tx = store.begin().await?;
    let read = some(tx.sso_codes().lock(&hash).await?);
    tx.commit().await?;
    Ok(read)
}

async fn relying_party(stores: &Stores) -> RelyingParty {
    some(ok(stores.relying_parties.find_relying_party(application_id(1)).await))
}

const ELSEWHERE: &str = "https://elsewhere.example/";

contract!(
    use sso_store as sso_store_contract;

    async fn a_relying_party_is_its_application(harness: &impl Harness) {
        let stores = ready(harness).await;
        let party = some(ok(stores.relying_parties.find_relying_party(application_id(1)).await));
        let expected = application(1, organization_id(1));
        assert_eq!((party.application, party.organization), (expected.id, expected.organization_id));
        assert_eq!(party.name, expected.name.to_string());
        let uris: Vec<String> = expected.redirect_uris.iter().map(ToString::to_string).collect();
        assert!(!uris.is_empty());
        assert_eq!(party.redirect_uris, uris);
    }

    async fn an_unknown_application_is_no_relying_party(harness: &impl Harness) {
        assert_eq!(ok(harness.stores().relying_parties.find_relying_party(application_id(1)).await), None);
    }

    async fn a_session_is_returned_as_stored_at_every_step(harness: &impl Harness) {
        let stores = ready(harness).await;
        let done = AuthorizationState::Completed { at: NOW + Duration::microseconds(7) };
        let taken = AuthorizationState::Verifying { message: sso_challenge(1).message };
        for (number, step) in
            (1..).zip([AuthorizationState::Started, AuthorizationState::Challenged(sso_challenge(1)), taken, done])
        {
            let session = SsoSession { step, ..sso_session(number, application_id(1)) };
            stores.add_sso_session(&session).await;
            assert_eq!(find(&*stores.sso, &session).await, Some(session));
        }
    }

    async fn a_session_with_nothing_optional_is_returned_as_stored(harness: &impl Harness) {
        let stores = ready(harness).await;
        let session = sso_session(1, application_id(1));
        let session = SsoSession { request: SsoRequest { nonce: None, ..session.request.clone() }, ..session };
        stores.add_sso_session(&session).await;
        assert_eq!(find(&*stores.sso, &session).await, Some(session));
    }

    async fn an_unknown_session_is_not_found(harness: &impl Harness) {
        let stores = ready(harness).await;
        let session = sso_session(1, application_id(1));
        assert_eq!(find(&*stores.sso, &session).await, None);
        assert_eq!(ok(ok(stores.sso.begin().await).sso_sessions().lock(session.id).await), None);
        assert_eq!(find_code(&*stores.sso, &sso_code(1, application_id(1), user_id(1))).await, None);
    }

    async fn a_session_requires_its_application(harness: &impl Harness) {
        let store = harness.stores().sso.clone();
        conflict(insert(store, sso_session(1, application_id(1))).await, StoreError::REFERENCE);
    }

    async fn a_session_id_is_unique(harness: &impl Harness) {
        let stores = ready(harness).await;
        let session = sso_session(1, application_id(1));
        let attempts = attempts_at_once(harness, 8, |_| insert(stores.sso.clone(), session.clone())).await;
        one_wins(attempts, "sso_sessions_id");
        nothing_is_held(harness).await;
    }

    async fn a_step_replaces_only_the_previous_step(harness: &impl Harness) {
        let stores = ready(harness).await;
        let (one, other) = (sso_session(1, application_id(1)), sso_session(2, application_id(1)));
        stores.add_sso_session(&one).await;
        stores.add_sso_session(&other).await;
        let steps = [
            AuthorizationState::Challenged(sso_challenge(1)),
            AuthorizationState::Challenged(sso_challenge(2)),
            AuthorizationState::Verifying { message: sso_challenge(2).message },
            AuthorizationState::Started,
            AuthorizationState::Completed { at: NOW },
        ];
        for step in steps {
            assert!(set_step(&*stores.sso, &one, &step).await);
            assert_eq!(find(&*stores.sso, &one).await, Some(SsoSession { step, ..one.clone() }));
        }
        assert_eq!(find(&*stores.sso, &other).await, Some(other));
    }

    async fn an_unknown_session_takes_no_step(harness: &impl Harness) {
        let stores = ready(harness).await;
        assert!(!set_step(&*stores.sso, &sso_session(1, application_id(1)), &AuthorizationState::Started).await);
    }

    async fn a_code_is_returned_as_stored(harness: &impl Harness) {
        let stores = ready(harness).await;
        let open = sso_code(1, application_id(1), user_id(1));
        let redeemed = SsoCodeState::Redeemed { at: NOW + Duration::microseconds(7) };
        let redeemed = AuthorizationCode { state: redeemed, nonce: None, ..sso_code(2, application_id(1), user_id(1)) };
        for code in [open, redeemed] {
            stores.add_sso_code(&code).await;
            assert_eq!(find_code(&*stores.sso, &code).await, Some(code));
        }
    }

    async fn a_code_requires_its_application_and_its_user(harness: &impl Harness) {
        let stores = ready(harness).await;
        for code in [sso_code(1, application_id(2), user_id(1)), sso_code(1, application_id(1), user_id(2))] {
            conflict(insert_code(&*stores.sso, &code).await, StoreError::REFERENCE);
        }
    }

    async fn a_code_is_unique(harness: &impl Harness) {
        let stores = ready(harness).await;
        let code = sso_code(1, application_id(1), user_id(1));
        stores.add_sso_code(&code).await;
        conflict(insert_code(&*stores.sso, &code).await, "sso_codes_code_hash");
    }

    async fn a_code_is_redeemed_once(harness: &impl Harness) {
        let stores = ready(harness).await;
        let code = sso_code(1, application_id(1), user_id(1));
        stores.add_sso_code(&code).await;
        assert!(ok(redeem(stores.sso.clone(), code.clone()).await));
        assert!(!ok(redeem(stores.sso.clone(), code.clone()).await));
        let state = SsoCodeState::Redeemed { at: NOW };
        assert_eq!(find_code(&*stores.sso, &code).await, Some(AuthorizationCode { state, ..code }));
    }

    async fn an_unknown_code_is_not_redeemed(harness: &impl Harness) {
        assert!(!ok(redeem(harness.stores().sso.clone(), sso_code(1, application_id(1), user_id(1))).await));
    }

    async fn of_eight_that_redeem_a_code_one_does(harness: &impl Harness) {
        let stores = ready(harness).await;
        let code = sso_code(1, application_id(1), user_id(1));
        stores.add_sso_code(&code).await;
        let redeemed = at_once(harness, 8, |_| redeem(stores.sso.clone(), code.clone())).await;
        assert_eq!(redeemed.into_iter().filter(|redeemed| *redeemed).count(), 1);
    }

    async fn a_second_lock_of_a_session_waits_for_the_first(harness: &impl Harness) {
        async fn read_locked(store: Arc<dyn SsoStore>, id: SsoSessionId) -> Result<AuthorizationState, StoreError> {
            let mut tx = store.begin().await?;
            let read = some(tx.sso_sessions().lock(id).await?).0.step;
            tx.commit().await?;
            Ok(read)
        }
        let stores = ready(harness).await;
        let session = sso_session(1, application_id(1));
        stores.add_sso_session(&session).await;
        let mut first = ok(stores.sso.begin().await);
        some(ok(first.sso_sessions().lock(session.id).await));
        let read = async || find(&*stores.sso, &session).await;
        let (store, id) = (stores.sso.clone(), session.id);
        let second = second_comes_while_first_holds(harness, move || read_locked(store.clone(), id), read).await;
        let completed = AuthorizationState::Completed { at: NOW };
        let first = async {
            first.sso_sessions().set_step(id, &completed).await?;
            first.commit().await
        };
        second.gets(completed.clone(), harness, first).await;
    }

    async fn a_second_lock_of_a_code_waits_for_the_first(harness: &impl Harness) {
        let stores = ready(harness).await;
        let code = sso_code(1, application_id(1), user_id(1));
        stores.add_sso_code(&code).await;
        let mut first = ok(stores.sso.begin().await);
        some(ok(first.sso_codes().lock(&code.hash).await));
        let read = async || ok(stores.identity.find_user(user_id(1)).await);
        let (store, hash) = (stores.sso.clone(), code.hash);
        let second = second_comes_while_first_holds(harness, move || lock_code(store.clone(), hash), read).await;
        let redeemed = SsoCodeState::Redeemed { at: NOW };
        let (expected, party) = (AuthorizationCode { state: redeemed, ..code }, relying_party(stores).await);
        let first = async {
            first.sso_codes().redeem(&hash, NOW).await?;
            first.commit().await
        };
        second.gets((expected, party), harness, first).await;
    }

    async fn a_lock_returns_the_current_application(harness: &impl Harness) {
        let stores = ready(harness).await;
        let (session, code) = (sso_session(1, application_id(1)), sso_code(1, application_id(1), user_id(1)));
        stores.add_sso_session(&session).await;
        stores.add_sso_code(&code).await;
        for uris in [&["https://one.example/", "https://two.example/"][..], &[]] {
            stores.set_redirect_uris(application_id(1), uris).await;
            let party = some(ok(stores.relying_parties.find_relying_party(application_id(1)).await));
            assert_eq!(party.redirect_uris, uris);
            let mut tx = ok(stores.sso.begin().await);
            assert_eq!(ok(tx.sso_sessions().lock(session.id).await), Some((session.clone(), party.clone())));
            assert_eq!(ok(tx.sso_codes().lock(&code.hash).await), Some((code.clone(), party)));
        }
    }

    async fn a_locked_session_or_code_locks_its_application(harness: &impl Harness) {
        async fn move_elsewhere(apps: Arc<dyn AppStore>) -> Result<(), StoreError> {
            let mut tx = apps.begin().await?;
            let application = some(tx.applications().lock(application_id(1)).await?);
            let moved = Application { redirect_uris: ok(vec![parsed(ELSEWHERE)].try_into()), ..application };
            tx.applications().update(&moved).await?;
            tx.commit().await
        }
        let stores = ready(harness).await;
        let (session, code) = (sso_session(1, application_id(1)), sso_code(1, application_id(1), user_id(1)));
        stores.add_sso_session(&session).await;
        stores.add_sso_code(&code).await;
        let before = application(1, organization_id(1)).redirect_uris;
        for of_code in [false, true] {
            let mut tx = ok(stores.sso.begin().await);
            if of_code {
                some(ok(tx.sso_codes().lock(&code.hash).await));
            } else {
                some(ok(tx.sso_sessions().lock(session.id).await));
            }
            let read = async || some(ok(stores.apps.find_application(application_id(1)).await)).redirect_uris;
            let apps = stores.apps.clone();
            let change = second_comes_while_first_holds(harness, move || move_elsewhere(apps.clone()), &read).await;
            let overtaken = read().await != before;
            let in_order = change.after(harness, tx.commit()).await.map(ok).is_some();
            assert!(!(overtaken && in_order), "of_code: {of_code}");
            assert_ne!(read().await, before);
            let uris: Vec<&str> = before.iter().map(RedirectUri::as_str).collect();
            stores.set_redirect_uris(application_id(1), &uris).await;
        }
    }

    async fn a_lock_waits_for_a_change_of_its_application_and_sees_it(harness: &impl Harness) {
        let stores = ready(harness).await;
        let code = sso_code(1, application_id(1), user_id(1));
        stores.add_sso_code(&code).await;
        let mut change = ok(stores.apps.begin().await);
        let mut application = some(ok(change.applications().lock(application_id(1)).await));
        application.redirect_uris = ok(vec![parsed(ELSEWHERE)].try_into());
        assert!(ok(change.applications().update(&application).await));
        let read = async || ok(stores.identity.find_user(user_id(1)).await);
        let (store, hash) = (stores.sso.clone(), code.hash);
        let second = second_comes_while_first_holds(harness, move || lock_code(store.clone(), hash), read).await;
        if let Some(seen) = second.after(harness, change.commit()).await {
            assert_eq!(ok(seen).1.redirect_uris, [ELSEWHERE]);
        }
    }

    async fn the_sign_ins_of_a_deleted_application_are_not_found(harness: &impl Harness) {
        let stores = ready(harness).await;
        world::tenant(stores, 2).await;
        let session = |number| sso_session(number, application_id(number));
        let code = |number| sso_code(number, application_id(number), user_id(1));
        for number in [1, 2] {
            stores.add_sso_session(&session(number)).await;
            stores.add_sso_code(&code(number)).await;
        }
        let mut tx = ok(stores.apps.begin().await);
        assert!(ok(tx.applications().delete(application_id(1)).await));
        ok(tx.commit().await);
        assert_eq!(find(&*stores.sso, &session(1)).await, None);
        assert_eq!(find_code(&*stores.sso, &code(1)).await, None);
        assert_eq!(find(&*stores.sso, &session(2)).await, Some(session(2)));
        assert_eq!(find_code(&*stores.sso, &code(2)).await, Some(code(2)));
    }

    async fn dropped_changes_are_not_visible(harness: &impl Harness) {
        let stores = ready(harness).await;
        let (session, code) = (sso_session(1, application_id(1)), sso_code(1, application_id(1), user_id(1)));
        let mut tx = ok(stores.sso.begin().await);
        ok(tx.sso_sessions().insert(&session).await);
        ok(tx.sso_codes().insert(&code).await);
        ok(tx.events().append(&event(1)).await);
        drop(tx);
        ok(in_time(insert(stores.sso.clone(), session)).await);
        assert_eq!(find_code(&*stores.sso, &code).await, None);
        assert!(ok(stores.audit.list_events(None, PageRequest::default()).await).items.is_empty());
        nothing_is_held(harness).await;
    }

    async fn an_aborted_task_returns_its_connection(harness: &impl Harness) {
        let stores = ready(harness).await;
        let session = sso_session(1, application_id(1));
        stores.add_sso_session(&session).await;
        let (store, id) = (stores.sso.clone(), session.id);
        end_while_held(async move {
            let mut tx = ok(store.begin().await);
            ok(tx.sso_sessions().set_step(id, &AuthorizationState::Completed { at: NOW }).await);
            tx
        })
        .await;
        let step = AuthorizationState::Challenged(sso_challenge(1));
        assert!(in_time(set_step(&*stores.sso, &session, &step)).await);
        assert_eq!(find(&*stores.sso, &session).await, Some(SsoSession { step, ..session }));
        nothing_is_held(harness).await;
    }

    async fn rejected_inserts_hold_no_connection(harness: &impl Harness) {
        let stores = ready(harness).await;
        for _ in 0..64 {
            let refused = in_time(insert(stores.sso.clone(), sso_session(1, application_id(2)))).await;
            conflict(refused, StoreError::REFERENCE);
        }
        nothing_is_held(harness).await;
    }
);
