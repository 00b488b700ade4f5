//! The password reset mail.

use askama::Template;
use tessera_identity::model::{PasswordReset, ResetToken};
use tessera_kernel::Secret;
use tessera_outbox::{Mail, NoticeContext};

use super::text::{AskamaMails, minute};

/// Path of the page that sets a password.
const RESET: &str = "/password/reset";

#[derive(Template)]
#[template(path = "reset.txt", escape = "none")]
struct ResetText<'a>(&'a MailText);

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetHtml<'a>(&'a MailText);

/// Content of both parts. It contains no text that users have chosen; the operator has chosen the name of the product.
struct MailText {
    link: String,
    product: String,
    expires: String,
    last: bool,
}

impl AskamaMails {
    pub(super) fn reset_link(&self, reset: &PasswordReset, token: &ResetToken, context: NoticeContext) -> Mail {
        let mail_text = MailText {
            link: format!("{}{RESET}?token={}", self.public_url, token.expose()),
            product: self.product.to_string(),
            expires: minute(reset.expires_at),
            last: context.last,
        };
        Mail {
            recipient: reset.email.clone(),
            subject: format!("Set a new password for {}", self.product),
            text: Secret::new(ResetText(&mail_text).render().unwrap_or_default()),
            html: Secret::new(ResetHtml(&mail_text).render().unwrap_or_default()),
        }
    }
}
