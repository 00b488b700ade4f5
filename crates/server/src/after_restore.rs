//! `tessera after-restore`, and what it reports.

use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use tessera_adapters::{AfterRestore, DatabaseUrl, RecordedAction, SqlStore, read_audit_log, read_moved_database};
use tessera_system::system_ports;
use tokio::task::spawn_blocking;

use crate::{
    config::Config,
    output::print,
    progress::{Progress, Total},
    serving_lock::ServingLock,
    wiring,
};

/// Says that withdrawals are unknown.
pub(crate) const NO_SOURCE: &str = "What was withdrawn after the backup is not known, and is valid again. \
    If you have the log of the service: tessera after-restore --audit-log FILE\n";

/// Ends and withdraws what a restored database must not give back. No node may serve it meanwhile.
pub(crate) async fn run(config: &Config, audit_log: Option<PathBuf>) -> anyhow::Result<()> {
    if let DatabaseUrl::Sqlite(database) = &config.database_url
        && !database.exists()
    {
        bail!("there is no database at {}; nothing was done", database.display());
    }
    let lock = ServingLock::take_for(&config.database_url)?;
    let store = wiring::open_alone(config, config.database_url.clone()).await?;
    let nodes = store.connected_nodes().await?;
    if nodes > 0 {
        bail!("the database is in use by a node ({nodes} connected): stop all nodes first");
    }
    let recorded = source(&store, audit_log, lock.as_ref()).await?;
    let progress = Progress::start("after-restore", Total::Unknown, || 0);
    let result = store.after_restore(recorded.as_deref().unwrap_or_default(), &system_ports()).await?;
    drop(progress);
    let hint = if recorded.is_some() { "" } else { NO_SOURCE };
    print(&format!("{}{hint}", describe(&result)))
}

/// The recorded actions of the log, or else of the newest database that a restore has moved away.
async fn source(
    store: &SqlStore,
    audit_log: Option<PathBuf>,
    lock: Option<&ServingLock>,
) -> anyhow::Result<Option<Vec<RecordedAction>>> {
    if let Some(log) = audit_log {
        return spawn_blocking(move || read_log(&log).map(Some)).await?;
    }
    let Some(moved) = lock.map(|lock| newest_moved(lock.database())).transpose()?.flatten() else { return Ok(None) };
    let since = store.audited_until().await?;
    let recorded = spawn_blocking(move || read_moved_database(&moved, since)).await??;
    Ok(Some(recorded))
}

fn read_log(file: &Path) -> anyhow::Result<Vec<RecordedAction>> {
    let _progress = Progress::start("log", Total::Unknown, || 0);
    let open = File::open(file).with_context(|| format!("can't open {}", file.display()))?;
    read_audit_log(BufReader::new(open)).with_context(|| file.display().to_string())
}

fn newest_moved(database: &Path) -> anyhow::Result<Option<PathBuf>> {
    let (Some(directory), Some(name)) = (database.parent(), database.file_name()) else { return Ok(None) };
    let start = format!("{}.before-restore-", name.to_string_lossy());
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // Its log has a longer name, which ends with `-wal`.
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(&start) && name.ends_with('Z')) {
            found.push(entry.path());
        }
    }
    Ok(found.into_iter().max())
}

/// What was ended and withdrawn.
pub(crate) fn describe(result: &AfterRestore) -> String {
    let mut lines = vec!["Ended:".to_owned()];
    lines.extend(result.ended.iter().map(|(what, rows)| format!("  {rows} {what}")));
    let lists = [
        ("Withdrawals that were repeated", &result.repeated),
        ("Withdrawals without effect, because the backup does not have what they withdraw", &result.without_effect),
        ("NOT repeated; check these", &result.not_repeated),
    ];
    for (title, list) in lists {
        lines.push(format!("{title}: {}", list.len()));
        lines.extend(list.iter().map(|line| format!("  {line}")));
    }
    lines.push(String::new());
    lines.join("\n")
}
