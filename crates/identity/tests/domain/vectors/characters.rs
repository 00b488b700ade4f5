//! Characters of each rule of the grammar.

/// All characters that the rule allows.
pub(crate) const ALLOWED: [(&str, &str); 8] = [
    ("scheme", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."),
    ("statement", ":/?#[]@!$&'()*+,;= abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"),
    ("pct-encoded", "%20"),
    ("userinfo", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:%00%ff%FF%0a%0A%20"),
    ("IPvFuture", "v123.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:"),
    ("reg-name", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=%00%ff%FF%0a%0A%20"),
    ("segment-nz", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@%00%ff%FF%0a%0A%20"),
    ("fragment", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@%00%ff%FF%0a%0A%20/?"),
];

/// Texts that the rule forbids, each on its own. The first text is forbidden because of its leading space.
pub(crate) const FORBIDDEN: [(&str, &[&str]); 7] = [
    ("scheme", &[" abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.", ":", "#", "?", "@", "!", "~"]),
    ("statement", &["`", "<", ">", "{", "|", "}"]),
    ("userinfo", &["/", "#", "?", "@", "[", "]"]),
    ("IPvFuture", &["/", "#", "?", "@", "[", "]"]),
    ("reg-name", &["/", "#", "?", "@", "[", "]"]),
    ("segment-nz", &["^", "`", "|", "%", "?", "#", "["]),
    ("fragment", &["#", "["]),
];
