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
struct ResetText<'a>(&'a Words);

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetHtml<'a>(&'a Words);

/// Content of both parts. It contains no text that users have chosen.
struct Words {
    link: String,
    expires: String,
    last: bool,
}

impl AskamaMails {
    pub(super) fn reset_link(&self, reset: &PasswordReset, token: &ResetToken, context: NoticeContext) -> Mail {
        let words = Words {
            link: format!("{}{RESET}?token={}", self.public_url, token.expose()),
            expires: minute(reset.expires_at),
            last: context.last,
        };
        Mail {
            recipient: reset.email.clone(),
            subject: "Set a new password".to_owned(),
            text: Secret::new(ResetText(&words).render().unwrap_or_default()),
            html: Secret::new(ResetHtml(&words).render().unwrap_or_default()),
        }
    }
}
