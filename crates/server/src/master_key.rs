//! Where the master key comes from: the environment, or a file beside the embedded database.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use tessera_adapters::{DatabaseUrl, MasterKey};
use tessera_kernel::Entropy;

use crate::config::Config;

/// The name of the key file.
const FILE: &str = "master.key";

/// Finds the key, or makes one where that is allowed: `fresh` says that nothing has been sealed yet.
pub(crate) fn find_or_make(config: &Config, fresh: bool, entropy: &dyn Entropy) -> anyhow::Result<MasterKey> {
    if let Some(key) = &config.master_key {
        return Ok(key.expose().parse()?);
    }
    let DatabaseUrl::Sqlite(database) = &config.database_url else {
        bail!("TESSERA_MASTER_KEY is required with PostgreSQL");
    };
    let path = key_file(database);
    match read(&path)? {
        Some(key) => Ok(key),
        None if fresh => make(&path, entropy),
        None => bail!(
            "the database holds secrets, but their key is gone: restore {} or set TESSERA_MASTER_KEY",
            path.display()
        ),
    }
}

fn key_file(database: &Path) -> PathBuf {
    database.parent().unwrap_or(Path::new("")).join(FILE)
}

fn read(path: &Path) -> anyhow::Result<Option<MasterKey>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("can't open {}", path.display())),
    };
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        bail!("{} can be read by others: set its mode to 0600", path.display());
    }
    let mut text = String::new();
    file.read_to_string(&mut text).with_context(|| format!("can't read {}", path.display()))?;
    Ok(Some(text.parse().with_context(|| format!("{} holds no key", path.display()))?))
}

/// Writes a new key under another name first and links it into place, so that of two processes that start at once one
/// wins and neither ever sees half a file.
fn make(path: &Path, entropy: &dyn Entropy) -> anyhow::Result<MasterKey> {
    let mut number = [0; 8];
    entropy.fill(&mut number);
    let draft = path.with_extension(format!("key.{:016x}", u64::from_be_bytes(number)));
    let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft);
    let mut file = open.with_context(|| format!("can't write {}", draft.display()))?;
    file.write_all(MasterKey::generate_text(entropy).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => tracing::info!(file = %path.display(), "made a master key; keep a copy of it with your backups"),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("can't write {}", path.display())),
    }
    read(path)?.with_context(|| format!("{} vanished", path.display()))
}
