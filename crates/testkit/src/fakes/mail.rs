//! Mails that everybody can read.

use tessera_kernel::{Mail, MailId, MailSeal, SealedMail, Secret, StoreError};
use tessera_orgs::{
    model::{InvitationToken, Invited},
    ports::Letters,
};
use time::OffsetDateTime;

/// Seals nothing: the parts of a mail, with a mark between them.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeSeal;

const MARK: char = '\u{1F}';

impl MailSeal for FakeSeal {
    fn seal(
        &self,
        id: MailId,
        mail: &Mail,
        created_at: OffsetDateTime,
        expires_at: OffsetDateTime,
    ) -> Result<SealedMail, StoreError> {
        let parts = [mail.subject.as_str(), mail.text.expose(), mail.html.expose()].join(&MARK.to_string());
        let recipient = mail.recipient.clone();
        Ok(SealedMail { id, recipient, sealed: parts.into_bytes(), created_at, expires_at })
    }

    fn open(&self, mail: &SealedMail) -> Result<Mail, StoreError> {
        let parts = String::from_utf8_lossy(&mail.sealed).into_owned();
        let mut parts = parts.split(MARK).map(str::to_owned);
        let mut next = || parts.next().ok_or_else(|| StoreError::Corrupt("a part is missing".to_owned()));
        let (subject, text, html) = (next()?, next()?, next()?);
        Ok(Mail { recipient: mail.recipient.clone(), subject, text: Secret::new(text), html: Secret::new(html) })
    }
}

/// Writes the bare token as text, and names as HTML.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeLetters;

impl Letters for FakeLetters {
    fn invitation(&self, about: &Invited, token: &InvitationToken) -> Mail {
        Mail {
            recipient: about.invitation.email.clone(),
            subject: format!("{} as {}", about.organization.name, about.invitation.role),
            text: Secret::new(token.expose().to_owned()),
            html: Secret::new(about.inviter.display_name.clone().unwrap_or_default()),
        }
    }
}
