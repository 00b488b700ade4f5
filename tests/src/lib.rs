//! What the tests of the whole service share. No crate owns them, so they have a package of their own.

pub mod api;
pub mod browser;
pub mod database;
pub mod jose;
pub mod mail;
pub mod process;
pub mod raw;
pub mod relying_party;
pub mod smtp;
pub mod sso;
pub mod studio;
pub mod tls;
pub mod wallet;

use std::time::{Duration, Instant};

/// Makes a test on SQLite and one on PostgreSQL of each scenario that it names: an `async fn` of the backend. A scenario
/// that is not named is dead code, and the compiler says so.
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

/// Makes a test on SQLite alone of each scenario that it names. It is for behavior that cannot depend on the database: the
/// parsing of requests, headers, connections, texts of pages. A scenario that reads or writes rows in a new way belongs to
/// [`on_both!`].
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

/// Asks again and again until the answer is there, and fails when it does not come in time.
///
/// # Panics
/// When time is up.
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
/// When it can't.
#[track_caller]
#[must_use]
pub fn read_workspace_file(path: &str) -> String {
    let path = workspace_root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("can't read {}: {error}", path.display()))
}
