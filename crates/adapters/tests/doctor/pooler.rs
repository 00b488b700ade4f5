//! The check of poolers.

use std::{
    os::unix::fs::MetadataExt as _,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tessera_testkit::expectations::ok;
use tessera_tests::{
    database::Backend,
    eventually,
    process::{Installation, free_port},
};
use tokio::net::TcpStream;

use crate::examine;

/// A pooler, which ends with its test.
struct Pooler {
    process: Child,
    _home: TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// An installation whose database is behind a pooler in this mode.
async fn behind_pooler(mode: &str) -> (Pooler, Installation) {
    let installation = Installation::new(Backend::Postgres).await;
    let url = installation.database().url().to_owned();
    let server = url.split(['@', '/']).nth(3).unwrap_or_default();
    let (host, server_port) = server.split_once(':').unwrap_or_default();
    let (home, port) = (ok(TempDir::new()), free_port());
    // The pooler does not run as root.
    let user = if ok(home.path().metadata()).uid() == 0 { "user = nobody\n" } else { "" };
    let settings = format!(
        "[databases]\n* = host={host} port={server_port} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
        listen_port = {port}\nauth_type = any\npool_mode = {mode}\nunix_socket_dir =\n{user}"
    );
    let file = home.path().join("pgbouncer.ini");
    ok(std::fs::write(&file, settings));
    let process = Command::new("pgbouncer").arg("-q").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let process = process.unwrap_or_else(|error| panic!("pgbouncer, which scripts/test installs: {error}"));
    let pooler = Pooler { process, _home: home };
    eventually("the pooler accepts connections", Duration::from_secs(30), || async move {
        TcpStream::connect(("127.0.0.1", port)).await.ok()
    })
    .await;
    let behind = url.replace(server, &format!("127.0.0.1:{port}"));
    (pooler, installation.set("TESSERA_DATABASE_URL", &behind))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_session_mode_passes() {
    let (_pooler, installation) = behind_pooler("session").await;
    examine(&installation, &[]).has("pooler", "ok", "each connection has its own session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_in_transaction_mode_is_a_failure() {
    let (_pooler, installation) = behind_pooler("transaction").await;
    examine(&installation, &[]).has("pooler", "fail", "pool_mode = session");
}
