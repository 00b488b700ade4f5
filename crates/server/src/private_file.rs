//! Files with secrets, which other users of the machine must not be able to read.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use anyhow::{Context as _, bail};

/// Reads a file. `None` if it does not exist.
///
/// # Errors
/// All users, or a group without this process, have permissions; or the file cannot be read.
pub(crate) fn read(path: &Path) -> anyhow::Result<Option<String>> {
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
    Ok(Some(text))
}

/// The effective group of the process and its supplementary groups.
fn groups() -> anyhow::Result<Vec<u32>> {
    let supplementary = rustix::process::getgroups().context("can't read the groups of the process")?;
    let effective = rustix::process::getegid();
    Ok(supplementary.into_iter().chain([effective]).map(rustix::process::Gid::as_raw).collect())
}
