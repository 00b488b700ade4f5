//! Notices: mails about security-relevant changes to an account or an organization.

use std::sync::Arc;

use tessera_kernel::{EmailAddress, MailId, StoreError, SystemPorts, limit};
use time::{Duration, OffsetDateTime};

use crate::{Envelope, Mail, MailSeal, Notice, NoticeTopic, Outbox};

/// What a notice contains besides the change itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeContext {
    /// When the change was made.
    pub at: OffsetDateTime,
    /// Whether this is the last notice of the topic to the address for some time. The text must say so, so that the
    /// recipient does not take the missing notices for missing changes.
    pub last: bool,
}

/// Writes notices into the outbox.
#[derive(Clone)]
pub struct Notices {
    /// Encrypts the notices while they are stored.
    pub seal: Arc<dyn MailSeal>,
    /// The clock of the node, and the source of random bytes.
    pub system: SystemPorts,
    /// The maximum number of notices per address and topic within the window. `None` means no maximum. With 0, no
    /// notice is written; required mails, such as those of a password reset, still are.
    pub most: Option<u32>,
    /// The length of the window in which notices are counted. It starts with the first notice.
    pub window: Duration,
}

impl Notices {
    /// The default maximum per address and topic.
    pub const MOST: u32 = limit::NOTICE.quota;

    /// The default length of the window.
    pub const WINDOW: Duration = limit::NOTICE.window;

    /// For how long a notice stays deliverable.
    pub const TTL: Duration = Duration::days(7);

    /// Adds a notice to the outbox in the transaction of the change, unless the maximum for the address is reached.
    ///
    /// # Errors
    /// Storage or encryption failed.
    pub async fn notify(
        &self,
        outbox: &mut dyn Outbox,
        topic: NoticeTopic,
        to: &EmailAddress,
        write: impl FnOnce(NoticeContext) -> Mail + Send,
    ) -> Result<(), StoreError> {
        self.notify_within(Self::TTL, false, outbox, topic, to, write).await.map(|_| ())
    }

    /// Adds a mail that the caller has limited, with an expiry after `ttl`.
    ///
    /// # Errors
    /// Storage or encryption failed.
    pub async fn deliver(&self, ttl: Duration, outbox: &mut dyn Outbox, mail: &Mail) -> Result<(), StoreError> {
        let now = self.system.now();
        let envelope = Envelope { id: MailId::generate(&self.system), created_at: now, expires_at: now + ttl };
        outbox.add(&self.seal.seal(envelope, mail)?).await
    }

    /// Adds a mail like [`Self::notify`], but with an expiry after `ttl`. Returns whether the mail was added. A
    /// `required` mail is counted, and added even if the maximum is reached.
    ///
    /// # Errors
    /// Storage or encryption failed.
    pub async fn notify_within(
        &self,
        ttl: Duration,
        required: bool,
        outbox: &mut dyn Outbox,
        topic: NoticeTopic,
        to: &EmailAddress,
        write: impl FnOnce(NoticeContext) -> Mail + Send,
    ) -> Result<bool, StoreError> {
        if !required && self.most == Some(0) {
            return Ok(false);
        }
        let now = self.system.now();
        let number = outbox.count_notice(Notice { topic, to, at: now }, self.window).await?;
        if !required && self.most.is_some_and(|most| number > most) {
            return Ok(false);
        }
        let mail = write(NoticeContext { at: now, last: self.most.is_some_and(|most| number >= most) });
        let envelope = Envelope { id: MailId::generate(&self.system), created_at: now, expires_at: now + ttl };
        outbox.add(&self.seal.seal(envelope, &mail)?).await?;
        Ok(true)
    }
}
