//! Parts of the service that commands use without the rest.

use std::sync::Arc;

use anyhow::bail;
use tessera_adapters::{DatabaseUrl, MasterKey, SharedSecrets, SqlStore};
use tessera_sso::ServiceTokens;
use tessera_system::system_ports;

use super::{
    database::open_alone,
    secrets::{master_key, shared_secrets},
    service_tokens,
};
use crate::config::Config;

/// An open store and the master key of its secrets, for commands.
pub(crate) struct OpenSecrets {
    pub(crate) store: SqlStore,
    pub(crate) master: Arc<MasterKey>,
}

/// Opens an existing store for a command.
pub(crate) async fn open_secrets(config: &Config) -> anyhow::Result<OpenSecrets> {
    // Opening the store would create a missing database, and hide a wrong path from the operator.
    if let DatabaseUrl::Sqlite(file) = &config.database_url
        && !file.exists()
    {
        bail!("there is no database at {}; nothing was done", file.display());
    }
    let store = open_alone(config, config.database_url.clone()).await?;
    let master = Arc::new(master_key(config, &store, &*system_ports().entropy).await?);
    Ok(OpenSecrets { store, master })
}

/// Builds the service token use cases alone, over a store of their own.
pub(crate) async fn service_tokens_alone(config: &Config) -> anyhow::Result<ServiceTokens> {
    let OpenSecrets { store, master } = open_secrets(config).await?;
    Ok(service_tokens(config, &Arc::new(store), master, &system_ports()))
}

/// Opens the secrets of user tokens and refresh tokens alone, over a store of their own.
pub(crate) async fn shared_secrets_alone(config: &Config) -> anyhow::Result<SharedSecrets> {
    let OpenSecrets { store, master } = open_secrets(config).await?;
    shared_secrets(config, &store, &master, &system_ports()).await
}
