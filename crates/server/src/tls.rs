//! TLS on the address for clients, with a certificate that is replaced when its files change.

mod pair;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::Context as _;
use rustls::{
    ServerConfig,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tessera_kernel::Clock;
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_rustls::TlsAcceptor;

pub(crate) use pair::{PairError, TlsFiles};

/// How often the files are read. The documents promise that a change is used within 60 s.
const PERIOD: Duration = Duration::from_secs(10);

/// How often the log says that the certificate is about to end.
const REMINDER: Duration = Duration::from_hours(24);

/// TLS with the certificate of two files, and the task that reads them again. Dropping it ends the task.
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    watching: JoinHandle<()>,
}

impl Tls {
    /// Must be called on a runtime.
    ///
    /// # Errors
    /// The files have no usable pair.
    pub(crate) fn start(files: &TlsFiles, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let pair = files.load()?;
        let current = Arc::new(Current(RwLock::new(Arc::clone(&pair.certified))));
        let config = ServerConfig::builder_with_provider(Arc::new(pair::provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .context("TLS can't be used")?;
        let mut config = config.with_no_client_auth().with_cert_resolver(Arc::clone(&current) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let watch = Watch {
            files: files.clone(),
            current,
            expires_at: pair.expires_at,
            fault: String::new(),
            reminded_at: None,
            clock,
        };
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), watching: tokio::spawn(watch.run()) })
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// The pair that new connections get.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    fn get(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.get())
    }
}

struct Watch {
    files: TlsFiles,
    current: Arc<Current>,
    expires_at: time::OffsetDateTime,
    /// What is wrong with the files. It is logged once.
    fault: String,
    reminded_at: Option<Instant>,
    clock: Arc<dyn Clock>,
}

impl Watch {
    async fn run(mut self) {
        let mut ticks = interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look().await;
            self.remind();
        }
    }

    /// Uses the pair in the files if it is another one, and valid.
    async fn look(&mut self) {
        let files = self.files.clone();
        let loaded = tokio::task::spawn_blocking(move || files.load().map_err(|error| error.to_string())).await;
        match loaded.unwrap_or_else(|error| Err(error.to_string())) {
            Err(fault) => {
                if fault != self.fault {
                    tracing::warn!(fault, "the TLS certificate can't be loaded; the previous one stays in use");
                    self.fault = fault;
                }
            }
            Ok(pair) => {
                self.fault.clear();
                // A new certificate differs from the old one at least in its serial number.
                if pair.certified.cert != self.current.get().cert {
                    *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = pair.certified;
                    self.expires_at = pair.expires_at;
                    self.reminded_at = None;
                    tracing::info!(expires = %self.expires_at.date(), "a new TLS certificate is in use");
                }
            }
        }
    }

    fn remind(&mut self) {
        if self.reminded_at.is_some_and(|at| at.elapsed() < REMINDER) {
            return;
        }
        if let Some(expiry) = pair::expiry_at(self.expires_at, self.clock.now()) {
            tracing::warn!("{}: renew it in {}", expiry.detail, self.files.certificate.display());
            self.reminded_at = Some(Instant::now());
        }
    }
}
