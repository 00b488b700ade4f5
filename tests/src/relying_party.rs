//! A relying party: a small server that signs users in through this service, only with the documented protocol.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::{
    api::Api,
    sso::{CHALLENGE, VERIFIER, encode},
};

/// A relying party that listens but does not respond yet.
pub struct RelyingParty {
    /// Its base URL.
    pub url: String,
    listener: TcpListener,
}

/// State of the relying party: its configuration and its received tokens.
struct Site {
    api: Api,
    issuer: String,
    app: String,
    url: String,
    tokens: Mutex<Vec<String>>,
}

/// The tokens that the relying party received for its codes.
#[derive(Clone)]
pub struct Visitors(Arc<Site>);

impl Visitors {
    /// The tokens in order.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        self.0.tokens.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl RelyingParty {
    /// Opens a port. It does not respond yet, because its redirect URI must be registered first.
    ///
    /// # Panics
    /// Panics if no port is free.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        Self { url: format!("http://{address}"), listener }
    }

    /// The redirect URI.
    #[must_use]
    pub fn callback(&self) -> String {
        format!("{}/callback?from=tessera", self.url)
    }

    /// Responds to requests until the end of the test.
    #[must_use]
    pub fn serve(self, api: Api, issuer: &str, app: &str) -> Visitors {
        let site =
            Site { api, issuer: issuer.to_owned(), app: app.to_owned(), url: self.url, tokens: Mutex::default() };
        let site = Arc::new(site);
        let visitors = Visitors(Arc::clone(&site));
        tokio::spawn(async move {
            while let Ok((stream, _)) = self.listener.accept().await {
                let site = Arc::clone(&site);
                tokio::spawn(async move { site.answer(stream).await });
            }
        });
        visitors
    }
}

impl Site {
    async fn answer(&self, mut stream: TcpStream) {
        let mut head = [0; 8192];
        let read = stream.read(&mut head).await.unwrap_or_default();
        let head = String::from_utf8_lossy(&head[..read]).into_owned();
        let target = head.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let answer = match path {
            "/" => page("Dungeon", "<a id=\"sign-in\" href=\"/login\">Sign in</a>"),
            "/login" => found(&self.sign_in()),
            "/callback" => page("Dungeon", &self.callback(query).await),
            _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
        };
        drop(stream.write_all(answer.as_bytes()).await);
    }

    fn sign_in(&self) -> String {
        format!(
            "{}/api/v1/sso/web3/initiate?app_id={}&redirect_uri={}&state=s%2Ft%20%26&nonce=n-1&code_challenge={CHALLENGE}\
             &code_challenge_method=S256",
            self.issuer,
            self.app,
            encode(&format!("{}/callback?from=tessera", self.url))
        )
    }

    /// The back end: checks the callback parameters, redeems the code and trusts only the token.
    async fn callback(&self, query: &str) -> String {
        let pairs: HashMap<String, String> =
            query.split('&').filter_map(|pair| pair.split_once('=')).map(decoded).collect();
        let is = |name: &str, value: &str| pairs.get(name).is_some_and(|known| known == value);
        if !is("from", "tessera") || !is("state", "s/t &") || !is("iss", &self.issuer) {
            return format!("refused: {query}");
        }
        let body = json!({
            "code": pairs.get("code"),
            "redirect_uri": format!("{}/callback?from=tessera", self.url),
            "code_verifier": VERIFIER,
        });
        let answer = self.api.post("/sso/token", &body).await;
        let answer: Value = if answer.status == 200 { answer.json() } else { return answer.text() };
        let token = answer["token"].as_str().unwrap_or_default().to_owned();
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).push(token);
        "Welcome back".to_owned()
    }
}

fn decoded((name, value): (&str, &str)) -> (String, String) {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let digits: Vec<u8> = if byte == b'%' { rest.by_ref().take(2).collect() } else { Vec::new() };
        let escaped = std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(byte));
    }
    (name.to_owned(), String::from_utf8_lossy(&bytes).into_owned())
}

fn page(title: &str, body: &str) -> String {
    let html = format!("<!doctype html><title>{title}</title><body>{body}");
    let length = html.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{html}"
    )
}

fn found(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}
