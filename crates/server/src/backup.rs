//! `tessera backup` and `tessera restore`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, bail};
use indicatif::HumanBytes;
use tessera_adapters::{Backup, DatabaseUrl, MasterKey, RestoredCopy, WrittenBackup, read_moved_database};
use tessera_kernel::Clock as _;
use tessera_system::{SystemClock, system_ports};
use time::{OffsetDateTime, macros::format_description};
use tokio::task::spawn_blocking;

use crate::{
    after_restore,
    config::Config,
    master_key,
    output::print,
    progress::{Progress, Total},
    serving_lock::ServingLock,
    wiring,
};

/// A time in the name of a file, in UTC.
pub(crate) fn file_time(time: OffsetDateTime) -> anyhow::Result<String> {
    Ok(time.format(format_description!("[year][month][day]T[hour][minute][second]Z"))?)
}

/// Writes a backup to a file that does not exist, while the service runs or not.
pub(crate) fn run(config: &Config, file: &Path) -> anyhow::Result<()> {
    let DatabaseUrl::Sqlite(database) = &config.database_url else {
        bail!(
            "tessera backup is for SQLite: back up PostgreSQL with pg_dump -Fc, or with a physical backup and its WAL, and \
            run tessera doctor --deep on the restored database"
        );
    };
    let backup = Backup::prepare(database, file)?;
    let key = master_key::present(config, database)?;
    let begun = Instant::now();
    let progress = Progress::start("backup", Total::Bytes(backup.bytes()), backup.progress());
    let written = backup.write(&key, SystemClock.now());
    drop(progress);
    let WrittenBackup { manifest, bytes } = written?;
    print(&format!(
        "{}: {} rows, {} in {:.1} s\nTo restore it you need the master key with the id {}, which is not in the file: {}\n",
        file.display(),
        manifest.rows.values().sum::<i64>(),
        HumanBytes(bytes),
        begun.elapsed().as_secs_f64(),
        manifest.key_id,
        master_key::place(config),
    ))
}

/// Replaces the database with a backup. Until the last step, which is one rename, the present database is in its place.
pub(crate) async fn restore(config: &Config, file: PathBuf, force: bool) -> anyhow::Result<()> {
    let DatabaseUrl::Sqlite(database) = &config.database_url else {
        bail!("tessera restore is for SQLite: restore PostgreSQL with its own tools, and run tessera after-restore");
    };
    let lock = ServingLock::take(database)?;
    let database = lock.database().to_owned();
    let exists = database.exists();
    if exists && !force {
        bail!("there is a database at {}: with --force, restore keeps it under another name", database.display());
    }
    let key = master_key::present(config, &database)?;
    let shown = file.display().to_string();
    let copy = spawn_blocking(move || checked_copy(&file, &lock, &key).map(|copy| (copy, lock)));
    let (copy, _lock) = copy.await?.with_context(|| format!("{shown} was not restored"))?;
    let mut text = format!("{shown} is restored\n");
    let after = end_and_withdraw(config, &copy, exists.then_some(database)).await?;
    let time = file_time(SystemClock.now())?;
    let moved = spawn_blocking(move || copy.replace(&time)).await??;
    if let Some(moved) = moved {
        text.push_str("The previous database is ");
        text.push_str(&moved.display().to_string());
        text.push('\n');
    }
    print(&[text, after].concat())
}

/// Runs `after-restore` on the copy, with the withdrawals of the present database, and describes the result.
async fn end_and_withdraw(config: &Config, copy: &RestoredCopy, present: Option<PathBuf>) -> anyhow::Result<String> {
    let store = wiring::open_alone(config, DatabaseUrl::Sqlite(copy.path().to_owned())).await?;
    let since = store.audited_until().await?;
    let read = match present {
        Some(present) => Some(spawn_blocking(move || read_moved_database(&present, since)).await?),
        None => None,
    };
    let (recorded, hint) = match read {
        Some(Ok(recorded)) => (recorded, String::new()),
        // It may be the reason for the restore.
        Some(Err(error)) => {
            let error = anyhow::Error::new(error);
            (Vec::new(), format!("The previous database can't be read: {error:#}\n{}", after_restore::NO_SOURCE))
        }
        None => (Vec::new(), after_restore::NO_SOURCE.to_owned()),
    };
    let _progress = Progress::start("after-restore", Total::Unknown, || 0);
    let result = store.after_restore(&recorded, &system_ports()).await?;
    Ok([after_restore::describe(&result), hint].concat())
}

fn checked_copy(file: &Path, lock: &ServingLock, key: &MasterKey) -> anyhow::Result<RestoredCopy> {
    let total = fs::metadata(file).map_or(0, |known| known.len());
    let path = RestoredCopy::path_for(lock.database());
    let progress =
        Progress::start("copy", Total::Bytes(total), move || fs::metadata(&path).map_or(0, |known| known.len()));
    let copy = RestoredCopy::create(file, lock.database())?;
    drop(progress);
    let _progress = Progress::start("check", Total::Unknown, || 0);
    copy.check(key)?;
    Ok(copy)
}
