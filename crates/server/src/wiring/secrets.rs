//! Secrets in storage, which the master key encrypts.

use std::sync::Arc;

use anyhow::Context as _;
use tessera_adapters::{JwtSecret, MasterKey, RefreshSecrets, SqlStore};
use tessera_identity::model::RefreshSecretId;
use tessera_kernel::Entropy;

use crate::{config::Config, master_key};

/// The name of the secret of user tokens in storage.
pub(crate) const JWT_SECRET: &str = "user-token-hs256";

/// The names of the secrets of refresh tokens in storage begin with this. An id follows.
pub(crate) const REFRESH_SECRET: &str = "refresh-token-hmac-";

/// Returns the master key and the secret of user tokens. If storage has no such secret, the first node creates it.
pub(super) async fn secrets(
    config: &Config,
    store: &SqlStore,
    entropy: &dyn Entropy,
) -> anyhow::Result<(Arc<MasterKey>, JwtSecret)> {
    let known = store.find_secret(JWT_SECRET).await?;
    let key = master_key::find_or_make(config, known.is_none(), entropy)?;
    let sealed = if let Some(sealed) = known {
        sealed
    } else {
        let proposal = key.seal(JWT_SECRET, JwtSecret::generate(entropy).expose(), entropy)?;
        store.keep_secret(JWT_SECRET, &proposal).await?
    };
    let opened =
        key.open(JWT_SECRET, &sealed).context("the stored secrets were sealed with another TESSERA_MASTER_KEY")?;
    let secret = JwtSecret::from_bytes(&opened).context("the stored token secret has the wrong size")?;
    Ok((Arc::new(key), secret))
}

/// Returns the secrets of refresh tokens. If storage has none, the first node creates one.
pub(super) async fn refresh_secrets(
    master: &MasterKey,
    store: &SqlStore,
    entropy: &dyn Entropy,
) -> anyhow::Result<RefreshSecrets> {
    let name = |id: u16| format!("{REFRESH_SECRET}{id}");
    let mut secrets = Vec::new();
    for id in 1..=u16::MAX {
        let sealed = match store.find_secret(&name(id)).await? {
            None if id == 1 => {
                let (mut high, mut low) = ([0; 16], [0; 16]);
                entropy.fill(&mut high);
                entropy.fill(&mut low);
                let proposal = master.seal(&name(id), &[high, low].concat(), entropy)?;
                store.keep_secret(&name(id), &proposal).await?
            }
            None => break,
            Some(sealed) => sealed,
        };
        let opened = master.open(&name(id), &sealed).context("a secret was sealed with another TESSERA_MASTER_KEY")?;
        secrets.push((RefreshSecretId(id), opened));
    }
    RefreshSecrets::new(secrets).context("a stored secret of refresh tokens has the wrong size")
}
