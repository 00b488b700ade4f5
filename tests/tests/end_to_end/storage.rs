//! The service's storage from behind, for what no operation shows.

use std::time::Duration;

use tessera_adapters::{DatabaseSettings, SqlStore};
use tessera_tests::process::Installation;

/// A store of its own on the service's database.
pub(crate) async fn open(installation: &Installation) -> SqlStore {
    let url = installation.database().url();
    let settings = DatabaseSettings {
        url: url.parse().unwrap_or_else(|error| panic!("{url}: {error}")),
        pool_size: 2,
        acquire_timeout: Duration::from_secs(5),
    };
    SqlStore::open(&settings).await.unwrap_or_else(|error| panic!("no store: {error}"))
}
