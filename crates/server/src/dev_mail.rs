//! The page `/dev/mail`: the mails that were written to files because no mail server is configured.

use std::{fs, path::Path, sync::Arc};

use actix_web::{
    Error,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{CACHE_CONTROL, HOST, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
    web,
};
use tessera_api::{Branding, FiledMail, PublicUrl, dev_mail_page};
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

/// The public URL, and the name and the logo on the page. `None` if the page does not exist.
#[derive(Debug, Clone)]
pub(crate) struct DevMail(Option<Arc<(PublicUrl, Branding)>>);

impl DevMail {
    /// The page exists only without a mail server, and only if the public URL is that of this machine.
    pub(crate) fn new(config: &Config) -> Self {
        let url = config.public_url.as_str();
        let exists = config.smtp_url.is_none() && is_loopback(url);
        Self(exists.then(|| Arc::new((PublicUrl::new(url), config.branding()))))
    }

    /// Responds to requests for the page, and passes all others on.
    pub(crate) async fn intercept(
        self,
        request: ServiceRequest,
        next: Next<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        match self.0 {
            Some(site) if is_for_page(&request) => {
                let mails = web::block(|| recent(Path::new(DIRECTORY))).await?;
                let mut response = dev_mail_page(&site.0, &site.1, &mails);
                for (name, value) in
                    [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer"), (X_CONTENT_TYPE_OPTIONS, "nosniff")]
                {
                    response.headers_mut().insert(name, HeaderValue::from_static(value));
                }
                Ok(request.into_response(response))
            }
            _ => next.call(request).await,
        }
    }
}

/// The `Host` is checked too: a foreign site can point its own name to this machine, and its scripts could then read the
/// page.
fn is_for_page(request: &ServiceRequest) -> bool {
    // First, because every other request comes here too.
    if request.path() != PATH || request.method() != Method::GET {
        return false;
    }
    let is_local = request.peer_addr().is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    // A proxy or a tunnel on this machine is a local peer, too.
    let is_forwarded = FORWARDING.iter().any(|name| request.headers().contains_key(*name));
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    is_local && !is_forwarded && host.is_some_and(|host| is_loopback(&format!("http://{host}")))
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

#[cfg(test)]
mod tests {
    use super::*;

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
