//! The metrics of the process, passed on as a value. Each part of the service counts without knowing how its counters are
//! reported; the collectors here read them at each scrape.

mod backup;
mod cache;
mod jobs;
#[cfg(target_os = "linux")]
mod process;
mod requests;
mod retention;
mod storage;
mod text;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, text::encode},
    metrics::MetricType,
    registry::Registry,
};
use tessera_adapters::{DatabaseMetrics, DatabaseUrl, DeletedRows, HashMetrics};
use tessera_api::{ApiMetrics, Exposition};
use tessera_sso::ServiceTokens;

pub(crate) use jobs::{JobMetrics, JobRuns, LimitMetrics, MailMetrics};

pub(crate) use backup::LastBackup;

/// All counters of the process. Clones share them.
#[derive(Clone)]
pub(crate) struct Metrics {
    pub(crate) api: Arc<ApiMetrics>,
    pub(crate) database: Arc<DatabaseMetrics>,
    pub(crate) hashes: Arc<HashMetrics>,
    pub(crate) jobs: Arc<JobMetrics>,
    pub(crate) mails: Arc<MailMetrics>,
    pub(crate) limits: Arc<LimitMetrics>,
    /// Set when the service is built.
    pub(crate) service_tokens: Arc<OnceLock<Arc<ServiceTokens>>>,
    pub(crate) deleted_rows: Arc<DeletedRows>,
    pub(crate) last_backup: LastBackup,
    registry: Arc<Registry>,
}

impl Metrics {
    pub(crate) fn new(database: &DatabaseUrl) -> Self {
        let mut metrics = Self {
            api: Arc::default(),
            database: Arc::new(DatabaseMetrics::new(database)),
            hashes: Arc::default(),
            jobs: Arc::default(),
            mails: Arc::default(),
            limits: Arc::default(),
            service_tokens: Arc::default(),
            deleted_rows: Arc::default(),
            last_backup: Arc::default(),
            registry: Arc::default(),
        };
        metrics.registry = Arc::new(metrics.collectors(name_of(database)));
        metrics
    }

    fn collectors(&self, database: &'static str) -> Registry {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(requests::RequestCollector(Arc::clone(&self.api))));
        registry.register_collector(Box::new(cache::CacheCollector(Arc::clone(&self.database.credentials))));
        registry.register_collector(Box::new(storage::DatabaseCollector(Arc::clone(&self.database))));
        registry.register_collector(Box::new(storage::HashCollector(Arc::clone(&self.hashes))));
        registry.register_collector(Box::new(jobs::WorkCollector {
            jobs: Arc::clone(&self.jobs),
            mails: Arc::clone(&self.mails),
            limits: Arc::clone(&self.limits),
        }));
        registry.register_collector(Box::new(storage::SigningKeyCollector(Arc::clone(&self.service_tokens))));
        registry.register_collector(Box::new(retention::RetentionCollector(Arc::clone(&self.deleted_rows))));
        registry.register_collector(Box::new(backup::BackupCollector(Arc::clone(&self.last_backup))));
        registry.register_collector(Box::new(BuildCollector { database }));
        #[cfg(target_os = "linux")]
        registry.register_collector(Box::new(process::ProcessCollector::new()));
        registry
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
