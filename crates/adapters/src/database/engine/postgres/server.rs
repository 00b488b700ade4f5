//! The address of a PostgreSQL server, and how connections to it are encrypted.

use std::{net::IpAddr, sync::Arc};

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{features::Features, timeline::Newest};
use crate::{authorities::Authorities, database::engine::open_error::OpenError};

/// A PostgreSQL server, or several of which one accepts writes.
#[derive(Clone)]
pub(in crate::database) struct Server {
    pub(in crate::database) config: Config,
    /// Encrypts connections. Of no use if the mode of `config` is [`SslMode::Disable`].
    pub(super) tls: MakeRustlsConnect,
    /// Whether a connection belongs to this process as long as it is open.
    pub(in crate::database::engine) sessions: Sessions,
    /// What the server supports.
    pub(in crate::database::engine) features: Features,
    /// Excludes a primary that was replaced. Clones share it.
    pub(super) newest: Newest,
}

/// How long a session of the server stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::database) enum Sessions {
    /// Until the process closes the connection.
    Own,
    /// Until the transaction ends: a pooler then lends the session to other clients.
    Shared,
}

impl Server {
    /// Parses an address. Certificates are checked against `authorities`, or against those of the system.
    pub(in crate::database::engine) fn new(
        address: &str,
        authorities: Option<&Authorities>,
    ) -> Result<Self, OpenError> {
        let config = parse(address)?;
        // The authorities of the system are not read for a server that is not encrypted.
        let none = Authorities::none();
        let authorities = if is_encrypted(&config) { authorities } else { Some(&none) };
        let tls = MakeRustlsConnect::new(client(authorities).map_err(OpenError::Tls)?);
        Ok(Self { config, tls, sessions: Sessions::Own, features: Features::ALL, newest: Newest::default() })
    }

    pub(super) fn is_encrypted(&self) -> bool {
        is_encrypted(&self.config)
    }
}

/// Parses the address of a server, with its TLS mode.
pub(in crate::database::engine) fn parse(address: &str) -> Result<Config, OpenError> {
    let (address, mode) = split_mode(address);
    let mut config: Config = address.parse().map_err(|fault| OpenError::Address(Box::new(fault)))?;
    config.ssl_mode(match mode {
        // `require` checks the certificate too: encryption to an unknown server gives no protection from an attacker who
        // can redirect connections.
        Some("require" | "verify-full") => SslMode::Require,
        Some("disable") => SslMode::Disable,
        Some(_) => return Err(OpenError::SslMode),
        None if is_local(&config) => SslMode::Disable,
        None => SslMode::Require,
    });
    Ok(config)
}

/// Returns whether connections are encrypted.
pub(in crate::database::engine) fn is_encrypted(config: &Config) -> bool {
    config.get_ssl_mode() != SslMode::Disable
}

/// Takes `sslmode` out of an address, because the driver rejects some of its values. Like the driver, this looks for the
/// options after the password.
fn split_mode(address: &str) -> (String, Option<&str>) {
    let credentials = address.find('@').unwrap_or(0);
    let Some(options) = address[credentials..].find('?').map(|place| credentials + place) else {
        return (address.to_owned(), None);
    };
    let (server, options) = (&address[..options], &address[options + 1..]);
    let (modes, others): (Vec<&str>, Vec<&str>) =
        options.split('&').partition(|option| option.split('=').next() == Some("sslmode"));
    let mode = modes.last().map(|option| option.split_once('=').map_or("", |(_, mode)| mode));
    let others = others.join("&");
    let address = if others.is_empty() { server.to_owned() } else { format!("{server}?{others}") };
    (address, mode)
}

/// Returns whether no connection leaves the machine.
pub(in crate::database::engine) fn is_local(config: &Config) -> bool {
    let name_is_local = |name: &str| name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let addresses = config.get_hostaddrs();
    let hosts_are_local = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name_is_local(name),
        Host::Unix(_) => true,
    });
    if addresses.is_empty() { hosts_are_local } else { addresses.iter().all(IpAddr::is_loopback) }
}

fn client(authorities: Option<&Authorities>) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions()?;
    let builder = match authorities {
        Some(authorities) => builder.with_root_certificates(roots(authorities)?),
        None => builder.with_platform_verifier()?,
    };
    Ok(builder.with_no_client_auth())
}

fn roots(authorities: &Authorities) -> Result<RootCertStore, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for certificate in authorities.certificates() {
        roots.add(certificate.clone())?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::SslMode::{Disable, Require};

    use super::{OpenError, parse, split_mode};

    #[test]
    fn connections_that_leave_the_machine_are_encrypted_by_default() {
        for (address, mode) in [
            ("postgres://t:p@db.example.com/t", Require),
            ("postgres://t:p@10.0.0.1/t", Require),
            ("postgres://t:p@127.0.0.1,db.example.com/t", Require),
            ("postgres://t:p@db.example.com/t?hostaddr=127.0.0.1", Disable),
            ("postgres://t:p@localhost/t?hostaddr=10.0.0.1", Require),
            ("postgres://t:p@127.0.0.1:5433/t", Disable),
            ("postgres://t:p@[::1]/t", Disable),
            ("postgres://t:p@localhost/t", Disable),
            ("postgres://t:p@%2Frun%2Fpostgresql/t", Disable),
            ("postgres://t:p@db.example.com/t?sslmode=disable", Disable),
            ("postgres://t:p@localhost/t?sslmode=require", Require),
            ("postgres://t:p@localhost/t?connect_timeout=3&sslmode=verify-full", Require),
            ("postgres://t:p@localhost/t?sslmode=disable&sslmode=require", Require),
        ] {
            let config = parse(address).unwrap_or_else(|error| panic!("{address}: {error}"));
            assert_eq!(config.get_ssl_mode(), mode, "{address}");
        }
    }

    #[test]
    fn modes_that_protect_from_no_attacker_are_rejected() {
        for mode in ["prefer", "allow", "verify-ca", "", "REQUIRE", "no"] {
            let parsed = parse(&format!("postgres://t:p@localhost/t?sslmode={mode}"));
            assert!(matches!(parsed, Err(OpenError::SslMode)), "{mode}");
        }
    }

    #[test]
    fn other_options_and_passwords_stay() {
        let address = "postgres://t:a?b@localhost/t?connect_timeout=3&sslmode=require&application_name=x";
        let rest = "postgres://t:a?b@localhost/t?connect_timeout=3&application_name=x";
        assert_eq!(split_mode(address), (rest.to_owned(), Some("require")));
        assert_eq!(split_mode("postgres://localhost/t"), ("postgres://localhost/t".to_owned(), None));
    }
}
