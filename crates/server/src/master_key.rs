//! The source of the master key: the environment, or a file next to the SQLite database.

pub(crate) mod commands;
mod key_file;

use std::path::{Path, PathBuf};

use anyhow::bail;
use tessera_adapters::{DatabaseUrl, MasterKey, SealedValue};
use tessera_kernel::Entropy;

use crate::config::Config;

/// Returns the master key, as [`find`] does. If there is no key, creates one, but only if nothing is sealed yet.
pub(crate) fn load(config: &Config, sealed: &[SealedValue], entropy: &dyn Entropy) -> anyhow::Result<MasterKey> {
    if let Some(key) = find(config, sealed)? {
        return Ok(key);
    }
    let path = key_path(config)?;
    if sealed.is_empty() {
        return key_file::make(&path, entropy);
    }
    bail!(
        "the database holds secrets, but the key file is missing: restore {} or set TESSERA_MASTER_KEY",
        path.display()
    )
}

/// Returns the master key, with the second one if there is one, or `None` if there is no key yet. After an interrupted
/// rotation of the key file, the key is the one of the two files that opens the sealed values.
pub(crate) fn find(config: &Config, sealed: &[SealedValue]) -> anyhow::Result<Option<MasterKey>> {
    if let Some(key) = configured(config)? {
        return Ok(Some(key));
    }
    let path = key_path(config)?;
    Ok(match (key_file::read(&path)?, key_file::read(&key_file::next(&path))?) {
        (Some(key), Some(next)) => Some(if opens(&next, sealed) && !opens(&key, sealed) {
            tracing::warn!(
                "a rotation of the master key was interrupted: stop the service and run tessera master-key rotate"
            );
            next.with_also(key)
        } else {
            key.with_also(next)
        }),
        (Some(key), None) | (None, Some(key)) => Some(key),
        (None, None) => None,
    })
}

/// The key file, which only SQLite has.
fn key_path(config: &Config) -> anyhow::Result<PathBuf> {
    match &config.database_url {
        DatabaseUrl::Sqlite(database) => Ok(key_file::of_database(database)),
        DatabaseUrl::Postgres(_) => bail!("TESSERA_MASTER_KEY is required with PostgreSQL"),
    }
}

fn configured(config: &Config) -> anyhow::Result<Option<MasterKey>> {
    let Some(key) = &config.master_key else { return Ok(None) };
    let key: MasterKey = key.expose().parse()?;
    Ok(Some(match &config.master_key_also {
        Some(also) => key.with_also(also.expose().parse()?),
        None => key,
    }))
}

/// Returns the master key of a SQLite database, which need not exist. Creates none.
pub(crate) fn present(config: &Config, database: &Path) -> anyhow::Result<MasterKey> {
    if let Some(key) = configured(config)? {
        return Ok(key);
    }
    let path = key_file::of_database(database);
    if key_file::read(&key_file::next(&path))?.is_some() {
        bail!("a rotation of the master key was interrupted: run tessera master-key rotate first");
    }
    let Some(key) = key_file::read(&path)? else {
        bail!("there is no master key: put it into {} or set TESSERA_MASTER_KEY", path.display());
    };
    Ok(key)
}

/// Where the operator has the master key.
pub(crate) fn place(config: &Config) -> String {
    match &config.database_url {
        DatabaseUrl::Sqlite(database) if config.master_key.is_none() => {
            key_file::of_database(database).display().to_string()
        }
        _ => "TESSERA_MASTER_KEY".to_owned(),
    }
}

fn opens(key: &MasterKey, sealed: &[SealedValue]) -> bool {
    sealed.iter().all(|value| key.open(&value.name(), value.sealed()).is_ok())
}

/// Checks the key file, if it is used and exists, as the start does.
pub(crate) fn check_file(config: &Config) -> anyhow::Result<()> {
    match &config.database_url {
        DatabaseUrl::Sqlite(database) if config.master_key.is_none() => {
            let path = key_file::of_database(database);
            key_file::read(&path)?;
            key_file::read(&key_file::next(&path)).map(drop)
        }
        _ => Ok(()),
    }
}
