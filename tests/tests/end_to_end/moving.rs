//! The move of a service from SQLite to PostgreSQL.

mod commands;
mod killed;
mod serving;

use std::process::{Child, Output};

use tessera_tests::{
    database::{Backend, TestDatabase},
    process::Installation,
};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

/// Runs a command that must fail with one line, which it returns.
#[track_caller]
fn failed(installation: &Installation, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = installation.run(arguments);
    let said = String::from_utf8_lossy(&stderr).into_owned();
    // On a slow machine, there may be lines with the progress.
    let is_progress = |line: &&str| line.starts_with("tessera: move: ") || line.starts_with("tessera: comparison: ");
    let said = said.lines().filter(|line| !is_progress(line)).collect::<Vec<_>>().join("\n");
    assert_eq!((status.code(), stdout.len(), said.lines().count()), (Some(1), 0, 1), "{arguments:?}: {said}");
    said
}

/// An empty PostgreSQL database with the schema.
async fn migrated_target(installation: &Installation) -> TestDatabase {
    let target = TestDatabase::create(Backend::Postgres).await;
    let output = installation.command(&["migrate"]).env("TESSERA_DATABASE_URL", target.url()).output();
    assert!(output.is_ok_and(|output| output.status.success()), "the target can't be migrated");
    target
}

/// A transaction that holds locks in the target until it is dropped.
struct Lock {
    client: Option<Client>,
    connection: JoinHandle<Result<(), tokio_postgres::Error>>,
}

impl Lock {
    async fn take(target: &TestDatabase, statement: &str) -> Self {
        let connected = tokio_postgres::connect(target.url(), NoTls).await;
        let (client, connection) = connected.unwrap_or_else(|error| panic!("{error}"));
        let connection = tokio::spawn(connection);
        let locked = client.batch_execute(&format!("BEGIN; {statement}")).await;
        locked.unwrap_or_else(|error| panic!("{statement}: {error}"));
        Self { client: Some(client), connection }
    }

    /// Lets a move wait before it writes the table `wallets`.
    async fn before_wallets(target: &TestDatabase) -> Self {
        Self::take(target, "LOCK TABLE wallets IN SHARE MODE").await
    }

    async fn release(mut self) {
        drop(self.client.take());
        drop((&mut self.connection).await);
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// A command that is killed at the latest when the test ends.
struct Running(Child);

impl Running {
    fn start(installation: &Installation, arguments: &[&str]) -> Self {
        Self(installation.spawn_command(arguments))
    }

    fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }

    fn succeeds(&mut self) {
        assert!(self.0.wait().is_ok_and(|status| status.success()), "the move has failed");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
