//! A TCP proxy in front of a server, which delays, withholds or resets what passes.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch::{Receiver, Sender, channel},
    task::JoinHandle,
    time::sleep,
};

/// What the proxy does with connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Everything passes.
    Open,
    /// Everything passes after this time.
    Slow(Duration),
    /// All connections stay open, and nothing passes until the state changes.
    Silent,
    /// All connections are reset, also new ones. What has not passed is lost.
    Down,
}

/// A proxy. Without it, its connections are closed.
pub struct Proxy {
    address: SocketAddr,
    network: Sender<Network>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy before a server, which is a host and a port.
    ///
    /// # Panics
    /// Panics if no port is free.
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
        Self::at(listener, server)
    }

    /// Starts a proxy on an address.
    ///
    /// # Panics
    /// Panics if the listener has no address.
    #[must_use]
    pub fn at(listener: TcpListener, server: &str) -> Self {
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let (network, state) = channel(Network::Open);
        let accepting = tokio::spawn(accept(listener, server.to_owned(), state));
        Self { address, network, accepting }
    }

    /// The address for clients.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of a database behind the proxy.
    #[must_use]
    pub fn url(&self, url: &str) -> String {
        url.replace(server_of(url), &self.address.to_string())
    }

    /// Changes what happens to the connections.
    pub fn set(&self, network: Network) {
        self.network.send_replace(network);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The host and the port in the URL of a database.
#[must_use]
pub fn server_of(url: &str) -> &str {
    url.split('@').nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default()
}

async fn accept(listener: TcpListener, server: String, network: Receiver<Network>) {
    while let Ok((client, _)) = listener.accept().await {
        let is_down = *network.borrow() == Network::Down;
        let server = if is_down { None } else { TcpStream::connect(&server).await.ok() };
        let Some(server) = server else {
            drop(client.set_zero_linger());
            continue;
        };
        for socket in [&client, &server] {
            drop(socket.set_zero_linger());
            drop(socket.set_nodelay(true));
        }
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        drop(tokio::spawn(pass(from_client, to_server, network.clone())));
        drop(tokio::spawn(pass(from_server, to_client, network.clone())));
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut network: Receiver<Network>) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let mut down = network.clone();
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            _ = down.wait_for(|network| *network == Network::Down) => return,
        };
        let Ok(read @ 1..) = read else { return };
        let Ok(now) = network.wait_for(|network| *network != Network::Silent).await.map(|network| *network) else {
            return;
        };
        match now {
            Network::Down => return,
            Network::Slow(delay) => sleep(delay).await,
            Network::Open | Network::Silent => {}
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
