//! Opening of the configured storage.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use tessera_adapters::{DatabaseSettings, DatabaseUrl, SchemaChange, SqlStore};

use crate::{
    config::{Config, Migrate},
    metrics::Metrics,
};

impl From<Migrate> for SchemaChange {
    fn from(setting: Migrate) -> Self {
        match setting {
            Migrate::Auto => Self::Migrate,
            Migrate::Off => Self::Require,
        }
    }
}

/// Opens the configured storage.
pub(crate) async fn open_store(
    config: &Config,
    schema: SchemaChange,
    metrics: Option<&Metrics>,
) -> anyhow::Result<SqlStore> {
    let settings = database_settings(config, schema, metrics);
    SqlStore::open(&settings).await.context("the database can't be opened")
}

/// Opens a database for a command, without the credential cache and the task that keeps it up to date.
pub(crate) async fn open_alone(config: &Config, database: DatabaseUrl) -> anyhow::Result<SqlStore> {
    let settings = database_settings(config, config.migrate.into(), None);
    let settings = DatabaseSettings { url: database, credential_cache: 0, ..settings };
    SqlStore::open(&settings).await.context("the database can't be opened")
}

fn database_settings(config: &Config, schema: SchemaChange, metrics: Option<&Metrics>) -> DatabaseSettings {
    DatabaseSettings {
        url: config.database_url.clone(),
        schema,
        authorities: config.database_ca_file.as_ref().map(|file| file.authorities().clone()),
        pool_size: config.database_pool,
        acquire_timeout: Duration::from_secs(2),
        credential_cache: u64::from(config.credential_cache_mib) * 1024 * 1024,
        metrics: metrics.map(|metrics| Arc::clone(&metrics.database)),
        direct_url: config.database_direct_url.clone(),
    }
}
