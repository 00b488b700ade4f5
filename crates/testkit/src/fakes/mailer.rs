//! Fake mail transport.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use tessera_kernel::MailId;
use tessera_outbox::{Mail, Mailer, MailerError};

/// Records the mails that it sends. A test can make the next calls fail.
#[derive(Debug, Default)]
pub struct FakeMailer {
    failures: Mutex<VecDeque<MailerError>>,
    sent: Mutex<Vec<(MailId, Mail)>>,
}

impl FakeMailer {
    /// Makes one call fail: the next one, or the one after those that were made to fail before.
    pub fn fail_once(&self, error: MailerError) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push_back(error);
    }

    /// The sent mails, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<(MailId, Mail)> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Mailer for FakeMailer {
    async fn send(&self, id: MailId, mail: &Mail) -> Result<(), MailerError> {
        if let Some(error) = self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
            return Err(error);
        }
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push((id, mail.clone()));
        Ok(())
    }
}
