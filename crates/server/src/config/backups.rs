//! Scheduled backups.

use std::path::PathBuf;

use tessera_adapters::DatabaseUrl;

use super::source::Source;

const HOURS: u32 = 24;
const KEEP: usize = 7;

/// Where and how often the service writes a backup.
#[derive(Debug)]
pub(crate) struct BackupSettings {
    /// Without a directory, there are no scheduled backups.
    pub(crate) directory: Option<PathBuf>,
    pub(crate) hours: u32,
    pub(crate) keep: usize,
}

pub(super) fn read(source: &mut Source) -> BackupSettings {
    BackupSettings {
        directory: source.read_optional::<String>("backup_dir", None).map(PathBuf::from),
        hours: source.read_in("backup_hours", HOURS, 1..=8_760),
        keep: source.read_in("backup_keep", KEEP, 1..=1_000),
    }
}

/// Checks rules that involve several of them.
pub(super) fn check(settings: &BackupSettings, database: &DatabaseUrl, source: &mut Source) {
    if settings.directory.is_some() && matches!(database, DatabaseUrl::Postgres(_)) {
        source.fault("backup_dir", "is for SQLite: back up PostgreSQL with pg_dump or a physical backup");
    }
    // The output of check-config, which can be pasted back, has the defaults.
    let changed = [("backup_hours", settings.hours != HOURS), ("backup_keep", settings.keep != KEEP)];
    for (key, is_changed) in changed {
        if settings.directory.is_none() && is_changed {
            source.fault(key, "is of no use without TESSERA_BACKUP_DIR, such as data/backups");
        }
    }
}
