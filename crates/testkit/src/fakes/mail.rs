//! Fake mail encryption and mail templates.

use tessera_apikeys::{leaks::LeakReport, model::ApiKey, ports::ApiKeyMails};
use tessera_identity::{
    model::{PasswordReset, ResetToken},
    ports::{AccountChange, AccountMails, VerificationMail, VerificationReason},
};
use tessera_kernel::{EmailAddress, Secret, StoreError};
use tessera_orgs::{
    model::{DirectAddition, InvitationToken, Invited, NewOwner, OrganizationDeletion},
    ports::MailTemplates,
};
use tessera_outbox::{Envelope, Mail, MailSeal, NoticeContext, SealedMail};
use time::OffsetDateTime;

/// Does not encrypt: the sealed mail contains its parts with a separator between them.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeSeal;

const MARK: char = '\u{1F}';

impl MailSeal for FakeSeal {
    fn seal(&self, envelope: Envelope, mail: &Mail) -> Result<SealedMail, StoreError> {
        let Envelope { id, created_at, expires_at } = envelope;
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

/// Writes the bare token as text, and names or times as HTML. The subject of a notice is the action. The text says
/// whether it is the last notice.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeMails;

impl MailTemplates for FakeMails {
    fn invitation(&self, about: &Invited, token: &InvitationToken) -> Mail {
        Mail {
            recipient: about.invitation.email.clone(),
            subject: format!("{} as {}", about.organization.name, about.invitation.role),
            text: Secret::new(token.expose().to_owned()),
            html: Secret::new(about.inviter.display_name.clone().unwrap_or_default()),
        }
    }

    fn new_owner(&self, to: &EmailAddress, about: &NewOwner<'_>, context: NoticeContext) -> Mail {
        let whose = if about.to_themselves { "you own" } else { "another owns" };
        let by = about.by.map(|by| by.user_id.to_string()).unwrap_or_default();
        let who = if about.to_themselves { None } else { about.owner.display_name.as_deref() };
        let subject =
            format!("{whose} {}{}", about.organization.name, who.map(|who| format!(": {who}")).unwrap_or_default());
        Mail { html: Secret::new(by), ..notice(to, &subject, context) }
    }

    fn organization_deleted(
        &self,
        to: &EmailAddress,
        about: &OrganizationDeletion<'_>,
        context: NoticeContext,
    ) -> Mail {
        let by = about.by.map(|by| by.user_id.to_string()).unwrap_or_default();
        Mail { html: Secret::new(by), ..notice(to, &format!("deleted {}", about.organization.name), context) }
    }

    fn added_directly(&self, to: &EmailAddress, about: &DirectAddition<'_>, context: NoticeContext) -> Mail {
        let subject = format!("added to {} as {}", about.organization.name, about.role);
        let by = about.by.map(|by| by.user_id.to_string()).unwrap_or_default();
        Mail { html: Secret::new(by), ..notice(to, &subject, context) }
    }
}

impl AccountMails for FakeMails {
    fn account_changed(&self, to: &EmailAddress, change: AccountChange, context: NoticeContext) -> Mail {
        let subject = match change {
            AccountChange::PasswordSet => "password set".to_owned(),
            AccountChange::PasswordChanged => "password changed".to_owned(),
            AccountChange::PasswordReset { first, wallets_unlinked, passkeys_removed, factors_removed } => {
                let factors = if factors_removed { ", factors removed" } else { "" };
                format!(
                    "password reset, first {first}, {wallets_unlinked} unlinked, {passkeys_removed} removed{factors}"
                )
            }
            AccountChange::WalletLinked(wallet) => format!("linked {wallet}"),
            AccountChange::WalletUnlinked(wallet) => format!("unlinked {wallet}"),
            AccountChange::EmailChanged { to_old } => format!("address changed, to the old one {to_old}"),
            AccountChange::PasskeyAdded => "passkey added".to_owned(),
            AccountChange::PasskeyRemoved => "passkey removed".to_owned(),
            AccountChange::FactorAdded(factor) => format!("factor {factor} added"),
            AccountChange::FactorRemoved(factor) => format!("factor {factor} removed"),
            AccountChange::RecoveryCodesReplaced => "recovery codes replaced".to_owned(),
            AccountChange::RecoveryCodeUsed { left } => format!("recovery code used, {left} left"),
            AccountChange::SignedIn(device) => format!("signed in with {device}"),
            AccountChange::RefreshReused => "refresh token reused".to_owned(),
            AccountChange::ManyWrongPasswords { number } => format!("{number} wrong passwords"),
        };
        notice(to, &subject, context)
    }

    fn password_reset(&self, reset: &PasswordReset, token: &ResetToken, context: NoticeContext) -> Mail {
        let text = Secret::new(token.expose().to_owned());
        let html = Secret::new(reset.expires_at.to_string());
        Mail { text, html, ..notice(&reset.email, if context.last { "last reset" } else { "reset" }, context) }
    }

    fn verification(&self, mail: &VerificationMail<'_>) -> Mail {
        let subject = match mail.reason {
            VerificationReason::Registration => "verify registration".to_owned(),
            VerificationReason::Account => "verify".to_owned(),
            VerificationReason::NewAddress => "verify new".to_owned(),
            VerificationReason::OldAddress { new } => format!("confirm {new}"),
        };
        Mail {
            recipient: mail.to.clone(),
            subject,
            text: Secret::new(mail.token.expose().to_owned()),
            html: Secret::new(mail.code.expose().to_owned()),
        }
    }

    fn address_taken(&self, to: &EmailAddress, at: OffsetDateTime) -> Mail {
        notice(to, "address taken", NoticeContext { at, last: false })
    }
}

impl ApiKeyMails for FakeMails {
    fn key_generated(&self, to: &EmailAddress, key: &ApiKey, context: NoticeContext) -> Mail {
        notice(to, &format!("key {}", key.key_prefix), context)
    }

    fn key_leaked(&self, to: &EmailAddress, key: &ApiKey, report: &LeakReport, context: NoticeContext) -> Mail {
        let found = [&report.source, &report.url].map(|text| text.as_deref().unwrap_or("-")).join(" at ");
        Mail { html: Secret::new(found), ..notice(to, &format!("leaked {}", key.key_prefix), context) }
    }
}

fn notice(to: &EmailAddress, subject: &str, context: NoticeContext) -> Mail {
    let text = if context.last { "last" } else { "" };
    let (text, html) = (Secret::new(text.to_owned()), Secret::new(String::new()));
    Mail { recipient: to.clone(), subject: subject.to_owned(), text, html }
}
