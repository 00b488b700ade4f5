//! Raw bytes over a socket, for requests that an HTTP client does not send.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// Timeout for a silent server.
const PATIENCE: Duration = Duration::from_secs(15);

/// Sends bytes and returns everything that the server sends until it closes the connection.
///
/// # Panics
/// Panics if there is no connection, or if the server does not close it in time.
pub async fn exchange(authority: &str, request: &[u8]) -> String {
    let mut stream = connect(authority).await;
    // The server may close the connection before it has read everything. The response can still be read.
    let _refused_early = stream.write_all(request).await;
    read_to_end(&mut stream).await
}

/// Opens a connection.
///
/// # Panics
/// Panics if the connection fails.
pub async fn connect(authority: &str) -> TcpStream {
    TcpStream::connect(authority).await.unwrap_or_else(|error| panic!("no connection: {error}"))
}

/// Reads everything until the server closes the connection.
///
/// # Panics
/// Panics if the server does not close it in time.
pub async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    match timeout(PATIENCE, stream.read_to_end(&mut answer)).await {
        // A reset after the response does not affect the response.
        Ok(_) => String::from_utf8_lossy(&answer).into_owned(),
        Err(late) => panic!("the server did not close ({late}): {}", String::from_utf8_lossy(&answer)),
    }
}

/// The status of a raw response.
///
/// # Panics
/// Panics if the text is not an HTTP response.
#[track_caller]
#[must_use]
pub fn status_of(answer: &str) -> u16 {
    let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
    status.unwrap_or_else(|| panic!("no HTTP answer: {answer:?}"))
}

/// A request with a JSON body, as bytes. It asks the server to close the connection.
#[must_use]
pub fn json_request(method: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}
