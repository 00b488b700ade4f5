//! `PgBouncer` in front of the database of a test.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::{cluster::Owner, eventually, process::free_port, proxy::server_of};

/// A pooler. It ends with the test.
pub struct Pooler {
    process: Child,
    port: u16,
    _home: TempDir,
}

impl Pooler {
    /// Starts a pooler in front of the server of a database. The mode is `session` or `transaction`.
    ///
    /// # Panics
    /// Panics if it does not start.
    pub async fn start(url: &str, mode: &str) -> Self {
        Self::on(free_port(), url, mode).await
    }

    /// Starts a pooler on a port.
    ///
    /// # Panics
    /// Panics if it does not start.
    pub async fn on(port: u16, url: &str, mode: &str) -> Self {
        let home = TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}"));
        let (owner, file) = (Owner::of(home.path()), home.path().join("pgbouncer.ini"));
        let (host, server_port) = server_of(url).split_once(':').unwrap_or_default();
        let settings = format!(
            "[databases]\n* = host={host} port={server_port} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
            listen_port = {port}\nauth_type = any\npool_mode = {mode}\ndefault_pool_size = 60\nmax_client_conn = 200\n\
            unix_socket_dir =\n"
        );
        std::fs::write(&file, settings).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        owner.give(home.path());
        owner.give(&file);
        let process = spawn(owner, &file);
        let pooler = Self { process, port, _home: home };
        eventually("the pooler accepts connections", Duration::from_secs(30), || async move {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        pooler
    }

    /// The port for clients.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database behind the pooler.
    #[must_use]
    pub fn url(&self, url: &str) -> String {
        url.replace(server_of(url), &format!("127.0.0.1:{}", self.port))
    }
}

fn spawn(owner: Owner, settings: &Path) -> Child {
    let mut command = owner.run(Command::new("pgbouncer"));
    let spawned = command.arg("-q").arg(settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    spawned.unwrap_or_else(|error| panic!("pgbouncer, which scripts/test installs, can't be started: {error}"))
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
