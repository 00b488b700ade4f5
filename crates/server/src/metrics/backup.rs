//! Scheduled backups.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, registry::Unit};

use super::text::gauge;

/// The time of the last successful backup in seconds since 1970, or 0.
pub(crate) type LastBackup = Arc<AtomicI64>;

#[derive(Debug)]
pub(super) struct BackupCollector(pub(super) LastBackup);

impl Collector for BackupCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "The time of the last scheduled backup in seconds since 1970, 0 before the first one.";
        let last = self.0.load(Ordering::Relaxed);
        gauge(&mut encoder, "tessera_backup_last_success_timestamp", help, Some(&Unit::Seconds), last)
    }
}
