//! The listening sockets: those of a service manager (socket activation), or new ones.

use std::{
    io, iter,
    net::{SocketAddr, TcpListener},
};

use anyhow::{Context as _, bail};
use listenfd::ListenFd;
use socket2::{Domain, SockRef, Socket, Type};

use crate::config::Config;

/// The maximum number of connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// The name of the socket for metrics and health checks (`FileDescriptorName=` of systemd).
const METRICS: &str = "metrics";

/// The listening sockets that a service manager has passed to this process. It keeps them open while the process restarts.
#[derive(Default)]
pub(crate) struct Passed {
    clients: Option<TcpListener>,
    metrics: Option<TcpListener>,
}

/// The listening sockets of the service.
pub(crate) struct Listeners {
    pub(crate) clients: TcpListener,
    /// Whether new connections wait for the next process when this one ends.
    pub(crate) stays_open: bool,
    pub(crate) metrics: Option<TcpListener>,
}

/// Takes the sockets of `LISTEN_FDS`. Must be called before there are threads, because it changes the environment.
///
/// # Errors
/// A socket is not a listening TCP socket, or has no purpose.
#[expect(clippy::disallowed_methods, reason = "the names belong to the sockets, and are no setting")]
pub(crate) fn take_passed() -> anyhow::Result<Passed> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut descriptors = ListenFd::from_env();
    let mut passed = Passed::default();
    for (index, name) in (0..descriptors.len()).zip(names.split(':').chain(iter::repeat(""))) {
        let number = index + 1;
        let listener = descriptors.take_tcp_listener(index).ok().flatten();
        let listener = listener.filter(|listener| SockRef::from(listener).peer_addr().is_err());
        let listener = listener.with_context(|| {
            format!("socket {number} of LISTEN_FDS is no TCP listener: set ListenStream= to a port or an address and a port, without Accept=yes")
        })?;
        let place = if name == METRICS { &mut passed.metrics } else { &mut passed.clients };
        if place.replace(listener).is_some() {
            bail!(
                "socket {number} of LISTEN_FDS has no purpose: one is for clients, and one with FileDescriptorName={METRICS} for metrics"
            );
        }
    }
    Ok(passed)
}

impl Passed {
    /// Returns the passed sockets, and new ones for the addresses of the settings that no socket was passed for. The settings
    /// get the addresses.
    ///
    /// # Errors
    /// An address cannot be used.
    pub(crate) fn or_listen(self, config: &mut Config) -> anyhow::Result<Listeners> {
        let stays_open = self.clients.is_some();
        let clients = match self.clients {
            Some(passed) => log_passed(passed, "TESSERA_LISTEN")?,
            None => listen(config.listen).with_context(|| format!("can't listen on {}", config.listen))?,
        };
        config.bound_to(clients.local_addr()?);
        let metrics = match (self.metrics, config.metrics_listen) {
            (Some(passed), _) => Some(log_passed(passed, "TESSERA_METRICS_LISTEN")?),
            (None, Some(address)) => {
                Some(listen(address).with_context(|| format!("can't listen on {address} (TESSERA_METRICS_LISTEN)"))?)
            }
            (None, None) => None,
        };
        config.metrics_listen = metrics.as_ref().map(TcpListener::local_addr).transpose()?;
        Ok(Listeners { clients, stays_open, metrics })
    }
}

fn log_passed(listener: TcpListener, setting: &str) -> io::Result<TcpListener> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "the socket of the service manager (LISTEN_FDS) is used instead of {setting}");
    Ok(listener)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A restart need not wait until the kernel forgets the connections of the last run.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
