//! Encryption of queued mails: mails contain tokens, so a copy of the database alone must not reveal their content.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tessera_kernel::{Entropy, Secret, StoreError};
use tessera_outbox::{Envelope, Mail, MailSeal, SealedMail};

use crate::crypto::{MasterKey, sealed_names};

/// Seals mails with the master key.
pub struct SealedOutbox {
    key: Arc<MasterKey>,
    entropy: Arc<dyn Entropy>,
}

/// The sealed part of a mail. The recipient is not sealed, because the operator must see which recipients have pending
/// mails.
#[derive(Serialize, Deserialize)]
struct Contents {
    subject: String,
    text: String,
    html: String,
}

impl SealedOutbox {
    /// Creates a seal with the master key.
    #[must_use]
    pub fn new(key: Arc<MasterKey>, entropy: Arc<dyn Entropy>) -> Self {
        Self { key, entropy }
    }
}

impl MailSeal for SealedOutbox {
    fn seal(&self, envelope: Envelope, mail: &Mail) -> Result<SealedMail, StoreError> {
        let Envelope { id, created_at, expires_at } = envelope;
        let contents = Contents {
            subject: mail.subject.clone(),
            text: mail.text.expose().clone(),
            html: mail.html.expose().clone(),
        };
        let plain = serde_json::to_vec(&contents).map_err(|fault| StoreError::Other(Box::new(fault)))?;
        let sealed = self.key.seal(&sealed_names::mail(id), &plain, &*self.entropy);
        let sealed = sealed.map_err(|fault| StoreError::Other(Box::new(fault)))?;
        Ok(SealedMail { id, recipient: mail.recipient.clone(), sealed, created_at, expires_at })
    }

    fn open(&self, mail: &SealedMail) -> Result<Mail, StoreError> {
        let corrupt = |fault: &dyn std::fmt::Display| StoreError::Corrupt(format!("mails.sealed: {fault}"));
        let plain = self.key.open(&sealed_names::mail(mail.id), &mail.sealed).map_err(|fault| corrupt(&fault))?;
        let contents: Contents = serde_json::from_slice(&plain).map_err(|fault| corrupt(&fault))?;
        Ok(Mail {
            recipient: mail.recipient.clone(),
            subject: contents.subject,
            text: Secret::new(contents.text),
            html: Secret::new(contents.html),
        })
    }
}
