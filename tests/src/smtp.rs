//! A mail server that stores its mails and behaves as configured.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use data_encoding::BASE64;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::mail::ReceivedMail;

/// Pseudo command for a new connection, for [`WalletBehavior::answering`].
pub const GREETING: &str = "greeting";

/// Pseudo command for the end of a message.
pub const END_OF_MESSAGE: &str = ".";

/// Behavior of a mail server.
#[derive(Clone, Default)]
pub struct WalletBehavior {
    tls: Tls,
    credentials: Option<String>,
    answers: Vec<(String, String)>,
    /// No support of SMTPUTF8.
    ascii_only: bool,
}

#[derive(Clone, Default)]
enum Tls {
    #[default]
    None,
    Wrapped(TlsAcceptor),
    Offered {
        acceptor: TlsAcceptor,
        /// Text that a man in the middle adds after the response to STARTTLS.
        injected: &'static str,
    },
}

impl WalletBehavior {
    /// Uses TLS from the first byte.
    #[must_use]
    pub fn wrapped(acceptor: TlsAcceptor) -> Self {
        Self { tls: Tls::Wrapped(acceptor), ..Self::default() }
    }

    /// Offers STARTTLS.
    #[must_use]
    pub fn starttls(acceptor: TlsAcceptor) -> Self {
        Self { tls: Tls::Offered { acceptor, injected: "" }, ..Self::default() }
    }

    /// Offers STARTTLS, and a man in the middle adds responses after the response to STARTTLS.
    #[must_use]
    pub fn injected(acceptor: TlsAcceptor, injected: &'static str) -> Self {
        Self { tls: Tls::Offered { acceptor, injected }, ..Self::default() }
    }

    /// Offers authentication with and without TLS, and accepts mails only from this user.
    #[must_use]
    pub fn knowing(self, user: &str, password: &str) -> Self {
        Self { credentials: Some(BASE64.encode(format!("\0{user}\0{password}").as_bytes())), ..self }
    }

    /// Does not offer SMTPUTF8, and rejects non-ASCII addresses.
    #[must_use]
    pub fn ascii_only(self) -> Self {
        Self { ascii_only: true, ..self }
    }

    /// Answers commands with this prefix with a code, a space and a text.
    #[must_use]
    pub fn answering(mut self, command: &str, answer: &str) -> Self {
        self.answers.push((command.to_ascii_uppercase(), answer.to_owned()));
        self
    }

    /// The configured response to a command.
    fn answer(&self, command: &str) -> Option<&str> {
        let command = command.to_ascii_uppercase();
        let told = self.answers.iter().find(|(start, _)| command.starts_with(start));
        told.map(|(_, answer)| answer.as_str())
    }
}

/// Everything received so far.
#[derive(Default)]
struct Kept {
    mails: Vec<ReceivedMail>,
    /// Every command, and whether it was sent over TLS.
    commands: Vec<(bool, String)>,
}

#[derive(Clone)]
struct Host {
    manners: Arc<WalletBehavior>,
    kept: Arc<Mutex<Kept>>,
}

impl Host {
    fn with_kept<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A mail server that stops when it is dropped.
pub struct Sink {
    address: SocketAddr,
    host: Host,
    task: JoinHandle<()>,
}

impl Sink {
    /// Starts a server on a free port that accepts every mail.
    pub async fn start() -> Self {
        Self::with(WalletBehavior::default()).await
    }

    /// Starts a server with the given behavior on a free port.
    pub async fn with(manners: WalletBehavior) -> Self {
        Self::bind(SocketAddr::from(([127, 0, 0, 1], 0)), manners).await
    }

    /// Starts a server on the given address.
    pub async fn on(address: SocketAddr) -> Self {
        Self::bind(address, WalletBehavior::default()).await
    }

    async fn bind(address: SocketAddr, manners: WalletBehavior) -> Self {
        let listener = TcpListener::bind(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let host = Host { manners: Arc::new(manners), kept: Arc::default() };
        let of_all = host.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, of_all.clone()));
            }
        });
        Self { address, host, task }
    }

    /// An address on which no server listens.
    pub async fn nowhere() -> SocketAddr {
        Self::start().await.address
    }

    /// The setting of the service for a server without TLS.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The setting of the service for a server with TLS. The host may be preceded by user and password.
    #[must_use]
    pub fn tls_url(&self, host: &str) -> String {
        let port = self.address.port();
        match self.host.manners.tls {
            Tls::Wrapped(_) => format!("smtps://{host}:{port}"),
            Tls::None | Tls::Offered { .. } => format!("smtp://{host}:{port}?tls=required"),
        }
    }

    /// The mails received so far, except those that a registration sends.
    #[must_use]
    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.host.with_kept(|kept| kept.mails.iter().filter(|mail| !mail.is_verification()).cloned().collect())
    }

    /// All commands received so far.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        self.host.with_kept(|kept| kept.commands.iter().map(|(_, command)| command.clone()).collect())
    }

    /// The verbs of the commands that were sent without TLS.
    #[must_use]
    pub fn in_the_clear(&self) -> Vec<String> {
        self.host.with_kept(|kept| {
            let clear = kept.commands.iter().filter(|(encrypted, _)| !encrypted);
            clear.map(|(_, command)| verb(command)).collect()
        })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// One connection.
struct Talk {
    stream: BufReader<Box<dyn Wire>>,
    encrypted: bool,
    signed_in: bool,
    host: Host,
}

fn verb(line: &str) -> String {
    line.split([' ', '\r']).next().unwrap_or_default().to_ascii_uppercase()
}

/// Handles one connection until its end (RFC 5321).
async fn converse(stream: TcpStream, host: Host) -> io::Result<()> {
    let manners = Arc::clone(&host.manners);
    let mut talk = Talk { stream: BufReader::new(Box::new(stream)), encrypted: false, signed_in: false, host };
    if let Tls::Wrapped(acceptor) = &manners.tls {
        talk = talk.encrypt(acceptor).await?;
    }
    talk.say(manners.answer(GREETING).unwrap_or("220 sink ESMTP")).await?;
    loop {
        let Some(line) = talk.hear().await? else { return Ok(()) };
        let verb = verb(&line);
        if let (Tls::Offered { acceptor, injected }, "STARTTLS", false) = (&manners.tls, &*verb, talk.encrypted) {
            talk.stream.write_all(format!("220 go ahead\r\n{injected}").as_bytes()).await?;
            talk = talk.encrypt(acceptor).await?;
        } else {
            talk.reply(&line, &verb).await?;
        }
        if verb == "QUIT" {
            return Ok(());
        }
    }
}

impl Talk {
    async fn encrypt(self, acceptor: &TlsAcceptor) -> io::Result<Self> {
        let stream: Box<dyn Wire> = Box::new(acceptor.accept(self.stream.into_inner()).await?);
        Ok(Self { stream: BufReader::new(stream), encrypted: true, signed_in: false, host: self.host })
    }

    async fn say(&mut self, answer: &str) -> io::Result<()> {
        self.stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    /// The next command; `None` at the end of the connection.
    async fn hear(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let command = (self.encrypted, line.trim_end().to_owned());
        self.host.with_kept(|kept| kept.commands.push(command));
        Ok(Some(line))
    }

    async fn reply(&mut self, line: &str, verb: &str) -> io::Result<()> {
        let manners = Arc::clone(&self.host.manners);
        let stranger = manners.credentials.is_some() && !self.signed_in;
        let answer = match (manners.answer(line), verb) {
            (Some(answer), _) => answer,
            (None, "EHLO") => return self.say(&self.extensions()).await,
            (None, "AUTH") => match &manners.credentials {
                Some(expected) if line.trim_end() == format!("AUTH PLAIN {expected}") => {
                    self.signed_in = true;
                    "235 welcome"
                }
                _ => "535 5.7.8 nobody known",
            },
            (None, "MAIL" | "RCPT") if manners.ascii_only && !line.is_ascii() => "553 5.6.7 not in ASCII",
            (None, "MAIL") if stranger => "530 5.7.0 sign in first",
            (None, "DATA") => return self.take_message().await,
            (None, "QUIT") => "221 bye",
            (None, "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP") => "250 ok",
            _ => "500 what?",
        };
        self.say(answer).await
    }

    fn extensions(&self) -> String {
        let manners = &self.host.manners;
        let starttls =
            if matches!(manners.tls, Tls::Offered { .. }) && !self.encrypted { "250-STARTTLS\r\n" } else { "" };
        let auth = if manners.credentials.is_some() { "250-AUTH PLAIN\r\n" } else { "" };
        let utf8 = if manners.ascii_only { "" } else { "250-SMTPUTF8\r\n" };
        format!("250-sink\r\n{starttls}{auth}{utf8}250 8BITMIME")
    }

    async fn take_message(&mut self) -> io::Result<()> {
        self.say("354 go ahead").await?;
        let message = self.data().await?;
        let manners = Arc::clone(&self.host.manners);
        let answer = manners.answer(END_OF_MESSAGE).unwrap_or("250 kept");
        if answer.starts_with('2') {
            self.host.with_kept(|kept| kept.mails.push(ReceivedMail::read(&message)));
        }
        self.say(answer).await
    }

    /// Reads a message up to the line with a single dot.
    async fn data(&mut self) -> io::Result<Vec<u8>> {
        let mut message = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line == b".\r\n" {
                return Ok(message);
            }
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }
}
