//! A change adds a notice in its transaction, and the dispatcher delivers the mail after the commit.
//!
//! The storage is in memory, and the other ports are fakes.

use std::sync::Arc;

use tessera_kernel::{EmailAddress, Secret};
use tessera_outbox::{DeliveryOutcome, Dispatcher, Mail, NoticeContext, NoticeTopic};
use tessera_testkit::{
    Workbench,
    expectations::{ok, parsed},
    fakes::{FakeMailer, FakeSeal},
};

#[tokio::main]
async fn main() {
    let bench = Workbench::new();
    let recipient: EmailAddress = parsed("ada@example.com");

    let write = |context: NoticeContext| Mail {
        recipient: recipient.clone(),
        subject: format!("Your password was changed at {}", context.at),
        text: Secret::new("If this was not you, reset your password.".to_owned()),
        html: Secret::new("<p>If this was not you, reset your password.</p>".to_owned()),
    };
    let mut tx = ok(bench.stores.orgs.begin().await);
    ok(bench.notices().notify(tx.outbox(), NoticeTopic::Password, &recipient, write).await);
    ok(tx.commit().await);

    // The server runs this in a job, and stops it at shutdown.
    let mailer = Arc::new(FakeMailer::default());
    let (queue, clock) = (bench.stores.mails.clone(), bench.clock.clone());
    let dispatcher = Dispatcher { queue, seal: Arc::new(FakeSeal), mailer: mailer.clone(), clock };
    let mut outcomes = Vec::new();
    ok(dispatcher.deliver_due(|| false, |attempt| outcomes.push(attempt.outcome)).await);
    assert!(matches!(outcomes[..], [DeliveryOutcome::Delivered]));
    assert_eq!(mailer.sent()[0].1.recipient, recipient);
}
