//! Notices: mails that tell people what was done to what is theirs, whoever did it.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::{Clock, EmailAddress, Entropy, Mail, MailId, MailSeal, NoticeTopic, Outbox, StoreError};

/// What a notice says beside its news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeContext {
    /// When it was done.
    pub at: OffsetDateTime,
    /// Whether the address gets no more of this topic for a while. It has to be told: silence must not look like peace.
    pub last: bool,
}

/// Writes notices into the outbox.
#[derive(Clone)]
pub struct Notices {
    /// Keeps them unreadable until they are sent.
    pub seal: Arc<dyn MailSeal>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// How many an address gets about one topic within [`Self::WINDOW`]; `None` for as many as there are.
    pub most: Option<u32>,
}

impl Notices {
    /// How many an address gets about one topic unless an operator says otherwise.
    pub const MOST: u32 = 5;

    /// Within which time they are counted, from the first one on.
    pub const WINDOW: Duration = Duration::HOUR;

    /// How long one is worth delivering.
    pub const TTL: Duration = Duration::days(7);

    /// Adds a notice to the outbox of the transaction that it tells of, unless the address has had its last one for now.
    ///
    /// # Errors
    /// Those of storage and of the seal.
    pub async fn tell(
        &self,
        outbox: &mut dyn Outbox,
        topic: NoticeTopic,
        to: &EmailAddress,
        write: impl FnOnce(NoticeContext) -> Mail + Send,
    ) -> Result<(), StoreError> {
        self.tell_within(Self::TTL, false, outbox, topic, to, write).await.map(|_| ())
    }

    /// The same for a mail that expires after `ttl`, returning whether there is one. A `required` mail is counted and
    /// added even if the limit is reached.
    ///
    /// # Errors
    /// Those of storage and of the seal.
    pub async fn tell_within(
        &self,
        ttl: Duration,
        required: bool,
        outbox: &mut dyn Outbox,
        topic: NoticeTopic,
        to: &EmailAddress,
        write: impl FnOnce(NoticeContext) -> Mail + Send,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let number = outbox.count_notice(topic, to, now, Self::WINDOW).await?;
        if !required && self.most.is_some_and(|most| number > most) {
            return Ok(false);
        }
        let mail = write(NoticeContext { at: now, last: self.most.is_some_and(|most| number >= most) });
        let id = MailId::generate(&*self.clock, &*self.entropy);
        outbox.add(&self.seal.seal(id, &mail, now, now + ttl)?).await?;
        Ok(true)
    }
}
