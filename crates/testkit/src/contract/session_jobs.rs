//! The promises of [`SessionJobs`].

use std::sync::Arc;

use tessera_identity::{
    model::{Session, SessionState},
    ports::{IdentityStore, SessionJobs},
};
use tessera_kernel::{PageRequest, SessionId, StoreError};
use time::{Duration, OffsetDateTime};

use crate::{
    Contention, Harness, Skip, Stores,
    builders::{NOW, bare_user, session, session_id, user_id},
    concurrency::{at_once, dropped_after, in_time, nothing_is_held},
    expectations::{ok, some},
};

fn later(seconds: i64) -> OffsetDateTime {
    NOW + Duration::seconds(seconds)
}

async fn find(stores: &Stores, number: u32) -> Option<Session> {
    ok(stores.identity.find_session(session_id(number)).await).map(|known| known.session)
}

async fn add(stores: &Stores, sessions: &[Session]) {
    stores.add_users([&bare_user(1)]).await;
    for session in sessions {
        stores.add_session(session).await;
    }
}

contract!(
    use session_jobs as session_jobs_contract;

    async fn a_use_changes_only_the_time_of_the_last_use(harness: &impl Harness) {
        let stores = harness.stores();
        let ended = Session { state: SessionState::Ended { at: later(3) }, ..session(2, user_id(1)) };
        add(stores, &[session(1, user_id(1)), ended.clone(), session(3, user_id(1))]).await;
        // Session 9 does not exist.
        let uses = [1, 2, 9].map(|number| (session_id(number), later(60)));
        ok(stores.session_jobs.record_uses(&uses).await);
        assert_eq!(find(stores, 1).await, Some(Session { last_used_at: later(60), ..session(1, user_id(1)) }));
        assert_eq!(find(stores, 2).await, Some(Session { last_used_at: later(60), ..ended }));
        assert_eq!(find(stores, 3).await, Some(session(3, user_id(1))));
    }

    async fn an_earlier_use_changes_nothing(harness: &impl Harness) {
        let stores = harness.stores();
        add(stores, &[session(1, user_id(1))]).await;
        for (at, expected) in [(-1, 0), (70, 70), (60, 70), (80, 80)] {
            ok(stores.session_jobs.record_uses(&[(session_id(1), later(at))]).await);
            assert_eq!(some(find(stores, 1).await).last_used_at, later(expected));
        }
    }

    async fn a_batch_of_uses_may_be_empty_or_long(harness: &impl Harness) {
        let stores = harness.stores();
        add(stores, &[session(1, user_id(1)), session(1_000, user_id(1))]).await;
        ok(stores.session_jobs.record_uses(&[]).await);
        // As many as the domain writes at once.
        let uses: Vec<_> = (1..=1_000).map(|number| (session_id(number), later(60))).collect();
        ok(in_time(stores.session_jobs.record_uses(&uses)).await);
        for number in [1, 1_000] {
            assert_eq!(some(find(stores, number).await).last_used_at, later(60));
        }
    }

    async fn a_use_does_not_undo_the_end_of_a_session(harness: &impl Harness) {
        let stores = harness.stores();
        add(stores, &[session(1, user_id(1)), session(2, user_id(1))]).await;
        let mut tx = ok(stores.identity.begin().await);
        assert!(ok(tx.sessions().end(user_id(1), session_id(1), later(1)).await));
        let jobs = stores.session_jobs.clone();
        let uses = [1, 2].map(|number| (session_id(number), later(60)));
        let contention = harness.contention();
        let recording = tokio::spawn(async move { contention.settle(|| jobs.record_uses(&uses)).await });
        let committed = tx.commit().await;
        ok(ok(in_time(recording).await));
        if matches!(committed, Err(StoreError::Busy)) && contention == Contention::IsBusy {
            return;
        }
        ok(committed);
        assert_eq!(some(find(stores, 2).await).last_used_at, later(60));
        assert_eq!(some(find(stores, 1).await).state, SessionState::Ended { at: later(1) });
        nothing_is_held(harness).await;
    }

    async fn uses_and_the_end_of_all_sessions_do_not_block_each_other(harness: &impl Harness) {
        async fn use_or_end(
            jobs: Arc<dyn SessionJobs>,
            store: Arc<dyn IdentityStore>,
            number: u32,
        ) -> Result<(), StoreError> {
            let mut uses: Vec<(SessionId, _)> =
                (1..=20).map(|id| (session_id(id), later(60 + i64::from(number)))).collect();
            if number.is_multiple_of(2) {
                // In the other order than the statement that ends them may take.
                uses.reverse();
                return jobs.record_uses(&uses).await;
            }
            let mut tx = store.begin().await?;
            tx.sessions().end_all(user_id(1), None, later(1)).await?;
            tx.commit().await
        }
        let stores = harness.stores();
        add(stores, &(1..=20).map(|number| session(number, user_id(1))).collect::<Vec<_>>()).await;
        let (jobs, store) = (&stores.session_jobs, &stores.identity);
        at_once(harness, 8, |number| use_or_end(jobs.clone(), store.clone(), number)).await;
        for number in 1..=20 {
            assert_eq!(some(find(stores, number).await).state, SessionState::Ended { at: later(1) });
        }
        nothing_is_held(harness).await;
    }

    async fn a_batch_dropped_at_any_await_is_complete_or_absent(harness: &impl Harness) {
        let stores = harness.stores();
        add(stores, &[1, 2, 3, 4].map(|number| session(number, user_id(1)))).await;
        for waits in 0..24 {
            let at = later(60 + ok(i64::try_from(waits)));
            let uses = [1, 2, 3, 4].map(|number| (session_id(number), at));
            let done = dropped_after(waits, stores.session_jobs.record_uses(&uses)).await.is_some();
            // Sessions that the dropped batch still holds would be skipped.
            nothing_is_held(harness).await;
            let listed = ok(stores.identity.list_live_sessions(user_id(1), NOW, PageRequest::default()).await).items;
            let recorded = listed.iter().filter(|session| session.last_used_at == at).count();
            assert!(recorded == 4 || (recorded == 0 && !done), "after {waits} waits: {recorded}, done {done}");
        }
    }

    async fn recorded_uses_are_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        add(harness.stores(), &[session(1, user_id(1))]).await;
        ok(harness.stores().session_jobs.record_uses(&[(session_id(1), later(60))]).await);
        harness.reopen().await?;
        assert_eq!(some(find(harness.stores(), 1).await).last_used_at, later(60));
        Ok(())
    }
);
