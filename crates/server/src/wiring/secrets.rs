//! Secrets in storage, which the master key encrypts.

use std::sync::Arc;

use anyhow::Context as _;
use tessera_adapters::{MasterKey, SealedColumn, SecretSettings, SharedSecrets, SqlStore};
use tessera_kernel::{Entropy, SystemPorts};

use crate::{config::Config, master_key};

/// The name of the root of keyed hashes in storage.
const HASH_ROOT: &str = "keyed-hash-root";

/// Returns the master key, with the root of keyed hashes from storage. If storage has no root, it is that of the key, so
/// that the hashes of earlier versions stay valid.
pub(super) async fn master_key(config: &Config, store: &SqlStore, entropy: &dyn Entropy) -> anyhow::Result<MasterKey> {
    const OTHER: &str =
        "the stored secrets were sealed with another master key than that of TESSERA_MASTER_KEY or the key file";
    let known = store.list_sealed(SealedColumn::Secrets, None).await?;
    let key = master_key::load(config, &known, entropy)?;
    for value in &known {
        key.open(&value.name(), value.sealed()).context(OTHER)?;
    }
    let sealed = match known.iter().find(|value| value.name() == HASH_ROOT) {
        Some(value) => value.sealed().to_vec(),
        None => store.keep_secret(HASH_ROOT, &key.seal(HASH_ROOT, key.hash_root(), entropy)?).await?,
    };
    let root = key.open(HASH_ROOT, &sealed).context(OTHER)?;
    Ok(key.with_hash_root(&root)?)
}

/// Returns the secrets of user tokens and refresh tokens. The first node creates them.
pub(super) async fn shared_secrets(
    config: &Config,
    store: &SqlStore,
    master: &Arc<MasterKey>,
    system: &SystemPorts,
) -> anyhow::Result<SharedSecrets> {
    let settings = SecretSettings {
        issuer: config.public_url.as_str().to_owned(),
        longest_token: config.session_ttl.max(config.refresh.access_ttl),
    };
    Ok(SharedSecrets::open(store.clone(), Arc::clone(master), settings, system).await?)
}
