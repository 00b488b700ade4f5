//! Notices and their maximum per address and topic.

use tessera_kernel::{Clock as _, EmailAddress, Secret};
use tessera_outbox::{Mail, NoticeContext, NoticeTopic, Notices};
use tessera_testkit::{
    Workbench,
    expectations::{ok, parsed},
};
use time::Duration;

fn ada() -> EmailAddress {
    parsed("ada@example.com")
}

/// The mail of a notice. The subject is `last` or `news`.
fn written(context: NoticeContext) -> Mail {
    let (text, html) = (Secret::new(String::new()), Secret::new(String::new()));
    Mail { recipient: ada(), subject: if context.last { "last" } else { "news" }.to_owned(), text, html }
}

async fn notify(bench: &Workbench, notices: &Notices, topic: NoticeTopic) {
    let mut tx = ok(bench.stores.orgs.begin().await);
    ok(notices.notify(tx.outbox(), topic, &ada(), written).await);
    ok(tx.commit().await);
}

/// The subjects of all mails.
async fn subjects(bench: &Workbench) -> Vec<String> {
    bench.mails().await.into_iter().map(|mail| mail.subject).collect()
}

#[tokio::test]
async fn a_topic_has_a_maximum_per_window_and_its_last_notice_says_so() {
    let bench = Workbench::new();
    let notices = Notices { most: Some(2), ..bench.notices() };
    for _ in 0..4 {
        notify(&bench, &notices, NoticeTopic::Owners).await;
    }
    notify(&bench, &notices, NoticeTopic::Password).await;
    bench.clock.advance(Notices::WINDOW);
    notify(&bench, &notices, NoticeTopic::Owners).await;
    assert_eq!(subjects(&bench).await, ["news", "last", "news", "news"]);
}

#[tokio::test]
async fn a_required_notice_is_counted_and_added_beyond_the_maximum() {
    let bench = Workbench::new();
    let (notices, to) = (Notices { most: Some(1), ..bench.notices() }, ada());
    for (required, added) in [(true, true), (false, false), (true, true)] {
        let mut tx = ok(bench.stores.orgs.begin().await);
        let outbox = tx.outbox();
        let notified = notices.notify_within(Duration::HOUR, required, outbox, NoticeTopic::Owners, &to, written).await;
        assert_eq!(ok(notified), added);
        ok(tx.commit().await);
    }
    assert_eq!(subjects(&bench).await, ["last", "last"]);
}

#[tokio::test]
async fn without_a_maximum_no_notice_is_the_last() {
    let bench = Workbench::new();
    let notices = Notices { most: None, ..bench.notices() };
    for _ in 0..=Notices::MOST {
        notify(&bench, &notices, NoticeTopic::Owners).await;
    }
    assert_eq!(subjects(&bench).await, ["news"; 6]);
}

#[tokio::test]
async fn a_notice_expires_after_its_ttl() {
    let bench = Workbench::new();
    notify(&bench, &bench.notices(), NoticeTopic::Owners).await;
    let taken = ok(bench.stores.mails.take(bench.clock.now(), bench.clock.now() + Duration::MINUTE, 9).await);
    assert_eq!(taken[0].mail.expires_at, bench.clock.now() + Notices::TTL);
}

#[tokio::test]
async fn a_maximum_of_0_writes_only_required_notices() {
    let bench = Workbench::new();
    let notices = Notices { most: Some(0), ..bench.notices() };
    notify(&bench, &notices, NoticeTopic::Owners).await;
    assert!(subjects(&bench).await.is_empty());
    let (mut tx, to) = (ok(bench.stores.orgs.begin().await), ada());
    let notified = notices.notify_within(Duration::HOUR, true, tx.outbox(), NoticeTopic::Owners, &to, written).await;
    assert!(ok(notified));
    ok(tx.commit().await);
    assert_eq!(subjects(&bench).await.len(), 1);
}
