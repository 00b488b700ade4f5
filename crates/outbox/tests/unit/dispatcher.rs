//! Delivery of mails.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tessera_kernel::{MailId, Secret};
use tessera_outbox::{
    Attempt, DeliveryOutcome, Dispatcher, Envelope, Mail, MailRefusal, MailSeal as _, Mailer, MailerError, RefusedMail,
    SealedMail,
};
use tessera_testkit::{
    Stores, Workbench, async_trait,
    builders::{self, NOW, mail_id},
    expectations::ok,
    fakes::{FakeMailer, FakeSeal},
};
use time::Duration;

/// The mail with the number, encrypted by the fake seal.
fn sealed(number: u32) -> SealedMail {
    let SealedMail { id, recipient, created_at, expires_at, .. } = builders::mail(number);
    let (text, html) = (Secret::new(String::new()), Secret::new(String::new()));
    let mail = Mail { recipient, subject: format!("Mail {number}"), text, html };
    ok(FakeSeal.seal(Envelope { id, created_at, expires_at }, &mail))
}

/// A bench with the mails 1, 2 and so on, at a time when all are due.
async fn bench_with_mails(count: u32) -> Workbench {
    let bench = Workbench::new();
    bench.stores.add_mails(&(1..=count).map(sealed).collect::<Vec<_>>()).await;
    bench.clock.set(NOW + Duration::HOUR);
    bench
}

fn dispatcher(bench: &Workbench, mailer: Arc<dyn Mailer>) -> Dispatcher {
    Dispatcher { queue: bench.stores.mails.clone(), seal: Arc::new(FakeSeal), mailer, clock: bench.clock.clone() }
}

/// Delivers what is due, and returns the reported attempts.
async fn deliver(bench: &Workbench, mailer: Arc<dyn Mailer>) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    ok(dispatcher(bench, mailer).deliver_due(|| false, |attempt| attempts.push(attempt)).await);
    attempts
}

/// The mails and the numbers of the attempts, all of which must be deliveries.
#[track_caller]
fn delivered(attempts: &[Attempt]) -> Vec<(MailId, u32)> {
    let unexpected = attempts.iter().find(|attempt| !matches!(attempt.outcome, DeliveryOutcome::Delivered));
    assert!(unexpected.is_none(), "{unexpected:?}");
    attempts.iter().map(|attempt| (attempt.mail, attempt.number)).collect()
}

fn sent_ids(mailer: &FakeMailer) -> Vec<MailId> {
    mailer.sent().into_iter().map(|(id, _)| id).collect()
}

fn refused(refusal: MailRefusal) -> MailerError {
    MailerError::Refused { refusal, source: "the server said so".into() }
}

fn unavailable() -> MailerError {
    MailerError::Unavailable("the server is away".into())
}

#[tokio::test]
async fn all_due_mails_are_delivered_once_and_the_oldest_first() {
    // The number of mails exceeds two batches.
    let (bench, mailer) = (bench_with_mails(25).await, Arc::new(FakeMailer::default()));
    let attempts = deliver(&bench, mailer.clone()).await;
    assert_eq!(delivered(&attempts), (1..=25).map(|number| (mail_id(number), 1)).collect::<Vec<_>>());
    assert_eq!(sent_ids(&mailer), (1..=25).map(mail_id).collect::<Vec<_>>());
    assert_eq!(mailer.sent()[24].1.subject, "Mail 25");
    bench.clock.advance(Duration::HOUR);
    assert!(deliver(&bench, mailer.clone()).await.is_empty());
    assert_eq!(mailer.sent().len(), 25);
}

#[tokio::test]
async fn a_mail_is_tried_again_after_a_temporary_failure() {
    let (bench, mailer) = (bench_with_mails(1).await, Arc::new(FakeMailer::default()));
    for (number, seconds) in [(1, 5), (2, 10)] {
        mailer.fail_once(unavailable());
        let attempts = deliver(&bench, mailer.clone()).await;
        let [Attempt { mail, number: tried, outcome: DeliveryOutcome::Rescheduled { wait, cause } }] = &attempts[..]
        else {
            panic!("{attempts:?}")
        };
        assert_eq!((*mail, *tried, *wait), (mail_id(1), number, Duration::seconds(seconds)));
        assert_eq!(cause.to_string(), "the server is away");
        bench.clock.advance(*wait - Duration::microseconds(1));
        assert!(deliver(&bench, mailer.clone()).await.is_empty());
        bench.clock.advance(Duration::microseconds(1));
    }
    assert_eq!(delivered(&deliver(&bench, mailer.clone()).await), [(mail_id(1), 3)]);
}

#[tokio::test]
async fn a_refused_mail_is_not_tried_again_and_delays_no_other() {
    let (bench, mailer) = (bench_with_mails(2).await, Arc::new(FakeMailer::default()));
    mailer.fail_once(refused(MailRefusal::Reply(550)));
    let attempts = deliver(&bench, mailer.clone()).await;
    let outcome = &attempts[0].outcome;
    assert!(matches!(outcome, DeliveryOutcome::Refused(MailRefusal::Reply(550))), "{outcome:?}");
    assert_eq!(delivered(&attempts[1..]), [(mail_id(2), 1)]);
    let record = RefusedMail {
        recipient: builders::mail(1).recipient,
        refusal: MailRefusal::Reply(550),
        at: NOW + Duration::HOUR,
    };
    assert_eq!(ok(bench.stores.mails.find_refused(mail_id(1)).await), Some(record));
    bench.clock.advance(Duration::HOUR);
    assert!(deliver(&bench, mailer).await.is_empty());
}

#[tokio::test]
async fn a_mail_that_cannot_be_decrypted_is_tried_again() {
    let (bench, mailer) = (Workbench::new(), Arc::new(FakeMailer::default()));
    bench.stores.add_mails([&builders::mail(1), &sealed(2)]).await;
    bench.clock.set(NOW + Duration::HOUR);
    let attempts = deliver(&bench, mailer.clone()).await;
    let outcome = &attempts[0].outcome;
    assert!(matches!(outcome, DeliveryOutcome::Rescheduled { .. }), "{outcome:?}");
    assert_eq!(delivered(&attempts[1..]), [(mail_id(2), 1)]);
    assert_eq!(sent_ids(&mailer), [mail_id(2)]);
}

#[tokio::test]
async fn a_stopping_node_releases_the_mails_that_it_has_not_sent() {
    let (bench, mailer) = (bench_with_mails(3).await, Arc::new(FakeMailer::default()));
    let stopping = AtomicBool::new(false);
    let stop_after_the_first = |_| stopping.store(true, Ordering::SeqCst);
    let dispatcher = dispatcher(&bench, mailer.clone());
    ok(dispatcher.deliver_due(|| stopping.load(Ordering::SeqCst), stop_after_the_first).await);
    assert_eq!(sent_ids(&mailer), [mail_id(1)]);
    // Another node can take the others at once.
    assert_eq!(delivered(&deliver(&bench, mailer).await), [(mail_id(2), 2), (mail_id(3), 2)]);
}

/// Cancels each mail while it is being sent. Then it accepts the mail, refuses it or fails.
struct CancellingMailer {
    stores: Stores,
    error: fn() -> Option<MailerError>,
}

#[async_trait]
impl Mailer for CancellingMailer {
    async fn send(&self, id: MailId, _: &Mail) -> Result<(), MailerError> {
        let mut tx = ok(self.stores.orgs.begin().await);
        assert_eq!(ok(tx.outbox().cancel(&[id]).await), 1);
        ok(tx.commit().await);
        (self.error)().map_or(Ok(()), Err)
    }
}

#[tokio::test]
async fn of_a_mail_that_is_cancelled_on_its_way_only_a_delivery_is_reported() {
    let errors: [fn() -> Option<MailerError>; 3] =
        [|| None, || Some(refused(MailRefusal::Unwritable)), || Some(unavailable())];
    for (error, reported) in errors.into_iter().zip([1, 0, 0]) {
        let bench = bench_with_mails(1).await;
        let mailer = Arc::new(CancellingMailer { stores: bench.stores.clone(), error });
        assert_eq!(delivered(&deliver(&bench, mailer.clone()).await).len(), reported);
        bench.clock.advance(Duration::HOUR);
        assert!(deliver(&bench, mailer).await.is_empty());
        assert_eq!(ok(bench.stores.mails.find_refused(mail_id(1)).await), None);
    }
}

#[tokio::test]
async fn expired_mails_are_erased_instead_of_delivered() {
    let (bench, mailer) = (bench_with_mails(2).await, Arc::new(FakeMailer::default()));
    bench.clock.set(sealed(2).expires_at);
    assert!(deliver(&bench, mailer.clone()).await.is_empty());
    let dispatcher = dispatcher(&bench, mailer);
    assert_eq!(ok(dispatcher.erase_expired().await), 2);
    assert_eq!(ok(dispatcher.erase_expired().await), 0);
}
