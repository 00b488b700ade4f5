//! Files that hold a master key.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use tessera_adapters::MasterKey;
use tessera_kernel::Entropy;

use crate::private_file;

/// The key file of a SQLite database.
pub(super) fn of_database(database: &Path) -> PathBuf {
    database.parent().unwrap_or(Path::new("")).join("master.key")
}

/// The file of the next key during a rotation.
pub(super) fn next(path: &Path) -> PathBuf {
    path.with_extension("key.new")
}

/// Replaces the key file by that of the next key. The replaced key gets a name with its id, because earlier backups need it.
pub(super) fn replace(path: &Path, replaced: &MasterKey) -> anyhow::Result<PathBuf> {
    let kept = path.with_extension(format!("key.{}", replaced.key_id()));
    match fs::hard_link(path, &kept) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(error).with_context(|| format!("can't write {}", kept.display()));
        }
        _ => sync_directory(path)?,
    }
    fs::rename(next(path), path).with_context(|| format!("can't replace {}", path.display()))?;
    sync_directory(path)?;
    Ok(kept)
}

/// Makes changes of names in the directory of the file durable.
fn sync_directory(file: &Path) -> anyhow::Result<()> {
    let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.with_context(|| format!("can't sync {}", directory.display()))
}

pub(super) fn read(path: &Path) -> anyhow::Result<Option<MasterKey>> {
    let Some(text) = private_file::read(path)? else { return Ok(None) };
    Ok(Some(text.parse().with_context(|| format!("{} holds no key", path.display()))?))
}

/// Writes a new key to a temporary file and links it to its path. If two processes start at once, one link succeeds,
/// and no process reads an incomplete file.
pub(super) fn make(path: &Path, entropy: &dyn Entropy) -> anyhow::Result<MasterKey> {
    let mut number = [0; 8];
    entropy.fill(&mut number);
    let name = path.file_name().context("the key file has no name")?.to_string_lossy();
    let draft = path.with_file_name(format!("{name}.{:016x}", u64::from_be_bytes(number)));
    let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft);
    let mut file = open.with_context(|| format!("can't write {}", draft.display()))?;
    file.write_all(MasterKey::generate_text(entropy).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    // A value must not be sealed with a key that a power failure can remove.
    sync_directory(path)?;
    match linked {
        Ok(()) => tracing::info!(file = %path.display(), "made a master key; keep a copy of it with your backups"),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("can't write {}", path.display())),
    }
    read(path)?.with_context(|| format!("{} vanished", path.display()))
}
