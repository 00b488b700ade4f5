//! The promise of [`MailQueue`](tessera_outbox::MailQueue) about old counts of notices.

use std::sync::Arc;

use tessera_outbox::{Notice, NoticeTopic, Notices};
use time::{Duration, OffsetDateTime};

use crate::{
    Harness, Stores,
    builders::NOW,
    concurrency::{at_once, nothing_is_held},
    expectations::{ok, parsed},
};

const WINDOW: Duration = Notices::WINDOW;

/// Counts a notice and returns how many there are. A window of several centuries shows whether the count was deleted.
async fn count(stores: &Stores, topic: NoticeTopic, email: &str, at: OffsetDateTime) -> u32 {
    let mut tx = ok(stores.orgs.begin().await);
    let notice = Notice { topic, to: &parsed(email), at };
    let counted = ok(tx.outbox().count_notice(notice, WINDOW * 1_000_000).await);
    ok(tx.commit().await);
    counted
}

contract!(
    use notice_counts as notice_counts_contract;

    async fn counts_are_deleted_by_the_start_of_their_window(harness: &impl Harness) {
        let stores = harness.stores();
        let (old, new) = ("old@example.com", "new@example.com");
        count(stores, NoticeTopic::Owners, old, NOW).await;
        count(stores, NoticeTopic::Owners, new, NOW + Duration::SECOND).await;
        assert_eq!(ok(stores.mails.delete_notice_counts(NOW - Duration::SECOND, 10).await), 0);
        assert_eq!(ok(stores.mails.delete_notice_counts(NOW, 10).await), 1);
        let counted =
            [count(stores, NoticeTopic::Owners, old, NOW).await, count(stores, NoticeTopic::Owners, new, NOW).await];
        assert_eq!(counted, [1, 2]);
    }

    async fn counts_of_all_topics_are_deleted_in_steps(harness: &impl Harness) {
        let stores = harness.stores();
        for topic in NoticeTopic::ALL {
            count(stores, topic, "one@example.com", NOW).await;
            count(stores, topic, "two@example.com", NOW).await;
        }
        let most = 5;
        let mut left = 2 * NoticeTopic::ALL.len() as u64;
        while left > 0 {
            let deleted = ok(stores.mails.delete_notice_counts(NOW, most).await);
            assert_eq!(deleted, left.min(most.into()));
            left -= deleted;
        }
        assert_eq!(ok(stores.mails.delete_notice_counts(NOW, most).await), 0);
    }

    async fn concurrent_counting_and_deletion_do_not_fail(harness: &impl Harness) {
        let stores = harness.stores();
        let addresses: Arc<Vec<String>> = Arc::new((0..20).map(|number| format!("user{number}@example.com")).collect());
        for address in addresses.iter() {
            count(stores, NoticeTopic::Owners, address, NOW - WINDOW * 2).await;
        }
        at_once(harness, 8, |number| {
            let (orgs, mails, addresses) = (stores.orgs.clone(), stores.mails.clone(), addresses.clone());
            async move {
                if number.is_multiple_of(2) {
                    return mails.delete_notice_counts(NOW - WINDOW, 10).await.map(|_| ());
                }
                // One transaction that counts for several addresses, as a new owner's notices do.
                let mut tx = orgs.begin().await?;
                for address in addresses.iter() {
                    let notice = Notice { topic: NoticeTopic::Owners, to: &parsed(address), at: NOW };
                    tx.outbox().count_notice(notice, WINDOW).await?;
                }
                tx.commit().await
            }
        })
        .await;
        for address in addresses.iter() {
            assert_eq!(count(stores, NoticeTopic::Owners, address, NOW).await, 5);
        }
        nothing_is_held(harness).await;
    }
);
