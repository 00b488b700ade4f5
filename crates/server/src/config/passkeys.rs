//! The RP id of passkeys, and the origins that may use them.

use std::{fmt, str::FromStr};

use tessera_adapters::RelyingParty;
use url::{Host, Url};

use super::{list::parse_list, public_url::PublicUrl, source::Source};

/// The maximum number of origins.
const MOST_ORIGINS: usize = 10;

const ANDROID: &str = "android:apk-key-hash:";

/// The length of a SHA-256 in base64url without padding.
const KEY_HASH_LENGTH: usize = 43;

/// What is configured. The public URL has the defaults.
#[derive(Debug)]
pub(super) struct PasskeySettings {
    rp_id: Option<RpId>,
    origins: Option<PasskeyOrigins>,
}

impl PasskeySettings {
    pub(super) fn read(source: &mut Source, url: &PublicUrl) -> Self {
        let rp_id = RpId::of_host(&url.host());
        let origins = rp_id.as_ref().and_then(|_| PasskeyOrigins::of_url(url.as_str()));
        Self {
            rp_id: source.read_optional("passkey_rp_id", rp_id.as_ref()),
            origins: source.read_optional("passkey_origins", origins.as_ref()),
        }
    }
}

/// The RP id (WebAuthn): a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RpId(String);

impl RpId {
    /// The RP id of a host. An IP address cannot be one.
    fn of_host(host: &str) -> Option<Self> {
        host.parse().ok()
    }

    /// Returns whether pages of the origin may use the RP id.
    fn includes(&self, origin: &Url) -> bool {
        let Some(domain) = origin.domain() else { return false };
        domain == self.0 || domain.strip_suffix(&self.0).is_some_and(|above| above.ends_with('.'))
    }
}

impl FromStr for RpId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match Host::parse(text) {
            Ok(Host::Domain(domain)) if domain == text && !text.ends_with('.') => Ok(Self(domain)),
            _ => Err("must be a domain in lower case, without a scheme and a port, such as accounts.example.com"),
        }
    }
}

impl fmt::Display for RpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The origins in the configured order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PasskeyOrigins(Vec<Url>);

impl PasskeyOrigins {
    /// The origin of the public URL.
    fn of_url(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        Url::parse(&url.origin().ascii_serialization()).ok().map(|origin| Self(vec![origin]))
    }
}

impl FromStr for PasskeyOrigins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let origins = parse_list(text, origin)?;
        if origins.len() > MOST_ORIGINS {
            return Err(format!("must have at most {MOST_ORIGINS} origins, such as https://accounts.example.com"));
        }
        Ok(Self(origins))
    }
}

fn origin(entry: &str) -> Result<Url, String> {
    const ACCEPTED: &str = "must be an https origin, http only on localhost, without a path, or android:apk-key-hash: with \
                            the hash of a certificate, such as https://accounts.example.com";
    let url = Url::parse(entry).map_err(|_| ACCEPTED.to_owned())?;
    let is_origin = url.origin().ascii_serialization() == entry;
    let accepted = match (url.scheme(), url.domain()) {
        ("https", Some(_)) => is_origin,
        ("http", Some(domain)) => is_origin && (domain == "localhost" || domain.ends_with(".localhost")),
        ("android", _) => entry.strip_prefix(ANDROID).is_some_and(is_key_hash),
        _ => false,
    };
    if accepted { Ok(url) } else { Err(ACCEPTED.to_owned()) }
}

fn is_key_hash(text: &str) -> bool {
    text.len() == KEY_HASH_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

impl fmt::Display for PasskeyOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins: Vec<&str> = self.0.iter().map(|origin| origin.as_str().trim_end_matches('/')).collect();
        f.write_str(&origins.join(","))
    }
}

impl PasskeySettings {
    /// The RP id and its origins. `None` if the public URL has an IP address and no RP id is set: there are no passkeys
    /// then.
    pub(super) fn relying_party(&self, url: &PublicUrl) -> Option<RelyingParty> {
        let RpId(id) = self.rp_id_or_of(url)?;
        let origins = self.origins.clone().or_else(|| PasskeyOrigins::of_url(url.as_str()))?;
        Some(RelyingParty { id, origins: origins.0 })
    }

    fn rp_id_or_of(&self, url: &PublicUrl) -> Option<RpId> {
        self.rp_id.clone().or_else(|| RpId::of_host(&url.host()))
    }

    pub(super) fn check(&self, url: &PublicUrl, source: &mut Source) {
        let Some(rp_id) = self.rp_id_or_of(url) else {
            if self.origins.is_some() {
                source.fault(
                    "passkey_origins",
                    "is of no use without passkey_rp_id, because the public URL has an IP address",
                );
            }
            return;
        };
        let Some(PasskeyOrigins(origins)) = &self.origins else {
            let of_url = PasskeyOrigins::of_url(url.as_str());
            if !of_url.is_some_and(|origins| origins.0.iter().all(|origin| rp_id.includes(origin))) {
                let why = "must be the host of public_url or a domain above it, unless passkey_origins is set";
                source.fault("passkey_rp_id", why);
            }
            return;
        };
        let web = || origins.iter().filter(|origin| origin.scheme() != "android");
        for origin in web().filter(|origin| !rp_id.includes(origin)) {
            let origin = origin.as_str().trim_end_matches('/');
            source.fault("passkey_origins", format_args!("{origin} is outside of the RP id {rp_id}"));
        }
        if web().next().is_none() {
            source.fault("passkey_origins", "must have an origin of the web too, such as https://accounts.example.com");
        }
    }
}
