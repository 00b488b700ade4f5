//! The source of the master key: the environment, or a file next to the SQLite database.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use tessera_adapters::{DatabaseUrl, MasterKey};
use tessera_kernel::Entropy;

use crate::config::Config;

const FILE: &str = "master.key";

/// Returns the master key. If there is none, creates one, but only if `fresh` says that nothing is encrypted yet.
pub(crate) fn find_or_make(config: &Config, fresh: bool, entropy: &dyn Entropy) -> anyhow::Result<MasterKey> {
    if let Some(key) = find(config)? {
        return Ok(key);
    }
    let DatabaseUrl::Sqlite(database) = &config.database_url else {
        bail!("TESSERA_MASTER_KEY is required with PostgreSQL");
    };
    let path = key_file(database);
    if fresh {
        return make(&path, entropy);
    }
    bail!("the database holds secrets, but their key is gone: restore {} or set TESSERA_MASTER_KEY", path.display())
}

/// Returns the master key, or `None` if there is none yet.
pub(crate) fn find(config: &Config) -> anyhow::Result<Option<MasterKey>> {
    match (&config.master_key, &config.database_url) {
        (Some(key), _) => Ok(Some(key.expose().parse()?)),
        (None, DatabaseUrl::Sqlite(database)) => read(&key_file(database)),
        (None, DatabaseUrl::Postgres(_)) => bail!("TESSERA_MASTER_KEY is required with PostgreSQL"),
    }
}

/// Checks the key file, if it is used and exists, as the start does.
pub(crate) fn check_file(config: &Config) -> anyhow::Result<()> {
    match &config.database_url {
        DatabaseUrl::Sqlite(database) if config.master_key.is_none() => read(&key_file(database)).map(drop),
        _ => Ok(()),
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
    let metadata = file.metadata()?;
    let (mode, group) = (metadata.mode() & 0o777, metadata.gid());
    if mode & 0o007 != 0 {
        bail!("{} has mode {mode:04o}, which is open to all users: set it to 0600", path.display());
    }
    // Kubernetes assigns the files of a volume to a group of the process (`fsGroup`) and gives the group permissions.
    if mode & 0o070 != 0 && !groups()?.contains(&group) {
        bail!(
            "{} has mode {mode:04o}, which is open to the group {group}, and this process is not in that group: set it to 0600",
            path.display()
        );
    }
    let mut text = String::new();
    file.read_to_string(&mut text).with_context(|| format!("can't read {}", path.display()))?;
    Ok(Some(text.parse().with_context(|| format!("{} holds no key", path.display()))?))
}

/// The effective group of the process and its supplementary groups.
fn groups() -> anyhow::Result<Vec<u32>> {
    let supplementary = rustix::process::getgroups().context("can't read the groups of the process")?;
    let effective = rustix::process::getegid();
    Ok(supplementary.into_iter().chain([effective]).map(rustix::process::Gid::as_raw).collect())
}

/// Writes a new key to a temporary file and links it to its path. If two processes start at once, one link succeeds,
/// and no process reads an incomplete file.
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
