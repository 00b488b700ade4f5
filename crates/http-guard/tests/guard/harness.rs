//! A server with one service, on streams in memory.

use std::{cell::Cell, net::IpAddr, pin::pin, rc::Rc, time::Duration};

use actix_http::{HttpService, KeepAlive, Request, Response, body::BoxBody, error::PayloadError};
use actix_service::{Service as _, ServiceFactory as _, apply_fn_factory, fn_service};
use futures_core::Stream as _;
use tessera_http_guard::{Connection, Connections, Slot, exchange};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf, duplex},
    net::{TcpSocket, TcpStream},
    task::{JoinHandle, LocalSet, spawn_local},
    time::{sleep, timeout},
};

pub(crate) const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A request whose response takes [`SLOW_TIME`].
pub(crate) const SLOW: &str = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";

pub(crate) const SLOW_TIME: Duration = Duration::from_secs(5);

/// A request whose response exceeds all buffers.
pub(crate) const LARGE: &str = "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";

pub(crate) const LARGE_SIZE: usize = 512 * 1024;

/// The capacity of the stream between client and server.
const STREAM: usize = 8 * 1024;

/// The head of a request with a body.
pub(crate) fn post(framing: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}\r\n")
}

#[track_caller]
pub(crate) fn status_of(response: &str) -> u16 {
    let status =
        response.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no response: {response:?}"))
}

/// Returns whether the server has closed the connection by now.
pub(crate) async fn is_closed(client: &mut Client) -> bool {
    timeout(Duration::from_millis(1), client.read_to_end()).await.is_ok_and(|rest| rest.is_empty())
}

pub(crate) struct Server {
    connections: Connections,
    calls: Rc<Cell<usize>>,
}

impl Server {
    pub(crate) async fn run(test: impl AsyncFnOnce(&Self)) {
        Self::bounded(100, 100, test).await;
    }

    pub(crate) async fn bounded(total: usize, per_address: usize, test: impl AsyncFnOnce(&Self)) {
        let server = Self { connections: Connections::new(total, per_address), calls: Rc::default() };
        LocalSet::new().run_until(test(&server)).await;
    }

    /// The number of calls of the service.
    pub(crate) fn calls(&self) -> usize {
        self.calls.get()
    }

    pub(crate) fn admit(&self, address: [u8; 4]) -> Option<Slot> {
        self.connections.admit(IpAddr::from(address))
    }

    pub(crate) fn connect(&self) -> Client {
        self.connect_from([127, 0, 0, 1])
    }

    pub(crate) fn connect_from(&self, address: [u8; 4]) -> Client {
        let (stream, other) = duplex(STREAM);
        let slot = self.admit(address).unwrap_or_else(|| panic!("not admitted"));
        let serving = self.serve(Connection::new(other, slot));
        let (reader, writer) = tokio::io::split(stream);
        Client { reader: Reader(reader), writer: Writer(writer), serving }
    }

    /// Connects over TCP with small buffers, and sends a request before the server accepts it.
    pub(crate) async fn connect_over_tcp(&self, request: &str) -> (TcpStream, JoinHandle<()>) {
        let listener = small_socket();
        listener.bind(([127, 0, 0, 1], 0).into()).unwrap_or_else(|error| panic!("not bound: {error}"));
        let listener = listener.listen(1).unwrap_or_else(|error| panic!("no listener: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let mut client = small_socket().connect(address).await.unwrap_or_else(|error| panic!("no connection: {error}"));
        client.write_all(request.as_bytes()).await.unwrap_or_else(|error| panic!("not sent: {error}"));
        let (stream, _) = listener.accept().await.unwrap_or_else(|error| panic!("not accepted: {error}"));
        let slot = self.admit([127, 0, 0, 1]).unwrap_or_else(|| panic!("not admitted"));
        let reset = |stream: &TcpStream| {
            stream.set_zero_linger().unwrap_or_else(|error| panic!("no linger: {error}"));
        };
        (client, self.serve(Connection::new(stream, slot).reset_by(reset)))
    }

    fn serve<S>(&self, connection: Connection<S>) -> JoinHandle<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let calls = Rc::clone(&self.calls);
        spawn_local(async move {
            let service = fn_service(move |request| {
                calls.set(calls.get() + 1);
                respond(request)
            });
            let http = HttpService::build()
                // The keep-alive timer reads the system clock, which does not pause.
                .keep_alive(KeepAlive::Os)
                .client_request_timeout(Duration::ZERO)
                .client_disconnect_timeout(Duration::from_secs(1))
                .on_connect_ext(Connection::<S>::share)
                .h1(apply_fn_factory(service, exchange));
            let http = http.new_service(()).await.unwrap_or_else(|()| panic!("no service"));
            let _cut_off = http.call((connection, None)).await;
        })
    }
}

/// A socket whose buffers hold much less than a large response.
fn small_socket() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap_or_else(|error| panic!("no socket: {error}"));
    let sized = socket.set_send_buffer_size(8 * 1024).and_then(|()| socket.set_recv_buffer_size(8 * 1024));
    sized.unwrap_or_else(|error| panic!("no small buffers: {error}"));
    socket
}

/// Responds "ok" to a GET, and the length of its body to a POST.
async fn respond(mut request: Request) -> Result<Response<BoxBody>, Response<BoxBody>> {
    if request.path() == "/large" {
        return Ok(Response::ok().set_body(BoxBody::new("x".repeat(LARGE_SIZE))));
    }
    if request.path() == "/slow" {
        sleep(SLOW_TIME).await;
    }
    if request.method() == "GET" {
        return Ok(Response::ok().set_body(BoxBody::new("ok")));
    }
    let mut payload = pin!(request.take_payload());
    let mut length = 0;
    loop {
        match std::future::poll_fn(|context| payload.as_mut().poll_next(context)).await {
            Some(Ok(bytes)) => length += bytes.len(),
            Some(Err(PayloadError::Io(error))) if error.kind() == std::io::ErrorKind::TimedOut => {
                return Ok(Response::new(actix_http::StatusCode::REQUEST_TIMEOUT).set_body(BoxBody::new(())));
            }
            Some(Err(_)) => return Ok(Response::bad_request()),
            None => return Ok(Response::ok().set_body(BoxBody::new(length.to_string()))),
        }
    }
}

pub(crate) struct Client {
    reader: Reader<ReadHalf<DuplexStream>>,
    writer: Writer<WriteHalf<DuplexStream>>,
    serving: JoinHandle<()>,
}

impl Client {
    pub(crate) async fn send(&mut self, text: &str) {
        self.writer.send_bytes(text.as_bytes()).await;
    }

    /// Closes the sending side.
    pub(crate) async fn end(&mut self) {
        self.writer.0.shutdown().await.unwrap_or_else(|error| panic!("not shut: {error}"));
    }

    /// Waits until the server has closed the connection.
    pub(crate) async fn served(&mut self) {
        (&mut self.serving).await.unwrap_or_else(|error| panic!("the server failed: {error}"));
    }

    pub(crate) async fn response(&mut self) -> String {
        self.reader.response().await
    }

    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut text = String::new();
        self.reader.0.read_to_string(&mut text).await.unwrap_or_else(|error| panic!("not read: {error}"));
        text
    }

    pub(crate) async fn read_some(&mut self, bytes: usize) {
        let mut room = vec![0; bytes];
        self.reader.0.read_exact(&mut room).await.unwrap_or_else(|error| panic!("not read: {error}"));
    }

    pub(crate) fn split(&mut self) -> (&mut Reader<ReadHalf<DuplexStream>>, &mut Writer<WriteHalf<DuplexStream>>) {
        (&mut self.reader, &mut self.writer)
    }
}

pub(crate) struct Writer<S>(S);

impl<S: AsyncWrite + Unpin> Writer<S> {
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap_or_else(|error| panic!("not sent: {error}"));
    }
}

pub(crate) struct Reader<S>(S);

impl<S: AsyncRead + Unpin> Reader<S> {
    /// Reads one response of known length.
    pub(crate) async fn response(&mut self) -> String {
        let mut response = Vec::new();
        while !response.ends_with(b"\r\n\r\n") {
            response.push(self.0.read_u8().await.unwrap_or_else(|error| panic!("no response: {error}")));
        }
        let head = String::from_utf8_lossy(&response).to_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or_else(|| panic!("{head}"));
        let start = response.len();
        response.resize(start + length.parse::<usize>().unwrap_or_else(|error| panic!("{error}: {head}")), 0);
        self.0.read_exact(&mut response[start..]).await.unwrap_or_else(|error| panic!("no body: {error}"));
        String::from_utf8_lossy(&response).into_owned()
    }
}
