//! Suggestions for a setting with a wrong name.

/// Words that users of other programs expect, and the setting with that meaning.
const ALIASES: [(&str, &str); 11] = [
    ("port", "listen"),
    ("host", "listen"),
    ("bind", "listen"),
    ("address", "listen"),
    ("url", "public_url"),
    ("base_url", "public_url"),
    ("database", "database_url"),
    ("db", "database_url"),
    ("secret", "master_key"),
    ("verbose", "log"),
    ("log_level", "log"),
];

/// Returns the setting that a wrong name probably means.
pub(super) fn closest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let meant = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, key)| key);
    let distances = known.iter().map(|key| (strsim::osa_distance(key, meant), key.as_str()));
    // A third of the letters may be wrong. With more, the suggestion would be a guess.
    distances.min().filter(|(distance, _)| distance * 3 <= meant.len()).map(|(_, key)| key)
}
