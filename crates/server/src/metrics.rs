//! The metrics of the process, passed on as a value. Each part of the service counts without knowing how its counters are
//! reported; the collectors here read them at each scrape.

mod backup;
mod cache;
#[cfg(target_os = "linux")]
mod process;
mod requests;
mod retention;
mod text;

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, text::encode},
    metrics::MetricType,
    registry::Registry,
};
use tessera_adapters::{CredentialCacheMetrics, DatabaseUrl, DeletedRows};
use tessera_api::{ApiMetrics, Exposition};

pub(crate) use backup::LastBackup;

/// All counters of the process. Clones share them.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub(crate) api: Arc<ApiMetrics>,
    pub(crate) credentials: Arc<CredentialCacheMetrics>,
    pub(crate) deleted_rows: Arc<DeletedRows>,
    pub(crate) last_backup: LastBackup,
    registry: Arc<Registry>,
}

impl Metrics {
    pub(crate) fn new(database: &DatabaseUrl) -> Self {
        let (api, credentials) = (Arc::<ApiMetrics>::default(), Arc::<CredentialCacheMetrics>::default());
        let deleted_rows = Arc::<DeletedRows>::default();
        let last_backup = LastBackup::default();
        let mut registry = Registry::default();
        registry.register_collector(Box::new(requests::RequestCollector(Arc::clone(&api))));
        registry.register_collector(Box::new(cache::CacheCollector(Arc::clone(&credentials))));
        registry.register_collector(Box::new(retention::RetentionCollector(Arc::clone(&deleted_rows))));
        registry.register_collector(Box::new(BuildCollector { database: name_of(database) }));
        registry.register_collector(Box::new(backup::BackupCollector(Arc::clone(&last_backup))));
        #[cfg(target_os = "linux")]
        registry.register_collector(Box::new(process::ProcessCollector::new()));
        Self { api, credentials, deleted_rows, last_backup, registry: Arc::new(registry) }
    }
}

impl Exposition for Metrics {
    fn write(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

const fn name_of(database: &DatabaseUrl) -> &'static str {
    match database {
        DatabaseUrl::Sqlite(_) => "sqlite",
        DatabaseUrl::Postgres(_) => "postgres",
    }
}

/// The version of the program and the kind of its database.
#[derive(Debug)]
struct BuildCollector {
    database: &'static str,
}

impl Collector for BuildCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let labels = [("version", env!("CARGO_PKG_VERSION")), ("database", self.database)];
        let help = "The version of the program and the kind of its database.";
        encoder.encode_descriptor("tessera_build", help, None, MetricType::Info)?.encode_info(&labels)
    }
}

#[cfg(test)]
mod tests;
