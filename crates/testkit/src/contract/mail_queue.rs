//! Contract of [`MailQueue`], and of the [`Outbox`](tessera_outbox::Outbox) that fills it.

use std::sync::Arc;

use tessera_kernel::{EmailAddress, MailId, StoreError};
use tessera_outbox::{
    MailQueue, MailRefusal, Notice, NoticeTopic, Notices, RefusedMail, SealedMail, TakenMail, WaitingMails,
};
use time::{Duration, OffsetDateTime};

use crate::{
    Harness, Skip, Stores,
    builders::{NOW, mail, mail_id},
    concurrency::{at_once, in_time, nothing_is_held},
    expectations::{conflict, ok, parsed},
};

/// A time after the creation of all mails in these cases.
const LATER: OffsetDateTime = NOW.saturating_add(Duration::hours(1));

async fn take(queue: &dyn MailQueue, now: OffsetDateTime, most: u16) -> Vec<TakenMail> {
    ok(in_time(queue.take(now, now + Duration::minutes(2), most)).await)
}

fn mails(taken: Vec<TakenMail>) -> Vec<SealedMail> {
    taken.into_iter().map(|taken| taken.mail).collect()
}

async fn cancel(stores: &Stores, numbers: &[u32]) -> Result<u64, StoreError> {
    let ids: Vec<MailId> = numbers.iter().copied().map(mail_id).collect();
    let mut tx = stores.orgs.begin().await?;
    let erased = in_time(tx.outbox().cancel(&ids)).await?;
    tx.commit().await?;
    Ok(erased)
}

async fn count(stores: &Stores, topic: NoticeTopic, to: &EmailAddress, now: OffsetDateTime) -> Result<u32, StoreError> {
    let mut tx = stores.orgs.begin().await?;
    let number = in_time(tx.outbox().count_notice(Notice { topic, to, at: now }, Notices::WINDOW)).await?;
    tx.commit().await?;
    Ok(number)
}

contract!(
    use mail_queue as mail_queue_contract;

    async fn a_mail_is_returned_as_stored(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1)]).await;
        let taken = take(&*stores.mails, LATER, 10).await;
        assert_eq!(taken, [TakenMail { mail: mail(1), attempt: 1 }]);
        assert_eq!(taken[0].mail.recipient.as_str(), "Guest1@example.com");
    }

    async fn a_mail_is_due_from_its_delivery_time_on(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1)]).await;
        let at = mail(1).created_at;
        assert_eq!(take(&*stores.mails, at - Duration::microseconds(1), 10).await, []);
        assert_eq!(mails(take(&*stores.mails, at, 10).await), [mail(1)]);
    }

    async fn a_mail_of_a_dropped_transaction_is_not_leased(harness: &impl Harness) {
        let stores = harness.stores();
        let mut tx = ok(stores.orgs.begin().await);
        ok(tx.outbox().add(&mail(1)).await);
        drop(tx);
        assert_eq!(take(&*stores.mails, LATER, 10).await, []);
        nothing_is_held(harness).await;
    }

    async fn a_mail_id_is_unique(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1)]).await;
        let mut tx = ok(stores.orgs.begin().await);
        let added = match tx.outbox().add(&mail(1)).await {
            Ok(()) => tx.commit().await,
            failed => failed,
        };
        conflict(added, "mails_id");
    }

    async fn at_most_the_requested_number_of_mails_is_leased_the_oldest_first(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(3), &mail(1), &mail(2)]).await;
        assert_eq!(mails(take(&*stores.mails, LATER, 2).await), [mail(1), mail(2)]);
        assert_eq!(mails(take(&*stores.mails, LATER, 2).await), [mail(3)]);
        assert_eq!(take(&*stores.mails, LATER, 2).await, []);
    }

    async fn a_leased_mail_is_not_leased_again_until_the_lease_expires(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1)]).await;
        let until = LATER + Duration::minutes(2);
        assert_eq!(take(&*stores.mails, LATER, 10).await.len(), 1);
        assert_eq!(take(&*stores.mails, until - Duration::microseconds(1), 10).await, []);
        assert_eq!(take(&*stores.mails, until, 10).await, [TakenMail { mail: mail(1), attempt: 2 }]);
    }

    async fn mails_wait_until_they_are_delivered_rejected_or_expired(harness: &impl Harness) {
        let stores = harness.stores();
        assert_eq!(ok(stores.mails.count_waiting(LATER).await), WaitingMails::default());
        stores.add_mails([&mail(1), &mail(2), &mail(3)]).await;
        let waiting = |count, number| WaitingMails { count, oldest: Some(mail(number).created_at) };
        // A mail that a node has taken still waits.
        assert_eq!(take(&*stores.mails, LATER, 1).await.len(), 1);
        assert_eq!(ok(stores.mails.count_waiting(LATER).await), waiting(3, 1));
        assert!(ok(stores.mails.delivered(mail_id(1), LATER).await));
        assert!(ok(stores.mails.refuse(mail_id(2), 0, MailRefusal::Unwritable, LATER).await));
        assert_eq!(ok(stores.mails.count_waiting(LATER).await), waiting(1, 3));
        assert_eq!(ok(stores.mails.count_waiting(mail(3).expires_at).await), WaitingMails::default());
    }

    async fn a_delivered_mail_is_not_leased_again(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1), &mail(2)]).await;
        assert_eq!(take(&*stores.mails, LATER, 1).await.len(), 1);
        assert!(ok(stores.mails.delivered(mail_id(1), LATER).await));
        let much_later = LATER + Duration::hours(2);
        assert_eq!(mails(take(&*stores.mails, much_later, 10).await), [mail(2)]);
        assert!(!ok(stores.mails.reschedule(mail_id(1), 1, LATER).await));
        assert_eq!(take(&*stores.mails, much_later, 10).await, []);
    }

    async fn a_mail_is_delivered_once(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1)]).await;
        assert!(ok(stores.mails.delivered(mail_id(1), LATER).await));
        assert!(!ok(stores.mails.delivered(mail_id(1), LATER).await));
        assert!(!ok(stores.mails.delivered(mail_id(9), LATER).await));
    }

    async fn a_rejected_mail_is_erased_and_not_leased_again(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1), &mail(2)]).await;
        assert_eq!(take(&*stores.mails, LATER, 1).await.len(), 1);
        assert_eq!(ok(stores.mails.find_refused(mail_id(1)).await), None);
        assert!(ok(stores.mails.refuse(mail_id(1), 1, MailRefusal::Reply(550), LATER).await));
        let much_later = LATER + Duration::hours(2);
        assert_eq!(mails(take(&*stores.mails, much_later, 10).await), [mail(2)]);
        assert!(!ok(stores.mails.reschedule(mail_id(1), 1, LATER).await));
        assert_eq!(take(&*stores.mails, much_later, 10).await, []);
        let left = RefusedMail { recipient: mail(1).recipient, refusal: MailRefusal::Reply(550), at: LATER };
        assert_eq!(ok(stores.mails.find_refused(mail_id(1)).await), Some(left));
        // Both mails have expired, but only mail 2 still has content.
        assert_eq!(ok(stores.mails.erase_expired(mail(2).expires_at, 10).await), 1);
    }

    async fn a_mail_is_rejected_once(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1), &mail(2)]).await;
        assert_eq!(take(&*stores.mails, LATER, 2).await.len(), 2);
        assert!(ok(stores.mails.refuse(mail_id(1), 1, MailRefusal::Unwritable, NOW).await));
        assert!(!ok(stores.mails.refuse(mail_id(1), 1, MailRefusal::Reply(554), LATER).await));
        assert!(!ok(stores.mails.delivered(mail_id(1), LATER).await));
        let left = RefusedMail { recipient: mail(1).recipient, refusal: MailRefusal::Unwritable, at: NOW };
        assert_eq!(ok(stores.mails.find_refused(mail_id(1)).await), Some(left));
        assert!(ok(stores.mails.delivered(mail_id(2), LATER).await));
        assert!(!ok(stores.mails.refuse(mail_id(2), 1, MailRefusal::Reply(550), LATER).await));
        assert_eq!(ok(stores.mails.find_refused(mail_id(2)).await), None);
        assert!(!ok(stores.mails.refuse(mail_id(9), 1, MailRefusal::Reply(550), LATER).await));
        assert_eq!(ok(stores.mails.find_refused(mail_id(9)).await), None);
    }

    async fn only_the_holder_of_the_lease_rejects_a_mail(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1)]).await;
        assert_eq!(take(&*stores.mails, LATER, 10).await.len(), 1);
        assert_eq!(take(&*stores.mails, LATER + Duration::minutes(3), 10).await.len(), 1);
        assert!(!ok(stores.mails.refuse(mail_id(1), 1, MailRefusal::Reply(550), LATER).await));
        assert_eq!(ok(stores.mails.find_refused(mail_id(1)).await), None);
        assert!(ok(stores.mails.delivered(mail_id(1), LATER).await));
    }

    async fn of_eight_concurrent_ends_of_a_mail_one_counts(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1)]).await;
        assert_eq!(take(&*stores.mails, LATER, 10).await.len(), 1);
        let end = |number: u32| {
            let queue: Arc<dyn MailQueue> = stores.mails.clone();
            async move {
                if number.is_multiple_of(2) {
                    queue.delivered(mail_id(1), LATER).await
                } else {
                    queue.refuse(mail_id(1), 1, MailRefusal::Reply(550), LATER).await
                }
            }
        };
        let ended = at_once(harness, 8, end).await.into_iter().filter(|ended| *ended).count();
        assert_eq!(ended, 1);
    }

    async fn a_rescheduled_mail_is_taken_again(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1)]).await;
        assert_eq!(take(&*stores.mails, LATER, 10).await.len(), 1);
        let until = LATER + Duration::seconds(5);
        assert!(ok(stores.mails.reschedule(mail_id(1), 1, until).await));
        assert_eq!(take(&*stores.mails, until - Duration::microseconds(1), 10).await, []);
        assert_eq!(take(&*stores.mails, until, 10).await, [TakenMail { mail: mail(1), attempt: 2 }]);
    }

    async fn only_the_holder_of_the_lease_reschedules_a_mail(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1)]).await;
        assert_eq!(take(&*stores.mails, LATER, 10).await.len(), 1);
        let second = LATER + Duration::minutes(3);
        assert_eq!(take(&*stores.mails, second, 10).await.len(), 1);
        assert!(!ok(stores.mails.reschedule(mail_id(1), 1, NOW).await));
        assert_eq!(take(&*stores.mails, second, 10).await, []);
        assert!(!ok(stores.mails.reschedule(mail_id(9), 1, NOW).await));
    }

    async fn an_expired_mail_is_not_leased(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1)]).await;
        assert_eq!(take(&*stores.mails, mail(1).expires_at, 10).await, []);
        assert_eq!(take(&*stores.mails, mail(1).expires_at - Duration::microseconds(1), 10).await.len(), 1);
    }

    async fn the_content_of_an_expired_mail_is_erased_once(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1), &mail(2)]).await;
        assert_eq!(ok(stores.mails.erase_expired(LATER, 10).await), 0);
        assert_eq!(ok(stores.mails.erase_expired(mail(1).expires_at, 10).await), 1);
        assert_eq!(ok(stores.mails.erase_expired(mail(1).expires_at, 10).await), 0);
        // An erased mail is not taken, even by a node whose clock is behind.
        assert_eq!(mails(take(&*stores.mails, LATER, 10).await), [mail(2)]);
    }

    async fn of_eight_concurrent_dispatchers_one_leases_each_mail(harness: &impl Harness) {
        let stores = harness.stores();
        let all: Vec<SealedMail> = (1..=40).map(mail).collect();
        stores.add_mails(&all).await;
        let queue = |_| {
            let queue: Arc<dyn MailQueue> = stores.mails.clone();
            async move { Ok(mails(queue.take(LATER, LATER + Duration::minutes(2), 5).await?)) }
        };
        let mut taken = at_once(harness, 8, queue).await.concat();
        // A call may have skipped mails that a concurrent call was taking.
        while taken.len() < all.len() {
            let more = mails(take(&*stores.mails, LATER, 5).await);
            assert!(!more.is_empty(), "a mail was lost");
            taken.extend(more);
        }
        taken.sort_by_key(|mail| mail.id);
        assert_eq!(taken, all);
        assert_eq!(take(&*stores.mails, LATER, 5).await, []);
    }

    async fn a_cancelled_mail_is_not_delivered(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1), &mail(2), &mail(3)]).await;
        assert_eq!(ok(cancel(stores, &[]).await), 0);
        assert_eq!(ok(cancel(stores, &[1, 3, 9]).await), 2);
        assert_eq!(ok(cancel(stores, &[1, 3]).await), 0);
        assert_eq!(mails(take(&*stores.mails, LATER, 10).await), [mail(2)]);
        assert_eq!(ok(stores.mails.erase_expired(mail(3).expires_at, 10).await), 1);
    }

    async fn a_mail_that_has_ended_is_not_cancelled(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1), &mail(2)]).await;
        assert_eq!(take(&*stores.mails, LATER, 10).await.len(), 2);
        assert!(ok(stores.mails.delivered(mail_id(1), LATER).await));
        assert!(ok(stores.mails.refuse(mail_id(2), 1, MailRefusal::Reply(550), LATER).await));
        assert_eq!(ok(cancel(stores, &[1, 2]).await), 0);
        let left = RefusedMail { recipient: mail(2).recipient, refusal: MailRefusal::Reply(550), at: LATER };
        assert_eq!(ok(stores.mails.find_refused(mail_id(2)).await), Some(left));
    }

    async fn a_mail_that_is_cancelled_without_a_commit_stays(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1)]).await;
        let mut tx = ok(stores.orgs.begin().await);
        assert_eq!(ok(tx.outbox().cancel(&[mail_id(1)]).await), 1);
        drop(tx);
        nothing_is_held(harness).await;
        assert_eq!(mails(take(&*stores.mails, LATER, 10).await), [mail(1)]);
    }

    async fn a_mail_that_is_cancelled_during_delivery_ends_without_a_record(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_mails([&mail(1), &mail(2), &mail(3)]).await;
        assert_eq!(take(&*stores.mails, LATER, 10).await.len(), 3);
        assert_eq!(ok(cancel(stores, &[1, 2, 3]).await), 3);
        assert!(!ok(stores.mails.delivered(mail_id(1), LATER).await));
        assert!(!ok(stores.mails.reschedule(mail_id(2), 1, LATER).await));
        assert!(!ok(stores.mails.refuse(mail_id(3), 1, MailRefusal::Reply(550), LATER).await));
        assert_eq!(ok(stores.mails.find_refused(mail_id(3)).await), None);
        assert_eq!(take(&*stores.mails, LATER + Duration::hours(2), 10).await, []);
    }

    async fn concurrent_leasing_and_cancelling_do_not_fail(harness: &impl Harness) {
        let stores = harness.stores();
        let all: Vec<SealedMail> = (1..=40).map(mail).collect();
        stores.add_mails(&all).await;
        let act = |number: u32| {
            let (stores, contention) = (stores.clone(), harness.contention());
            async move {
                if !number.is_multiple_of(2) {
                    return cancel(&stores, &(number * 5 - 4..=number * 5).collect::<Vec<_>>()).await;
                }
                let until = LATER + Duration::minutes(2);
                for mail in contention.settle(|| stores.mails.take(LATER, until, 10)).await? {
                    contention.settle(|| stores.mails.reschedule(mail.mail.id, mail.attempt, LATER)).await?;
                }
                Ok(0)
            }
        };
        let erased: u64 = at_once(harness, 8, act).await.into_iter().sum();
        assert_eq!(erased, 20);
        let mut left: Vec<MailId> =
            take(&*stores.mails, LATER + Duration::hours(1), 40).await.into_iter().map(|taken| taken.mail.id).collect();
        left.sort();
        let odd = |number: &u32| number.div_ceil(5).is_multiple_of(2);
        assert_eq!(left, (1..=40).filter(odd).map(mail_id).collect::<Vec<_>>());
    }

    async fn notices_are_counted_by_topic_and_address(harness: &impl Harness) {
        let stores = harness.stores();
        let (ada, loud, bob) = (parsed("ada@example.com"), parsed("ADA@Example.COM"), parsed("bob@example.com"));
        for (number, to) in [(1, &ada), (2, &loud), (3, &ada)] {
            for topic in NoticeTopic::ALL {
                assert_eq!(ok(count(stores, topic, to, NOW).await), number, "{topic}");
            }
        }
        assert_eq!(ok(count(stores, NoticeTopic::Password, &bob, NOW).await), 1);
    }

    async fn notices_are_counted_again_from_one_after_the_window(harness: &impl Harness) {
        let (stores, to) = (harness.stores(), parsed("ada@example.com"));
        let first = NOW + Duration::HOUR;
        let before = first + Notices::WINDOW - Duration::microseconds(1);
        let anew = first + Notices::WINDOW;
        for (at, number) in
            [(first, 1), (before, 2), (anew, 1), (anew + Duration::MINUTE, 2), (anew + Notices::WINDOW, 1)]
        {
            assert_eq!(ok(count(stores, NoticeTopic::Owners, &to, at).await), number, "{at}");
        }
    }

    async fn a_notice_that_was_not_committed_does_not_count(harness: &impl Harness) {
        let (stores, to) = (harness.stores(), parsed("ada@example.com"));
        for _ in 0..2 {
            let mut tx = ok(stores.orgs.begin().await);
            let notice = Notice { topic: NoticeTopic::Owners, to: &to, at: NOW };
            assert_eq!(ok(tx.outbox().count_notice(notice, Notices::WINDOW).await), 1);
            drop(tx);
            nothing_is_held(harness).await;
        }
        assert_eq!(ok(count(stores, NoticeTopic::Owners, &to, NOW).await), 1);
    }

    async fn of_eight_concurrent_notices_each_has_its_own_number(harness: &impl Harness) {
        let stores = harness.stores();
        let count_one = |_| {
            let stores = stores.clone();
            async move { count(&stores, NoticeTopic::Owners, &parsed("ada@example.com"), NOW).await }
        };
        let mut numbers = at_once(harness, 8, count_one).await;
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    async fn the_result_of_a_delivery_is_durable(harness: &mut impl Harness) -> Result<(), Skip> {
        let stores = harness.stores();
        stores.add_mails([&mail(1), &mail(2), &mail(3)]).await;
        assert_eq!(take(&*stores.mails, LATER, 2).await.len(), 2);
        assert!(ok(stores.mails.delivered(mail_id(1), LATER).await));
        harness.reopen().await?;
        let stores = harness.stores();
        // Mail 2 is still reserved.
        assert_eq!(mails(take(&*stores.mails, LATER, 10).await), [mail(3)]);
        assert!(!ok(stores.mails.delivered(mail_id(1), LATER).await));
        Ok(())
    }
);
