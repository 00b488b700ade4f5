//! Encrypted connections whose messages are observed.

use std::{error::Error, future::Future, io, pin::Pin, sync::Arc};

use diesel::ConnectionError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    server::Server,
    wire::{Watched, Wire},
};
use crate::database::engine::error;

/// Encrypts one connection, and observes the messages inside.
pub(super) struct WatchedTls {
    tls: MakeRustlsConnect,
    name: String,
    wire: Arc<Wire>,
}

impl Server {
    /// The encryption of a connection to the server with this name.
    pub(super) fn watched_tls(&self, name: &str, wire: Arc<Wire>) -> WatchedTls {
        WatchedTls { tls: self.tls.clone(), name: name.to_owned(), wire }
    }
}

type Encrypted<S> = Watched<<MakeRustlsConnect as MakeTlsConnect<S>>::Stream>;

impl<S> TlsConnect<S> for WatchedTls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(mut self, stream: S) -> Self::Future {
        Box::pin(async move {
            let connect = match MakeTlsConnect::<S>::make_tls_connect(&mut self.tls, &self.name) {
                Ok(connect) => connect,
                Err(never) => match never {},
            };
            Ok(Watched::new(connect.connect(stream).await?, self.wire))
        })
    }
}

/// What the driver reports if the server does not offer TLS.
const NO_TLS: &str = "server does not support TLS";

/// Describes why a connection failed, and which setting helps.
pub(super) fn explain(fault: &tokio_postgres::Error) -> ConnectionError {
    let cause = error::in_full(fault);
    ConnectionError::BadConnection(match hint(fault) {
        Some(hint) => format!("{cause}; {hint}"),
        None => cause,
    })
}

fn hint(fault: &tokio_postgres::Error) -> Option<&'static str> {
    let source = fault.source()?;
    if source.to_string() == NO_TLS {
        return Some("sslmode=disable in TESSERA_DATABASE_URL connects without encryption, on a trusted network only");
    }
    let inner = source.downcast_ref::<io::Error>().and_then(io::Error::get_ref)?.downcast_ref::<rustls::Error>()?;
    match inner {
        // An authority of the same name with another key gives a bad signature.
        rustls::Error::InvalidCertificate(
            rustls::CertificateError::UnknownIssuer | rustls::CertificateError::BadSignature,
        ) => Some("TESSERA_DATABASE_CA_FILE names the authorities whose certificates are trusted"),
        rustls::Error::InvalidCertificate(_) => {
            Some("the certificate of the server must be valid now and for the host in TESSERA_DATABASE_URL")
        }
        _ => None,
    }
}
