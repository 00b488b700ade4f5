//! The outbox.

use async_trait::async_trait;
use tessera_kernel::{MailId, StoreError};
use tessera_outbox::{MailQueue, MailRefusal, Notice, Outbox, RefusedMail, SealedMail, TakenMail};
use time::{Duration, OffsetDateTime};

use super::{rows::StoredMail, state::unless, store::MemoryStore, transaction::MemoryTransaction};

#[async_trait]
impl Outbox for MemoryTransaction {
    async fn add(&mut self, mail: &SealedMail) -> Result<(), StoreError> {
        unless(self.state.mails.contains_key(&mail.id), "mails_id")?;
        let due_at = mail.created_at;
        let stored = StoredMail { mail: mail.clone(), attempts: 0, due_at, delivered: false, refused: None };
        self.state.mails.insert(mail.id, stored);
        Ok(())
    }

    async fn cancel(&mut self, mails: &[MailId]) -> Result<u64, StoreError> {
        let before = self.state.mails.len();
        self.state.mails.retain(|id, known| known.ended() || !mails.contains(id));
        Ok(u64::try_from(before - self.state.mails.len()).unwrap_or(u64::MAX))
    }

    async fn count_notice(&mut self, notice: Notice<'_>, window: Duration) -> Result<u32, StoreError> {
        let Notice { topic, to, at } = notice;
        let count = self.state.notices.entry((topic, to.canonical().to_owned())).or_insert((at, 0));
        if count.0 <= at - window {
            *count = (at, 0);
        }
        count.1 += 1;
        Ok(count.1)
    }
}

#[async_trait]
impl MailQueue for MemoryStore {
    async fn take(&self, now: OffsetDateTime, until: OffsetDateTime, most: u16) -> Result<Vec<TakenMail>, StoreError> {
        let mut tx = self.transaction().await;
        let due = |known: &&mut StoredMail| known.waits() && known.due_at <= now && known.mail.expires_at > now;
        let mut waiting: Vec<&mut StoredMail> = tx.state.mails.values_mut().filter(due).collect();
        waiting.sort_by_key(|known| (known.due_at, known.mail.id));
        let mut taken = Vec::new();
        for known in waiting.into_iter().take(most.into()) {
            known.due_at = until;
            known.attempts += 1;
            taken.push(TakenMail { mail: known.mail.clone(), attempt: known.attempts });
        }
        taken.sort_by_key(|taken| (taken.mail.created_at, taken.mail.id));
        tx.publish()?;
        Ok(taken)
    }

    async fn delivered(&self, id: MailId, _: OffsetDateTime) -> Result<bool, StoreError> {
        let mut tx = self.transaction().await;
        let Some(known) = tx.state.mails.get_mut(&id).filter(|known| !known.ended()) else { return Ok(false) };
        known.delivered = true;
        known.mail.sealed.clear();
        tx.publish()?;
        Ok(true)
    }

    async fn refuse(&self, id: MailId, attempt: u32, why: MailRefusal, at: OffsetDateTime) -> Result<bool, StoreError> {
        let mut tx = self.transaction().await;
        let taken = |known: &&mut StoredMail| !known.ended() && known.attempts == attempt;
        let Some(known) = tx.state.mails.get_mut(&id).filter(taken) else { return Ok(false) };
        known.refused = Some((why, at));
        known.mail.sealed.clear();
        tx.publish()?;
        Ok(true)
    }

    async fn find_refused(&self, id: MailId) -> Result<Option<RefusedMail>, StoreError> {
        let state = self.state();
        let Some(known) = state.mails.get(&id) else { return Ok(None) };
        Ok(known.refused.map(|(refusal, at)| RefusedMail { recipient: known.mail.recipient.clone(), refusal, at }))
    }

    async fn reschedule(&self, id: MailId, attempt: u32, until: OffsetDateTime) -> Result<bool, StoreError> {
        let mut tx = self.transaction().await;
        let taken = |known: &&mut StoredMail| !known.ended() && known.attempts == attempt;
        let Some(known) = tx.state.mails.get_mut(&id).filter(taken) else { return Ok(false) };
        known.due_at = until;
        tx.publish()?;
        Ok(true)
    }

    async fn erase_expired(&self, now: OffsetDateTime, most: u32) -> Result<u64, StoreError> {
        let mut tx = self.transaction().await;
        let expired = |known: &&mut StoredMail| known.waits() && known.mail.expires_at <= now;
        let erased =
            tx.state.mails.values_mut().filter(expired).take(most as usize).map(|known| known.mail.sealed.clear());
        let erased = erased.map(|()| 1).sum();
        tx.publish()?;
        Ok(erased)
    }
}
