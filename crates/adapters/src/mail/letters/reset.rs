//! The mail with the link that sets a new password.

use askama::Template;
use tessera_identity::model::{PasswordReset, ResetToken};
use tessera_kernel::{Mail, NoticeContext, Secret};

use super::text::{AskamaLetters, minute};

/// Where a password is set.
const RESET: &str = "/password/reset";

#[derive(Template)]
#[template(path = "reset.txt", escape = "none")]
struct ResetText<'a>(&'a Words);

#[derive(Template)]
#[template(path = "reset.html")]
struct ResetHtml<'a>(&'a Words);

/// What both parts say. Nobody's own words are among them.
struct Words {
    link: String,
    expires: String,
    last: bool,
}

impl AskamaLetters {
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
