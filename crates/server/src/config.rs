//! The configuration: environment variables override the file, which overrides defaults. Unknown keys are rejected, and
//! all errors are reported together.

mod audiences;
mod ca_file;
mod cors;
mod quotas;
mod source;

use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, str::FromStr};

pub(crate) use audiences::Audiences;
use ca_file::CaFile;
pub(crate) use cors::Cors;
pub(crate) use quotas::Quotas;
use source::Source;
pub(crate) use source::{ConfigError, read_file};
use tessera_adapters::{
    Argon2Settings, DatabaseUrl, KeyBits, MasterKey, Sender, SenderError, SmtpServer, SmtpUrlError,
};
use tessera_identity::model::Password;
use tessera_kernel::{Chain, Secret};
use time::Duration;
use tracing_subscriber::EnvFilter;
use url::Url;

/// The file that is read if it exists and `TESSERA_CONFIG` is not set.
pub(crate) const DEFAULT_FILE: &str = "tessera.toml";

/// The default log filter. It hides malformed requests, which actix-http logs as errors of the server.
const DEFAULT_LOG: &str = "info,actix_server=warn,actix_http=off";

/// The validated settings.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: PublicUrl,
    pub(crate) database_url: DatabaseUrl,
    pub(crate) database_pool: usize,
    pub(crate) master_key: Option<Secret<String>>,
    pub(crate) password_min_length: usize,
    pub(crate) session_ttl: Duration,
    pub(crate) audiences: Audiences,
    pub(crate) cors_origins: Cors,
    pub(crate) signing_key_bits: KeyBits,
    pub(crate) signing_key_life: Duration,
    pub(crate) argon2: Argon2Settings,
    pub(crate) hash_memory_mib: u32,
    pub(crate) hash_queue: std::time::Duration,
    pub(crate) shutdown_seconds: u64,
    pub(crate) max_connections: usize,
    pub(crate) max_connections_per_address: usize,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
    pub(crate) smtp_url: Option<Secret<String>>,
    pub(crate) smtp_ca_file: Option<CaFile>,
    pub(crate) mail_from: Option<Sender>,
    pub(crate) throttle: Throttle,
    pub(crate) quotas: Quotas,
    /// The RPC endpoints of chains.
    pub(crate) rpc: Vec<(Chain, Secret<String>)>,
}

/// The public base URL of the installation. Links and token issuers are built from it only.
#[derive(Debug, Clone)]
pub(crate) struct PublicUrl(String);

impl PublicUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name or address of the host.
    fn host(&self) -> String {
        let url = Url::parse(&self.0).ok();
        url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| "must be an absolute URL")?;
        let plain = url.username().is_empty() && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || !plain || url.query().is_some() || url.fragment().is_some() {
            return Err("must be an http or https URL without user info, query or fragment");
        }
        // The path becomes part of links, headers and cookies, where other characters have a special meaning.
        let path = url.path().trim_end_matches('/');
        let plain = |segment: &str| {
            !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
        };
        if !path.split('/').skip(1).all(plain) {
            return Err("must have a path of letters, digits and - . _ ~ only, without empty parts");
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Text for a terminal, JSON otherwise.
    Auto,
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("must be auto, text or json"),
        }
    }
}

/// Whether rate limits are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Throttle {
    On,
    Off,
}

impl FromStr for Throttle {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err("must be on or off"),
        }
    }
}

impl Config {
    /// Reads the settings from the table of a file and from the environment.
    pub(crate) fn load(file: toml::Table, environment: BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut source = Source::new(file, environment);
        let argon2 = read_argon2(&mut source);
        let config = Self {
            listen: source.read("listen", SocketAddr::from(([127, 0, 0, 1], 8080))),
            public_url: source.read("public_url", PublicUrl("http://localhost:8080".to_owned())),
            database_url: source.read("database_url", DatabaseUrl::Sqlite(PathBuf::from("data/tessera.db"))),
            database_pool: source.read_in("database_pool", 10, 2..=1000),
            master_key: source.read_secret("master_key"),
            password_min_length: source.read_in(
                "password_min_length",
                Password::MIN_LENGTH,
                Password::MIN_LENGTH..=Password::MAX_LENGTH,
            ),
            session_ttl: Duration::seconds(source.read_in("session_ttl", 86_400, 1..=31_536_000)),
            audiences: source.read("audiences", Audiences::default()),
            cors_origins: source.read("cors_origins", Cors::default()),
            signing_key_bits: source.read("signing_key_bits", KeyBits::default()),
            signing_key_life: Duration::days(source.read_in("signing_key_days", 90, 1..=3650)),
            argon2,
            hash_memory_mib: source.read_in("hash_memory_mib", default_hash_memory(argon2), 1..=MAX_HASH_MEMORY),
            hash_queue: std::time::Duration::from_millis(source.read_in("hash_queue_ms", 3_000, 1..=60_000)),
            shutdown_seconds: source.read_in("shutdown_seconds", 8, 1..=300),
            max_connections: source.read_in("max_connections", 10_000, 1..=1_000_000),
            max_connections_per_address: source.read_in("max_connections_per_address", 1_000, 1..=1_000_000),
            log: source.read("log", DEFAULT_LOG.to_owned()),
            log_format: source.read("log_format", LogFormat::Auto),
            smtp_url: source.read_secret("smtp_url"),
            smtp_ca_file: CaFile::read(&mut source, "smtp_ca_file"),
            mail_from: source.read_optional("mail_from"),
            throttle: source.read("throttle", Throttle::On),
            quotas: Quotas::read(&mut source),
            rpc: read_rpc(&mut source),
        };
        config.check(&mut source);
        source.finish(config)
    }

    /// Checks rules that involve several keys.
    fn check(&self, source: &mut Source) {
        if let Some(key) = &self.master_key
            && let Err(error) = key.expose().parse::<MasterKey>()
        {
            source.fault("master_key", error);
        }
        if self.master_key.is_none() && matches!(self.database_url, DatabaseUrl::Postgres(_)) {
            source.fault("master_key", "is required with PostgreSQL: every node must have the same one");
        }
        if let Err(error) = self.sender() {
            source.fault("mail_from", error);
        }
        // Only the URL is checked. The mail server may be unavailable at start.
        let mail_server = self.smtp_server().unwrap_or_else(|error| {
            source.fault("smtp_url", error);
            None
        });
        if self.smtp_ca_file.is_some() && mail_server.is_some_and(|server| !server.speaks_tls()) {
            source.fault("smtp_ca_file", "is of no use: smtp_url asks for no TLS");
        }
        if self.smtp_ca_file.is_some() && self.smtp_url.is_none() {
            source.fault("smtp_ca_file", "is of no use without smtp_url");
        }
        if self.audiences.0.iter().any(|audience| audience.as_str() == self.public_url.as_str()) {
            source.fault("audiences", "must not name this service itself: it takes no service tokens");
        }
        if let Err(error) = EnvFilter::try_new(&self.log) {
            source.fault("log", error);
        }
        if self.hash_places() == 0 {
            source.fault("hash_memory_mib", "must be enough for one hash of argon2_memory_kib");
        }
    }

    /// The sender of mails: the configured one, or one at the host of the public URL.
    pub(crate) fn sender(&self) -> Result<Sender, SenderError> {
        self.mail_from.clone().map_or_else(|| Sender::of_host(&self.public_url.host()), Ok)
    }

    /// The configured mail server, if there is one.
    pub(crate) fn smtp_server(&self) -> Result<Option<SmtpServer>, SmtpUrlError> {
        let trusted = self.smtp_ca_file.as_ref().map(CaFile::authorities);
        self.smtp_url.as_ref().map(|url| SmtpServer::new(url.expose(), trusted)).transpose()
    }

    /// The number of concurrent password hashes: as many as the memory allows, but at most the number of processors.
    pub(crate) fn hash_places(&self) -> usize {
        let by_memory = u64::from(self.hash_memory_mib) * 1024 / u64::from(self.argon2.memory_kib());
        usize::try_from(by_memory).unwrap_or(usize::MAX).min(processors())
    }
}

fn read_argon2(source: &mut Source) -> Argon2Settings {
    let memory = source.read("argon2_memory_kib", Argon2Settings::MIN_MEMORY_KIB);
    let iterations = source.read("argon2_iterations", Argon2Settings::MIN_ITERATIONS);
    let parallelism = source.read("argon2_parallelism", 1);
    Argon2Settings::new(memory, iterations, parallelism).unwrap_or_else(|error| {
        let too_few = iterations < Argon2Settings::MIN_ITERATIONS;
        source.fault(if too_few { "argon2_iterations" } else { "argon2_memory_kib" }, error);
        Argon2Settings::default()
    })
}

/// Reads the RPC endpoints of Ethereum chains. Their URLs may contain an access key, so they are secret.
fn read_rpc(source: &mut Source) -> Vec<(Chain, Secret<String>)> {
    let mut nodes = Vec::new();
    for chain in Chain::ALL.into_iter().filter(|chain| chain.id().is_some()) {
        let key = format!("rpc_{chain}");
        let Some(url) = source.read_secret(&key) else { continue };
        if !Url::parse(url.expose()).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            source.fault(&key, "must be an http or https URL");
        }
        nodes.push((chain, url));
    }
    nodes
}

/// One tebibyte, in MiB.
const MAX_HASH_MEMORY: u32 = 1024 * 1024;

/// The memory for one hash per processor.
fn default_hash_memory(argon2: Argon2Settings) -> u32 {
    let one = argon2.memory_kib().div_ceil(1024);
    one.saturating_mul(u32::try_from(processors()).unwrap_or(1)).min(MAX_HASH_MEMORY)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

impl fmt::Display for Config {
    /// Formats the settings in force, without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |secret: &Option<Secret<String>>| if secret.is_some() { "***" } else { "not set" };
        writeln!(f, "listen = {}", self.listen)?;
        writeln!(f, "public_url = {}", self.public_url.as_str())?;
        writeln!(f, "database_url = {:?}", self.database_url)?;
        writeln!(f, "database_pool = {}", self.database_pool)?;
        writeln!(f, "master_key = {}", hidden(&self.master_key))?;
        writeln!(f, "password_min_length = {}", self.password_min_length)?;
        writeln!(f, "session_ttl = {} s", self.session_ttl.whole_seconds())?;
        writeln!(f, "audiences = {}", self.audiences)?;
        writeln!(f, "cors_origins = {}", self.cors_origins)?;
        writeln!(f, "signing_key_bits = {}", self.signing_key_bits)?;
        writeln!(f, "signing_key_days = {}", self.signing_key_life.whole_days())?;
        writeln!(f, "argon2 = {:?}", self.argon2)?;
        writeln!(f, "hash_memory_mib = {} ({} at once)", self.hash_memory_mib, self.hash_places())?;
        writeln!(f, "hash_queue_ms = {}", self.hash_queue.as_millis())?;
        writeln!(f, "shutdown_seconds = {}", self.shutdown_seconds)?;
        writeln!(f, "max_connections = {}", self.max_connections)?;
        writeln!(f, "max_connections_per_address = {}", self.max_connections_per_address)?;
        writeln!(f, "log = {}", self.log)?;
        writeln!(f, "log_format = {:?}", self.log_format)?;
        writeln!(f, "smtp_url = {}", hidden(&self.smtp_url))?;
        if let Some(file) = &self.smtp_ca_file {
            writeln!(f, "smtp_ca_file = {file}")?;
        }
        let sender = self.sender().map_or_else(|error| error.to_string(), |sender| sender.to_string());
        writeln!(f, "mail_from = {sender}")?;
        for (chain, url) in &self.rpc {
            writeln!(f, "rpc_{chain} = {url:?}")?;
        }
        writeln!(f, "throttle = {:?}", self.throttle)?;
        write!(f, "{}", self.quotas)
    }
}
