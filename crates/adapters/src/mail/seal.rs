//! Mails at rest: they carry tokens, so that a copy of the database must not be enough to read them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tessera_kernel::{Entropy, Mail, MailId, MailSeal, SealedMail, Secret, StoreError};
use time::OffsetDateTime;

use crate::crypto::MasterKey;

/// Seals mails with the master key.
pub struct SealedOutbox {
    key: Arc<MasterKey>,
    entropy: Arc<dyn Entropy>,
}

/// What is sealed. The recipient is not: whoever runs the service has to see who waits for mail.
#[derive(Serialize, Deserialize)]
struct Contents {
    subject: String,
    text: String,
    html: String,
}

/// Under which a mail is sealed.
fn name(id: MailId) -> String {
    format!("mail {id}")
}

impl SealedOutbox {
    /// One with that key.
    #[must_use]
    pub fn new(key: Arc<MasterKey>, entropy: Arc<dyn Entropy>) -> Self {
        Self { key, entropy }
    }
}

impl MailSeal for SealedOutbox {
    fn seal(
        &self,
        id: MailId,
        mail: &Mail,
        created_at: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Result<SealedMail, StoreError> {
        let contents = Contents {
            subject: mail.subject.clone(),
            text: mail.text.expose().clone(),
            html: mail.html.expose().clone(),
        };
        let plain = serde_json::to_vec(&contents).map_err(|fault| StoreError::Other(Box::new(fault)))?;
        let sealed = self.key.seal(&name(id), &plain, &*self.entropy);
        let sealed = sealed.map_err(|fault| StoreError::Other(Box::new(fault)))?;
        Ok(SealedMail { id, recipient: mail.recipient.clone(), sealed, created_at, expires_at })
    }

    fn open(&self, mail: &SealedMail) -> Result<Mail, StoreError> {
        let corrupt = |fault: &dyn std::fmt::Display| StoreError::Corrupt(format!("mails.sealed: {fault}"));
        let plain = self.key.open(&name(mail.id), &mail.sealed).map_err(|fault| corrupt(&fault))?;
        let contents: Contents = serde_json::from_slice(&plain).map_err(|fault| corrupt(&fault))?;
        Ok(Mail {
            recipient: mail.recipient.clone(),
            subject: contents.subject,
            text: Secret::new(contents.text),
            html: Secret::new(contents.html),
        })
    }
}
