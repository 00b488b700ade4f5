//! What the checks examine.

use tessera_adapters::DatabaseUrl;
use tessera_kernel::{EmailAddress, Secret, SystemPorts};
use tessera_system::system_ports;
use url::Url;

use crate::config::Config;

/// Shorter texts are not replaced: they would appear by chance.
const SHORTEST_SECRET: usize = 6;

/// The settings of the installation, and what the caller has asked for.
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) mail_to: Option<EmailAddress>,
    pub(crate) system: SystemPorts,
    secrets: Vec<String>,
}

impl Context {
    pub(crate) fn new(config: Config, mail_to: Option<EmailAddress>) -> Self {
        Self { secrets: secrets(&config), config, mail_to, system: system_ports() }
    }

    /// Replaces secrets in a text that comes from a server, which may repeat what it was sent.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

/// The secrets of the settings, the longest first.
fn secrets(config: &Config) -> Vec<String> {
    let databases = [Some(&config.database_url), config.database_direct_url.as_ref()];
    let databases = databases.into_iter().flatten().filter_map(|url| match url {
        DatabaseUrl::Postgres(address) => Some(address),
        DatabaseUrl::Sqlite(_) => None,
    });
    let urls = databases.chain(&config.smtp_url).chain(config.rpc.iter().map(|(_, url)| url));
    let mut secrets: Vec<String> = urls.flat_map(of_url).collect();
    let keys = config.master_key.iter().chain(&config.master_key_also);
    secrets.extend(keys.map(|key| key.expose().trim().to_owned()));
    secrets.retain(|secret| secret.len() >= SHORTEST_SECRET);
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

/// The URL itself and its password, as it is written and decoded.
fn of_url(url: &Secret<String>) -> Vec<String> {
    let mut secrets = vec![url.expose().clone()];
    let Ok(url) = Url::parse(url.expose()) else { return secrets };
    secrets.extend(url.query_pairs().filter(|(key, _)| key == "password").map(|(_, value)| value.into_owned()));
    if let Some(password) = url.password() {
        secrets.push(password.to_owned());
        // The parser of forms decodes percent signs as that of passwords does, except for +.
        let form = format!("p={}", password.replace('+', "%2B"));
        let decoded = url::form_urlencoded::parse(form.as_bytes()).next().map(|(_, value)| value.into_owned());
        secrets.extend(decoded);
    }
    secrets
}
