//! `tessera migrate --to` and `tessera migrate --reopen`: the move from SQLite to PostgreSQL.

use std::{
    fmt::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::bail;
use tessera_adapters::{
    Authorities, Comparison, DatabaseUrl, Difference, MoveSettings, MovedDatabase, MovedTable, Moving,
    reopen_moved_database,
};
use tessera_kernel::Secret;

use crate::{
    config::Config,
    master_key,
    output::print,
    progress::{Progress, Total, counted},
};

/// What `tessera migrate` does with its options.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum MoveAction {
    /// Moves the database to this address.
    To(String),
    /// Compares the database with the one at this address.
    Check(String),
    Reopen,
}

/// Performs the action, and prints its result. `password` is that of PostgreSQL.
pub(crate) async fn run(config: &Config, action: MoveAction, password: Option<Secret<String>>) -> anyhow::Result<()> {
    let DatabaseUrl::Sqlite(database) = &config.database_url else {
        bail!("only a SQLite database can be moved, and TESSERA_DATABASE_URL is that of PostgreSQL");
    };
    match action {
        MoveAction::To(target) => move_to(config, database, target, password).await,
        MoveAction::Check(target) => {
            let key = master_key::present(config, database)?;
            let moving = Moving::begin_comparison(&settings(config, database, target, password)?, &key).await?;
            compare(moving, true).await
        }
        MoveAction::Reopen => {
            let target = reopen_moved_database(database, password.as_ref(), authorities(config).as_ref()).await?;
            print(&format!(
                "{} accepts writes again. The database at {target} is incomplete; tessera migrate --to continues\n",
                database.display()
            ))
        }
    }
}

fn authorities(config: &Config) -> Option<Authorities> {
    config.database_ca_file.as_ref().map(|file| file.authorities().clone())
}

fn settings(
    config: &Config,
    database: &Path,
    target: String,
    password: Option<Secret<String>>,
) -> anyhow::Result<MoveSettings> {
    if !matches!(target.parse(), Ok(DatabaseUrl::Postgres(_))) {
        bail!("the URL after --to must be that of PostgreSQL, such as postgres://tessera@127.0.0.1:5432/tessera");
    }
    Ok(MoveSettings { database: database.to_owned(), target, password, authorities: authorities(config) })
}

async fn move_to(
    config: &Config,
    database: &Path,
    target: String,
    password: Option<Secret<String>>,
) -> anyhow::Result<()> {
    let settings = settings(config, database, target, password)?;
    if !database.exists() {
        bail!("there is no database at {}; nothing was done", database.display());
    }
    let key = master_key::present(config, database)?;
    let moving = Moving::begin(&settings, &key).await?;
    if moving.is_complete() {
        return compare(moving, false).await;
    }
    let (counter, total) = (Arc::new(AtomicU64::new(0)), Total::Rows(moving.rows()));
    let progress = Progress::start("move", total, counted(&counter));
    let moved = moving.copy(|rows| counter.store(rows, Ordering::Relaxed)).await;
    drop(progress);
    let MovedDatabase { tables, without_writes } = moved?;
    let mut text = list(&tables)?;
    writeln!(
        text,
        "Writes were rejected for {:.1} s. They are rejected in {} from now on.",
        without_writes.as_secs_f64(),
        database.display()
    )?;
    text.push_str(&next_steps(config, &settings.target));
    print(&text)
}

/// Compares the databases. A difference is an error, unless a move is complete: then the target changes.
async fn compare(moving: Moving, difference_fails: bool) -> anyhow::Result<()> {
    let (counter, total) = (Arc::new(AtomicU64::new(0)), Total::Rows(moving.rows()));
    let progress = Progress::start("comparison", total, counted(&counter));
    let compared = moving.compare(|rows| counter.store(rows, Ordering::Relaxed)).await;
    drop(progress);
    let Comparison { tables, difference, is_served } = compared?;
    let Some(Difference { table, key, what }) = difference else {
        return print(&format!("{}All rows are equal.\n", list(&tables)?));
    };
    let reason = if is_served { "; a node has served the target since" } else { "" };
    let text = format!("table {table}, key {key}: the row {what}{reason}");
    if difference_fails {
        bail!("{text}");
    }
    print(&format!("The database was moved before. {text}\n"))
}

/// The tables with their rows, digests and seconds.
fn list(tables: &[MovedTable]) -> Result<String, std::fmt::Error> {
    let mut text = format!("{:24}  {:>10}  {:>8}  SHA-256 OF THE ROWS\n", "TABLE", "ROWS", "SECONDS");
    for MovedTable { name, rows, digest, time } in tables {
        writeln!(text, "{name:24}  {rows:>10}  {:>8.2}  {digest}", time.as_secs_f64())?;
    }
    let (rows, time): (u64, Duration) =
        (tables.iter().map(|table| table.rows).sum(), tables.iter().map(|table| table.time).sum());
    writeln!(text, "{:24}  {rows:>10}  {:>8.2}", "total", time.as_secs_f64())?;
    Ok(text)
}

/// What the operator does after the move.
fn next_steps(config: &Config, target: &str) -> String {
    let key = match &config.master_key {
        Some(_) => "the same".to_owned(),
        None => format!("the content of {}", master_key::place(config)),
    };
    format!(
        "\nNow stop the process that serves the SQLite database: it does not know which rights end on PostgreSQL.\n\
        Then start nodes with the same settings, except these:\n  \
        TESSERA_DATABASE_URL={target} (with the password; TESSERA_DATABASE_URL_FILE keeps it in a file)\n  \
        TESSERA_MASTER_KEY: {key}\n  \
        TESSERA_BACKUP_DIR, TESSERA_BACKUP_HOURS, TESSERA_BACKUP_KEEP: none, they are for SQLite\n"
    )
}
