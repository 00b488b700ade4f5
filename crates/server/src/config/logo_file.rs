//! The file of the logo.

use std::{fs::File, io::Read as _};

use tessera_api::Logo;

use super::source::Source;

/// Reads the file that a key names, if the key is set. All faults of the file are reported together.
pub(super) fn read(source: &mut Source, key: &str) -> Option<Logo> {
    let path: String = source.read_optional(key, None)?;
    let mut content = Vec::new();
    // One byte more than the limit shows that the file is too large, however large it is.
    let limit = u64::try_from(Logo::MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    if let Err(error) = File::open(&path).and_then(|file| file.take(limit).read_to_end(&mut content)) {
        source.fault(key, format_args!("{path} can't be read: {error}"));
        return None;
    }
    Logo::new(content).map_err(|faults| source.fault(key, format_args!("{path} {}", faults.join("; it ")))).ok()
}
