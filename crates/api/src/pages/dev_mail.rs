//! The page of the mails that were written to files. The binary decides who may see it.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use crate::{
    branding::Branding,
    pages::{
        frame::Frame,
        layout::{Policy, answer},
    },
    public_url::PublicUrl,
};

/// A mail in a file.
#[derive(Debug, Clone)]
pub struct FiledMail {
    /// The path of the file.
    pub file: String,
    /// The address of the recipient.
    pub recipient: String,
    /// The text part.
    pub text: String,
}

#[derive(Template)]
#[template(path = "dev-mail.html")]
struct DevMailPage<'a> {
    frame: Frame<'a>,
    public_url: &'a str,
    mails: &'a [FiledMail],
}

impl DevMailPage<'_> {
    /// Whether a line is a link to this service. Each link of a mail is a line of its own. Other addresses do not become
    /// links, because users choose parts of the text.
    fn is_link(&self, line: &str) -> bool {
        line.strip_prefix(self.public_url).is_some_and(|rest| rest.starts_with('/') && !rest.contains(' '))
    }
}

/// Returns the page with these mails, in this order.
#[must_use]
pub fn dev_mail_page(url: &PublicUrl, branding: &Branding, mails: &[FiledMail]) -> HttpResponse {
    let page = DevMailPage { frame: Frame::of(url, branding), public_url: url.as_str(), mails };
    answer(Policy::Text, StatusCode::OK, &page).unwrap_or_else(|_| HttpResponse::InternalServerError().finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> String {
        let mail = FiledMail { file: "f".to_owned(), recipient: "<i>@example.com".to_owned(), text: text.to_owned() };
        let (url, branding) = (PublicUrl::new("http://localhost:8080"), Branding::default());
        let page = DevMailPage { frame: Frame::of(&url, &branding), public_url: url.as_str(), mails: &[mail] };
        page.render().unwrap_or_default()
    }

    #[test]
    fn text_of_a_mail_cannot_add_html_or_foreign_links() {
        let html = page(
            "<b>\"Evil\"</b>\nhttp://evil.example/x\nhttp://localhost:80801/x\nhttp://localhost:8080/x y\n\
             http://localhost:8080/x?token=a&b=1",
        );
        assert!(!html.contains("<b>") && !html.contains("<i>"), "{html}");
        let mail = html.split("<pre").nth(1).and_then(|rest| rest.split("</pre>").next()).unwrap_or_default();
        assert_eq!(mail.matches("<a href").count(), 1, "{html}");
        assert!(mail.contains("<a href=\"http://localhost:8080/x?token=a&#38;b=1\">"), "{html}");
    }

    #[test]
    fn the_text_of_a_mail_keeps_its_lines() {
        assert!(page("Hello,\n\n  two").contains("Hello,\n\n  two\n</pre>"), "{}", page("Hello,\n\n  two"));
    }
}
