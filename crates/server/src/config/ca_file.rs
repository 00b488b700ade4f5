//! Files with certificates of trusted authorities.

use std::{fmt, path::PathBuf};

use tessera_adapters::Authorities;

use super::source::Source;

/// Certificates of authorities, and the path of their file.
#[derive(Debug)]
pub(crate) struct CaFile {
    path: PathBuf,
    authorities: Authorities,
}

impl CaFile {
    /// Reads the file that a key names, if the key is set. A file without certificates is an error, because no server
    /// would be trusted.
    pub(super) fn read(source: &mut Source, key: &str) -> Option<Self> {
        let path: PathBuf = source.read_optional(key)?;
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) => {
                source.fault(key, format_args!("{} can't be read: {error}", path.display()));
                return None;
            }
        };
        match Authorities::from_pem(&text) {
            Ok(authorities) => Some(Self { path, authorities }),
            Err(error) => {
                source.fault(key, format_args!("{} {error}", path.display()));
                None
            }
        }
    }

    pub(super) const fn authorities(&self) -> &Authorities {
        &self.authorities
    }
}

impl fmt::Display for CaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}
