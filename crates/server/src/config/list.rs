//! Settings that are lists.

/// Parses a comma-separated list. Each entry is parsed by `parse`, whose error continues "entry 1 …". The error names all
/// invalid entries, and duplicates.
pub(super) fn parse_list<T: PartialEq>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    for (place, entry) in (1..).zip(text.split(',').map(str::trim)) {
        match parse(entry) {
            Ok(entry) if entries.contains(&entry) => errors.push(format!("entry {place} is a duplicate")),
            Ok(entry) => entries.push(entry),
            Err(error) => errors.push(format!("entry {place} {error}")),
        }
    }
    if errors.is_empty() { Ok(entries) } else { Err(errors.join("; ")) }
}
