//! The configuration: environment variables override the file, which overrides defaults. Unknown keys are rejected, and
//! all errors are reported together.

mod audiences;
mod backups;
mod breached_passwords;
mod ca_file;
mod config_error;
mod cors;
mod database;
mod evm_chains;
mod home_url;
mod limits;
mod list;
mod log_filter;
mod logo_file;
mod origin;
mod passkeys;
mod printout;
mod public_url;
mod quotas;
mod refresh;
mod source;
mod suggest;
mod switches;
mod tls;
mod traces;
mod trusted_proxies;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

pub(crate) use audiences::Audiences;
pub(crate) use backups::BackupSettings;
pub(crate) use ca_file::CaFile;
pub(crate) use config_error::ConfigError;
pub(crate) use cors::Cors;
use evm_chains::EvmChains;
use home_url::HomeUrl;
use log_filter::LogFilter;
use origin::variable;
pub(crate) use origin::{PREFIX, TRACES_PREFIX};
use passkeys::PasskeySettings;
pub(crate) use printout::Printout;
use public_url::PublicUrl;
pub(crate) use quotas::Quotas;
pub(crate) use source::SettingsFile;
use source::Source;
pub(crate) use switches::{LogFormat, Migrate, Throttle};
use tessera_adapters::{
    Argon2Settings, BreachedPasswords, DatabaseUrl, KeyBits, MasterKey, RelyingParty, Sender, SenderError, SmtpServer,
    SmtpUrlError,
};
use tessera_api::{Branding, Logo};
use tessera_identity::model::{Password, RefreshSettings, RegistrationMode};
use tessera_kernel::{Chain, ProductName, RateLimit, Secret};
use time::Duration;
pub(crate) use traces::TraceSettings;
use trusted_proxies::TrustedProxies;
use url::Url;

use crate::tls::TlsFiles;

/// The file that is read if it exists and `TESSERA_CONFIG` is not set.
pub(crate) const DEFAULT_FILE: &str = "tessera.toml";

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

const METRICS_LISTEN_RULE: &str = "an IP address and a port, such as 127.0.0.1:9464";

/// The validated settings.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    /// The address for metrics and health checks.
    pub(crate) metrics_listen: Option<SocketAddr>,
    /// The certificate of the address for clients. Without it, they use plain HTTP.
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) public_url: PublicUrl,
    /// Whether the public URL follows from the listen address.
    pub(crate) public_url_is_default: bool,
    pub(crate) product: ProductName,
    logo: Option<Logo>,
    home_url: Option<HomeUrl>,
    pub(crate) database_url: DatabaseUrl,
    pub(crate) database_pool: usize,
    pub(crate) migrate: Migrate,
    pub(crate) database_ca_file: Option<CaFile>,
    pub(crate) credential_cache_mib: u32,
    pub(crate) master_key: Option<Secret<String>>,
    pub(crate) password_min_length: usize,
    pub(crate) session_ttl: Duration,
    pub(crate) registration: RegistrationMode,
    pub(crate) audiences: Audiences,
    pub(crate) cors_origins: Cors,
    pub(crate) signing_key_bits: KeyBits,
    pub(crate) signing_key_life: Duration,
    pub(crate) argon2: Argon2Settings,
    pub(crate) hash_memory_mib: u32,
    pub(crate) hash_queue: std::time::Duration,
    pub(crate) shutdown_seconds: u64,
    pub(crate) drain: std::time::Duration,
    pub(crate) max_connections: usize,
    pub(crate) max_connections_per_address: usize,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) log: LogFilter,
    pub(crate) log_format: LogFormat,
    pub(crate) smtp_url: Option<Secret<String>>,
    pub(crate) smtp_ca_file: Option<CaFile>,
    pub(crate) mail_from: Option<Sender>,
    pub(crate) breached_passwords: Option<BreachedPasswords>,
    pub(crate) throttle: Throttle,
    pub(crate) limits: Vec<RateLimit>,
    pub(crate) bounds: limits::Bounds,
    pub(crate) quotas: Quotas,
    pub(crate) evm_chains: EvmChains,
    /// The RPC endpoints of chains.
    pub(crate) rpc: Vec<(Chain, Secret<String>)>,
    passkeys: PasskeySettings,
    pub(crate) refresh: RefreshSettings,
    /// How long audit entries are kept. `None` means for ever.
    pub(crate) audit_retention: Option<Duration>,
    /// The address of the PostgreSQL server itself, for migrations and revocations.
    pub(crate) database_direct_url: Option<DatabaseUrl>,
    pub(crate) backups: BackupSettings,
    pub(crate) master_key_also: Option<Secret<String>>,
    /// `None` if no traces are exported.
    pub(crate) traces: Option<TraceSettings>,
}

impl Config {
    /// Reads the settings from a file and from the environment.
    pub(crate) fn load(
        file: SettingsFile,
        environment: BTreeMap<String, String>,
    ) -> Result<(Self, Printout), ConfigError> {
        let mut source = Source::new(file, environment);
        let listen = source.read_as("listen", DEFAULT_LISTEN, "an IP address and a port, such as 127.0.0.1:8080");
        let tls = tls::read(&mut source);
        let (public_url, public_url_is_default) = PublicUrl::read(&mut source, listen, tls.is_some());
        let product = source.read_as("name", ProductName::default(), &product_name_rule());
        let argon2 = read_argon2(&mut source);
        let config = Self {
            listen,
            tls,
            metrics_listen: source.read_optional_as("metrics_listen", METRICS_LISTEN_RULE),
            public_url_is_default,
            logo: logo_file::read(&mut source, "logo"),
            home_url: source.read_optional("home_url", None),
            database_url: database::read_url(&mut source),
            database_pool: source.read_in("database_pool", 10, 2..=1000),
            migrate: source.read("migrate", Migrate::Auto),
            database_ca_file: CaFile::read(&mut source, "database_ca_file"),
            credential_cache_mib: source.read_in("credential_cache_mib", 64, 0..=65_536),
            master_key: source.read_secret("master_key"),
            master_key_also: source.read_secret("master_key_also"),
            password_min_length: read_password_min_length(&mut source),
            session_ttl: Duration::seconds(source.read_in("session_ttl", 86_400, 1..=31_536_000)),
            registration: source.read("registration", RegistrationMode::Open),
            audiences: source.read_optional("audiences", None).unwrap_or_default(),
            cors_origins: source.read_optional("cors_origins", None).unwrap_or_default(),
            signing_key_bits: source.read("signing_key_bits", KeyBits::default()),
            signing_key_life: Duration::days(source.read_in("signing_key_days", 90, 1..=3650)),
            argon2,
            hash_memory_mib: source.read_in("hash_memory_mib", default_hash_memory(argon2), 1..=MAX_HASH_MEMORY),
            hash_queue: std::time::Duration::from_millis(source.read_in("hash_queue_ms", 3_000, 1..=60_000)),
            shutdown_seconds: source.read_in("shutdown_seconds", 8, 1..=300),
            drain: std::time::Duration::from_secs(source.read_in("drain_seconds", 0, 0..=300)),
            max_connections: source.read_in("max_connections", 10_000, 1..=1_000_000),
            max_connections_per_address: source.read_in("max_connections_per_address", 1_000, 1..=1_000_000),
            trusted_proxies: source.read_optional("trusted_proxies", None).unwrap_or_default(),
            log: source.read("log", LogFilter::default()),
            log_format: source.read("log_format", LogFormat::Auto),
            smtp_url: source.read_secret("smtp_url"),
            smtp_ca_file: CaFile::read(&mut source, "smtp_ca_file"),
            mail_from: source.read_optional("mail_from", Sender::of_host(&product, &public_url.host()).ok().as_ref()),
            breached_passwords: breached_passwords::open(&mut source, "breached_passwords"),
            throttle: source.read("throttle", Throttle::On),
            limits: limits::read(&mut source),
            bounds: limits::Bounds::read(&mut source),
            quotas: Quotas::read(&mut source),
            evm_chains: source.read_optional("evm_chains", None).unwrap_or_default(),
            rpc: read_rpc(&mut source),
            passkeys: PasskeySettings::read(&mut source, &public_url),
            refresh: refresh::read(&mut source),
            audit_retention: read_audit_retention(&mut source),
            database_direct_url: database::read_direct_url(&mut source),
            backups: backups::read(&mut source),
            traces: traces::read(&mut source),
            public_url,
            product,
        };
        config.check(&mut source);
        let log_format = config.log_format;
        source.finish(config, log_format)
    }

    /// Checks rules that involve several keys.
    fn check(&self, source: &mut Source) {
        if let Some(key) = &self.master_key
            && let Err(error) = key.expose().parse::<MasterKey>()
        {
            source.fault("master_key", error);
        }
        self.check_second_key(source);
        if self.master_key.is_none() && matches!(self.database_url, DatabaseUrl::Postgres(_)) {
            source.fault(
                "master_key",
                "is required with PostgreSQL: every node must have the same one, \
                such as the output of openssl rand -hex 32",
            );
        }
        let direct = self.database_direct_url.as_ref();
        database::check(&self.database_url, direct, self.database_ca_file.is_some(), source);
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
        if self.metrics_listen.is_some_and(|address| address == self.listen && address.port() != 0) {
            source.fault("metrics_listen", "must not be the address of TESSERA_LISTEN, such as 127.0.0.1:9464");
        }
        refresh::check(&self.refresh, source);
        self.passkeys.check(&self.public_url, source);
        backups::check(&self.backups, &self.database_url, source);
        if self.hash_places() == 0 {
            source.fault("hash_memory_mib", "must be enough for one hash of argon2_memory_kib");
        }
    }

    fn check_second_key(&self, source: &mut Source) {
        let Some(also) = &self.master_key_also else { return };
        if let Err(error) = also.expose().parse::<MasterKey>() {
            source.fault("master_key_also", error);
        }
        match &self.master_key {
            Some(key) if key.expose().trim() == also.expose().trim() => {
                source.fault("master_key_also", "must not be the same key as TESSERA_MASTER_KEY");
            }
            Some(_) => {}
            None => source.fault(
                "master_key_also",
                "is of no use without TESSERA_MASTER_KEY; a key file is replaced by tessera master-key rotate",
            ),
        }
    }

    /// The sender of mails: the configured one, or one at the host of the public URL.
    pub(crate) fn sender(&self) -> Result<Sender, SenderError> {
        self.mail_from.clone().map_or_else(|| Sender::of_host(&self.product, &self.public_url.host()), Ok)
    }

    /// The choices for the pages.
    pub(crate) fn branding(&self) -> Branding {
        Branding {
            product: self.product.clone(),
            logo: self.logo.clone(),
            home_url: self.home_url.as_ref().map(ToString::to_string),
        }
    }

    /// Sets the address of the listening socket, which may have a port that the system has chosen, and completes the
    /// default of the public URL with it.
    pub(crate) fn bound_to(&mut self, address: SocketAddr) {
        self.listen = address;
        if self.public_url_is_default {
            self.public_url = PublicUrl::of_listener(address, self.tls.is_some());
        }
    }

    /// The RP id of passkeys and its origins. `None` if there are no passkeys, because the public URL has an IP address.
    pub(crate) fn relying_party(&self) -> Option<RelyingParty> {
        self.passkeys.relying_party(&self.public_url)
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

/// Returns the variable of the setting with this key or a similar one.
pub(crate) fn variable_like(key: &str) -> Option<String> {
    let (_, defaults) = Config::load(SettingsFile::default(), BTreeMap::new()).ok()?;
    let known: Vec<String> = defaults.keys().into_iter().chain(["config".to_owned()]).collect();
    suggest::closest(key, &known).map(variable)
}

fn read_argon2(source: &mut Source) -> Argon2Settings {
    let (least_memory, least_iterations) = (Argon2Settings::MIN_MEMORY_KIB, Argon2Settings::MIN_ITERATIONS);
    let memory = source.read_in("argon2_memory_kib", least_memory, least_memory..=u32::MAX);
    let iterations = source.read_in("argon2_iterations", least_iterations, least_iterations..=u32::MAX);
    let parallelism = source.read_in("argon2_parallelism", 1, 1..=16_777_215);
    Argon2Settings::new(memory, iterations, parallelism).unwrap_or_else(|error| {
        source.fault("argon2_memory_kib", error);
        Argon2Settings::default()
    })
}

fn read_password_min_length(source: &mut Source) -> usize {
    source.read_in("password_min_length", Password::MIN_LENGTH, Password::MIN_LENGTH..=Password::MAX_LENGTH)
}

fn read_audit_retention(source: &mut Source) -> Option<Duration> {
    let days = source.read_in("audit_days", 400, 0..=36_500);
    (days > 0).then(|| Duration::days(days))
}

fn product_name_rule() -> String {
    let most = ProductName::MAX_LENGTH;
    format!("one line of 1 to {most} characters without control or bidirectional characters, such as Acme Accounts")
}

/// Reads the RPC endpoints of Ethereum chains. Their URLs may contain an access key, so they are secret.
fn read_rpc(source: &mut Source) -> Vec<(Chain, Secret<String>)> {
    let mut nodes = Vec::new();
    for chain in Chain::NAMED.into_iter().filter(|chain| chain.id().is_some()) {
        let key = format!("rpc_{chain}");
        let Some(url) = source.read_secret(&key) else { continue };
        if !Url::parse(url.expose()).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            source.fault(&key, "must be an http or https URL, such as https://node.example.com");
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
