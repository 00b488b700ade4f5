//! The file of breached passwords.

use std::path::Path;

use tessera_adapters::BreachedPasswords;

use super::source::Source;

/// Opens the file that a key names, if the key is set.
pub(super) fn open(source: &mut Source, key: &str) -> Option<BreachedPasswords> {
    let path: String = source.read_optional(key, None)?;
    match BreachedPasswords::open(Path::new(&path)) {
        Ok(passwords) => Some(passwords),
        Err(error) => {
            source.fault(key, format_args!("{path} {error}"));
            None
        }
    }
}
