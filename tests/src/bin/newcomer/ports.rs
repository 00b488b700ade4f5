//! The ports that the documents name, and free ones in their place if they are taken.

use std::{net::TcpListener, time::Duration};

use tessera_tests::{eventually, process::free_port};
use tokio::net::TcpStream;

/// Timeout for a program to listen.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A port of the documents.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Port {
    documented: u16,
    used: u16,
}

impl Port {
    /// Keeps the port if it is free.
    pub(crate) fn of(documented: u16) -> Self {
        let free = TcpListener::bind(("127.0.0.1", documented)).is_ok();
        let used = if free { documented } else { free_port() };
        if !free {
            eprintln!("port {documented} is taken, so {used} is used");
        }
        Self { documented, used }
    }

    pub(crate) fn is_documented(self) -> bool {
        self.documented == self.used
    }

    /// The address on which a program listens.
    pub(crate) fn address(self) -> String {
        format!("127.0.0.1:{}", self.used)
    }

    /// Replaces the port in a text.
    pub(crate) fn replace(self, text: &str) -> String {
        text.replace(&self.documented.to_string(), &self.used.to_string())
    }

    /// Waits until a program listens.
    pub(crate) async fn opens(self) {
        eventually(&format!("{} opens", self.address()), TIMEOUT, || async {
            TcpStream::connect(self.address()).await.ok()
        })
        .await;
    }
}
