//! The mails that prove control of an address.

use askama::Template;
use tessera_identity::ports::{VerificationMail, VerificationReason};
use tessera_kernel::Secret;
use tessera_outbox::Mail;

use super::{
    names::unlinked,
    text::{AskamaMails, minute},
};

/// Path of the page that verifies an address.
const VERIFY: &str = "/email/verify";

#[derive(Template)]
#[template(path = "verification.txt", escape = "none")]
struct VerificationText<'a>(&'a MailText);

#[derive(Template)]
#[template(path = "verification.html")]
struct VerificationHtml<'a>(&'a MailText);

/// Content of both parts.
struct MailText {
    subject: String,
    /// Why the recipient gets the mail, and what to do.
    reason: String,
    /// The text of the link.
    action: &'static str,
    link: String,
    code: String,
    expires: String,
    /// What happens without an action, for a recipient who did not expect the mail.
    otherwise: &'static str,
}

impl AskamaMails {
    pub(super) fn verification_link(&self, mail: &VerificationMail<'_>) -> Mail {
        let product = self.product.to_string();
        let (subject, reason, action, otherwise) = match mail.reason {
            VerificationReason::Registration => (
                format!("Finish your registration at {product}"),
                format!(
                    "This email address was registered at {product}. If this was you, verify it to create your account:"
                ),
                "Create your account",
                "If this was not you, you can ignore this mail: no account is created.",
            ),
            VerificationReason::Account => (
                format!("Verify your email address for {product}"),
                format!(
                    "There is an account with this email address at {product}. If it is yours, verify the address:"
                ),
                "Verify your email address",
                "If it is not yours, do not open the link: another person has registered your address.",
            ),
            VerificationReason::NewAddress => (
                format!("Verify your new email address for {product}"),
                format!(
                    "This email address is to become that of your account at {product}. If you want this, verify it:"
                ),
                "Verify your new email address",
                "If you did not request this, you can ignore this mail: nothing changes.",
            ),
            VerificationReason::OldAddress { new } => (
                format!("Confirm the change of your email address at {product}"),
                format!(
                    "The email address of your account at {product} is to be changed to {}. If you want this, confirm it:",
                    unlinked(new.as_str())
                ),
                "Confirm or decline the change",
                "If you did not request this, another person can sign in to your account: open the link and decline.",
            ),
        };
        let mail_text = MailText {
            subject,
            reason,
            action,
            link: format!("{}{VERIFY}?token={}", self.public_url, mail.token.expose()),
            code: mail.code.expose().to_owned(),
            expires: minute(mail.expires_at),
            otherwise,
        };
        Mail {
            recipient: mail.to.clone(),
            text: Secret::new(VerificationText(&mail_text).render().unwrap_or_default()),
            html: Secret::new(VerificationHtml(&mail_text).render().unwrap_or_default()),
            subject: mail_text.subject,
        }
    }
}
