//! The page `/dev/mail`: the mails that were written to files because no mail server is configured.

use std::{fmt::Write as _, fs, path::Path, sync::Arc};

use actix_web::{
    Error, HttpResponse,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
    web,
};
use url::{Host, Url};

use crate::config::Config;

/// The directory for mails if no mail server is configured.
pub(crate) const DIRECTORY: &str = "data/mail";

const PATH: &str = "/dev/mail";

/// The number of mails on the page.
const SHOWN: usize = 50;

/// Headers by which proxies and tunnels say that they forward a request.
const FORWARDING: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// The public URL, if the page exists.
#[derive(Debug, Clone)]
pub(crate) struct DevMail(Option<Arc<str>>);

impl DevMail {
    /// The page exists only without a mail server, and only if the public URL is that of this machine.
    pub(crate) fn new(config: &Config) -> Self {
        let url = config.public_url.as_str();
        Self((config.smtp_url.is_none() && is_loopback(url)).then(|| url.into()))
    }

    /// Responds to requests for the page, and passes all others on.
    pub(crate) async fn intercept(
        self,
        request: ServiceRequest,
        next: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        match self.0 {
            Some(url) if is_for_page(&request) => {
                let page = web::block(move || page(&recent(Path::new(DIRECTORY)), &url)).await?;
                let response = HttpResponse::Ok()
                    .content_type("text/html; charset=utf-8")
                    .insert_header((CACHE_CONTROL, "no-store"))
                    .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
                    .insert_header((REFERRER_POLICY, "no-referrer"))
                    .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
                    .body(page);
                Ok(request.into_response(response))
            }
            _ => next.call(request).await,
        }
    }
}

/// The `Host` is checked too: a foreign site can point its own name to this machine, and its scripts could then read the
/// page.
fn is_for_page(request: &ServiceRequest) -> bool {
    let is_local = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    // A proxy or a tunnel on this machine is a local peer, too.
    let is_forwarded = FORWARDING.iter().any(|name| request.headers().contains_key(*name));
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let is_local_host = host.is_some_and(|host| is_loopback(&format!("http://{host}")));
    request.path() == PATH && request.method() == Method::GET && is_local && !is_forwarded && is_local_host
}

/// Returns whether the host of a URL is this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A mail in a file.
struct FiledMail {
    file: String,
    recipient: String,
    text: String,
}

/// The newest mails of a directory. Their ids, which are the names of the files, begin with the time.
fn recent(directory: &Path) -> Vec<FiledMail> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "eml"));
    files.sort();
    files.iter().rev().take(SHOWN).filter_map(|file| read(file)).collect()
}

/// Reads a mail that this service has written: headers, a text part and an HTML part.
fn read(file: &Path) -> Option<FiledMail> {
    let message = fs::read_to_string(file).ok()?;
    let recipient = message.lines().find_map(|line| line.strip_prefix("To: "))?;
    let (_, part) = message.split_once("Content-Type: text/plain")?;
    let (_, text) = part.split_once("\r\n\r\n")?;
    let text = text.split("\r\n--").next()?;
    Some(FiledMail { file: file.display().to_string(), recipient: recipient.to_owned(), text: text.trim().to_owned() })
}

fn page(mails: &[FiledMail], public_url: &str) -> String {
    let mut html = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Mails in files</title>\
                    <h1>Mails in files</h1><p>No mail server is configured (TESSERA_SMTP_URL), so these mails were not \
                    sent. The newest is first.</p>"
        .to_owned();
    if mails.is_empty() {
        html.push_str("<p>There are no mails yet.</p>");
    }
    for FiledMail { file, recipient, text } in mails {
        let lines: Vec<String> = text.lines().map(|line| linked(line, public_url)).collect();
        // Writing to a string cannot fail.
        let _infallible =
            write!(html, "<h2>{}</h2><p>{}</p><pre>{}</pre>", escaped(recipient), escaped(file), lines.join("\n"));
    }
    html
}

/// A line in which a link to this service can be opened. Each link of a mail is a line of its own.
fn linked(line: &str, public_url: &str) -> String {
    let line = escaped(line);
    let is_link = line.strip_prefix(public_url).is_some_and(|rest| rest.starts_with('/') && !rest.contains(' '));
    if is_link { format!("<a href=\"{line}\">{line}</a>") } else { line }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_mail_cannot_add_html_or_foreign_links() {
        let text =
            "<b>\"Evil\"</b>\nhttp://evil.example/x\nhttp://localhost:80801/x\nhttp://localhost:8080/x?token=a&b=1";
        let mail = FiledMail { file: "f".to_owned(), recipient: "<i>@example.com".to_owned(), text: text.to_owned() };
        let html = page(&[mail], "http://localhost:8080");
        assert!(!html.contains("<b>") && !html.contains("<i>"), "{html}");
        assert_eq!(html.matches("<a href").count(), 1, "{html}");
        assert!(html.contains("<a href=\"http://localhost:8080/x?token=a&amp;b=1\">"), "{html}");
    }

    #[test]
    fn only_names_and_addresses_of_this_machine_are_loopback() {
        for url in ["http://localhost:8080", "http://127.0.0.1", "http://127.9.9.9:1", "http://[::1]:8080"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["http://localhost.evil.example", "http://10.0.0.1", "http://[::2]", "http://", "http://127.0.0.1.x"]
        {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
