//! Scheduled backups.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    thread,
    time::Duration,
};

use anyhow::Context as _;
use tessera_adapters::{Backup, DatabaseUrl, MasterKey, WrittenBackup, remove_abandoned};
use tessera_kernel::Clock as _;
use tessera_system::SystemClock;
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};
use tokio::sync::oneshot;

use super::repeat::Repeated;
use crate::{
    backup::file_time,
    config::{BackupSettings, Config},
    metrics::LastBackup,
};

/// How often the job checks whether a backup is due. It is also the pause after a failure.
const CHECK: Duration = Duration::from_mins(5);

/// The backups of a database in a directory.
struct Schedule {
    database: PathBuf,
    directory: PathBuf,
    period: time::Duration,
    keep: usize,
    key: Arc<MasterKey>,
    last: LastBackup,
}

/// Starts the job, if a directory is configured. A backup that is being written when the process ends is removed before the
/// next one.
pub(crate) fn start(config: &Config, key: &Arc<MasterKey>, last: LastBackup) -> Option<Repeated> {
    let (BackupSettings { directory: Some(directory), hours, keep }, DatabaseUrl::Sqlite(database)) =
        (&config.backups, &config.database_url)
    else {
        return None;
    };
    let schedule = Arc::new(Schedule {
        database: database.clone(),
        directory: directory.clone(),
        period: time::Duration::hours(i64::from(*hours)),
        keep: *keep,
        key: Arc::clone(key),
        last,
    });
    if let Ok(Some(at)) = newest(directory) {
        schedule.last.store(at.unix_timestamp(), Ordering::Relaxed);
    }
    Some(Repeated::start("backup", CHECK, &schedule, Schedule::run_if_due))
}

impl Schedule {
    async fn run_if_due(self: Arc<Self>) -> Result<(), String> {
        // Not a thread of the runtime, which would wait for the copy when the process stops.
        let (reply, result) = oneshot::channel();
        thread::spawn(move || drop(reply.send(self.back_up_if_due())));
        result.await.map_err(|_| "the thread of the backup has ended".to_owned())?.map_err(|error| format!("{error:#}"))
    }

    fn back_up_if_due(&self) -> anyhow::Result<()> {
        let shown = self.directory.display();
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory).with_context(|| format!("{shown}"))?;
        let (newest, now) = (newest(&self.directory)?, SystemClock.now());
        // A file of the future is from before the clock was corrected.
        if newest.is_some_and(|at| at <= now && now - at < self.period) {
            return Ok(());
        }
        remove_abandoned(&self.directory, |name| time_of(name).is_some())?;
        let target = self.directory.join(format!("tessera-{}.db", file_time(now)?));
        let WrittenBackup { bytes, .. } = Backup::prepare(&self.database, &target)?.write(&self.key, now)?;
        self.last.store(now.unix_timestamp(), Ordering::Relaxed);
        let seconds = (SystemClock.now() - now).as_seconds_f64();
        tracing::info!(file = %target.display(), bytes, seconds, "wrote a backup");
        let names = names(&self.directory)?;
        for old in names.iter().take(names.len().saturating_sub(self.keep)) {
            fs::remove_file(self.directory.join(old)).with_context(|| format!("can't remove {old}"))?;
        }
        Ok(())
    }
}

/// Returns the time of the newest scheduled backup in a directory.
///
/// # Errors
/// Fails if the directory cannot be read.
pub(crate) fn newest(directory: &Path) -> io::Result<Option<OffsetDateTime>> {
    Ok(names(directory)?.pop().and_then(|name| time_of(&name)))
}

/// The names of scheduled backups in the directory, the newest last. Other files are never removed.
fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.extend(entry?.file_name().into_string().ok().filter(|name| time_of(name).is_some()));
    }
    names.sort();
    Ok(names)
}

/// The time in the name of a scheduled backup.
fn time_of(name: &str) -> Option<OffsetDateTime> {
    let text = name.strip_prefix("tessera-")?.strip_suffix(".db")?;
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    PrimitiveDateTime::parse(text, format).ok().map(PrimitiveDateTime::assume_utc)
}
