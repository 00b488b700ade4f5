//! Shared code of the tests of the whole service. It is a package of its own because no crate owns these tests.

pub mod api;
pub mod authenticator;
pub mod balancer;
pub mod browser;
pub mod cluster;
pub mod collector;
pub mod database;
pub mod http_server;
pub mod jose;
pub mod mail;
pub mod markdown;
pub mod openmetrics;
pub mod pages;
pub mod pooler;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod relying_party;
pub mod smtp;
pub mod sso;
pub mod test_org;
pub mod tls;
pub mod totp_app;
pub mod wallet;

use std::time::{Duration, Instant};

use api::Answer;

/// Expands each named scenario, an `async fn` with a backend parameter, to one test on SQLite and one on PostgreSQL. A
/// scenario that is not named causes a dead code warning.
#[macro_export]
macro_rules! on_both {
    ($($scenario:ident)+) => {$(
        mod $scenario {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$scenario($crate::database::Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$scenario($crate::database::Backend::Postgres).await;
            }
        }
    )+};
}

/// Expands each named scenario to a test on SQLite only. Use it for behavior that can't depend on the database: request
/// parsing, headers, connections, page texts. Scenarios that read or write rows in a new way belong to [`on_both!`].
#[macro_export]
macro_rules! on_sqlite {
    ($($scenario:ident)+) => {$(
        mod $scenario {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$scenario($crate::database::Backend::Sqlite).await;
            }
        }
    )+};
}

/// Expands each named scenario to a test on PostgreSQL only. Use it for what needs several nodes: one process can serve a
/// SQLite database.
#[macro_export]
macro_rules! on_postgres {
    ($($scenario:ident)+) => {$(
        mod $scenario {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$scenario($crate::database::Backend::Postgres).await;
            }
        }
    )+};
}

/// Repeats a check until it returns a value.
///
/// # Panics
/// Panics when the time limit is reached.
#[track_caller]
pub fn eventually<T, F>(what: &str, within: Duration, mut ask: impl FnMut() -> F) -> impl Future<Output = T>
where
    F: Future<Output = Option<T>>,
{
    let caller = std::panic::Location::caller();
    let until = Instant::now() + within;
    async move {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            assert!(Instant::now() < until, "not within {within:?}: {what} ({caller})");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The root of the workspace.
#[must_use]
pub fn workspace_root() -> &'static std::path::Path {
    std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Reads a text file of the workspace.
///
/// # Panics
/// Panics if the file can't be read.
#[track_caller]
#[must_use]
pub fn read_workspace_file(path: &str) -> String {
    let path = workspace_root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("can't read {}: {error}", path.display()))
}

/// How long other nodes than the one that has ended a right may accept it.
pub const REVOCATION_BOUND: Duration = Duration::from_secs(1);

/// Waits until a node rejects what another node has ended.
///
/// # Panics
/// Panics if it does not reject it within the bound.
pub async fn rejected_in_time(status: u16, code: &str, ask: impl AsyncFn() -> Answer) {
    eventually("a rejection", REVOCATION_BOUND, || async {
        let answer = ask().await;
        (answer.status == status).then(|| answer.problem(status, code))
    })
    .await;
}
