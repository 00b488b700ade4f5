//! `tessera health`: the readiness of a running service, for the health checks of containers.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Context as _, bail};
use reqwest::{Client, ClientBuilder, StatusCode, redirect::Policy};
use url::Url;

use crate::config::Config;

/// How long the service may take to respond.
const PATIENCE: Duration = Duration::from_secs(2);

/// Parses the base URL of a service, such as `http://127.0.0.1:8080`.
pub(crate) fn base_url(text: &str) -> Result<Url, &'static str> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none())
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .ok_or("must be an http or https URL without user info, query or fragment, such as http://127.0.0.1:8080")
}

/// Succeeds if the service on this machine with these settings is ready.
pub(crate) async fn check_own(config: &Config) -> anyhow::Result<()> {
    // The address for metrics also responds while clients load the service. It has no TLS.
    let (scheme, address) = match config.metrics_listen {
        Some(address) => ("http", address),
        None if config.tls.is_some() => ("https", config.listen),
        None => ("http", config.listen),
    };
    let address = reachable(address);
    if address.port() == 0 {
        bail!("the settings let the system choose the port of the service: pass its URL");
    }
    // The certificate is for the name in the public URL, not for this address. The request contains no secret.
    let client = Client::builder().tls_danger_accept_invalid_certs(true);
    ask(client, &Url::parse(&format!("{scheme}://{address}"))?).await
}

/// The address at which this machine reaches a listener. An unspecified address is no destination.
const fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}

/// Succeeds if the service at a URL is ready.
pub(crate) async fn check(base: &Url) -> anyhow::Result<()> {
    ask(Client::builder(), base).await
}

async fn ask(client: ClientBuilder, base: &Url) -> anyhow::Result<()> {
    let url = format!("{}/health/ready", base.as_str().trim_end_matches('/'));
    // No redirect and no proxy: only the response of the service itself counts.
    let client = client.redirect(Policy::none()).no_proxy().timeout(PATIENCE).build()?;
    let response = client.get(&url).send().await;
    let response = response.map_err(reqwest::Error::without_url).with_context(|| format!("{url} does not respond"))?;
    match response.status() {
        StatusCode::OK => Ok(()),
        status => bail!("{url} responds with {status}"),
    }
}
