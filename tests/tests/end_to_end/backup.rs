//! Backups, their restore, and what follows it.

mod after_restore;
mod restore;
mod rights;
mod schedule;
mod under_load;

use std::process::Output;

use tessera_tests::{
    database::Backend,
    process::{Installation, MASTER_KEY},
};

/// Runs a command that must fail with one line, which it returns.
#[track_caller]
fn failed(installation: &Installation, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = installation.run(arguments);
    // On a slow machine, there may be lines with the progress.
    let is_progress =
        |line: &&str| ["backup", "copy", "check", "log"].iter().any(|it| line.starts_with(&format!("tessera: {it}: ")));
    let said = String::from_utf8_lossy(&stderr).into_owned();
    let said = said.lines().filter(|line| !is_progress(line)).collect::<Vec<_>>().join("\n");
    assert_eq!((status.code(), stdout.len(), said.lines().count()), (Some(1), 0, 1), "{arguments:?}: {said}");
    said
}

/// An installation without a database, with the master key of the others.
async fn empty() -> Installation {
    Installation::empty(Backend::Sqlite).await.set("TESSERA_MASTER_KEY", MASTER_KEY)
}
