//! Files with certificates of trusted authorities.

use tessera_adapters::Authorities;

use super::source::Source;

/// The certificates of a file.
#[derive(Debug)]
pub(crate) struct CaFile(Authorities);

impl CaFile {
    /// Reads the file that a key names, if the key is set. A file without certificates is an error, because no server
    /// would be trusted.
    pub(super) fn read(source: &mut Source, key: &str) -> Option<Self> {
        let path: String = source.read_optional(key, None)?;
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) => {
                source.fault(key, format_args!("{path} can't be read: {error}"));
                return None;
            }
        };
        match Authorities::from_pem(&text) {
            Ok(authorities) => Some(Self(authorities)),
            Err(error) => {
                source.fault(key, format_args!("{path} {error}"));
                None
            }
        }
    }

    pub(crate) const fn authorities(&self) -> &Authorities {
        &self.0
    }
}
