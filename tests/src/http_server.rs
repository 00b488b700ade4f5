//! An HTTP server that responds as a test says.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

/// Timeout for a request after its connection was accepted.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request.
pub struct Request {
    /// The head as text.
    pub head: String,
    pub body: Vec<u8>,
}

/// A response: its status and body. `None` leaves the connection open without one.
pub type Response = Option<(u16, String)>;

/// A server. Without it, its port is closed.
pub struct HttpServer {
    url: String,
    connections: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl HttpServer {
    /// Starts a server.
    ///
    /// # Panics
    /// Panics if no port is free.
    pub async fn start(respond: impl Fn(Request) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let (respond, connections) = (Arc::new(respond), Arc::<AtomicUsize>::default());
        let counted = Arc::clone(&connections);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let respond = Arc::clone(&respond);
                tokio::spawn(async move { serve(stream, &*respond).await });
            }
        });
        Self { url: format!("http://{address}"), connections, accepting }
    }

    /// The base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The number of connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Responds to the one request of a connection.
async fn serve(mut stream: TcpStream, respond: &(impl Fn(Request) -> Response + Sync)) {
    let Ok(Some(request)) = timeout(PATIENCE, read(&mut stream)).await else { return };
    let Some((status, body)) = respond(request) else {
        // The client ends the connection.
        let _closed = stream.read(&mut [0]).await;
        return;
    };
    let head = format!("HTTP/1.1 {status} Status\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let _sent = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        let Ok(1..) = stream.read_buf(&mut bytes).await else { return None };
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let length =
        lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).find_map(|(_, value)| value.parse().ok());
    let length: usize = length.unwrap_or_default();
    while bytes.len() < end + length {
        let Ok(1..) = stream.read_buf(&mut bytes).await else { return None };
    }
    Some(Request { body: bytes.split_off(end), head })
}
