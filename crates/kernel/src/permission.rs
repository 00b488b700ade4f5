//! Permissions of API keys.

use std::{collections::BTreeSet, fmt, str::FromStr};

use smol_str::SmolStr;

/// The name of a permission: `resource:action`. Each part is a letter followed by at most 31 letters, digits or
/// underscores, all in lower case. The service has a catalogue of permissions, and applications can add their own. A clone
/// is cheap.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(SmolStr);

/// The text is not a permission name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be resource:action, each a lower-case letter and at most 31 lower-case letters, digits or underscores")]
pub struct PermissionError;

/// The maximum length of each of the two parts.
const PART: usize = 32;

/// Returns whether the text is a permission name. A loop over bytes, because constants are checked by the compiler.
const fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (mut at, mut start, mut parts) = (0, 0, 1);
    while at < bytes.len() {
        match bytes[at] {
            b'a'..=b'z' => {}
            b'0'..=b'9' | b'_' if at > start => {}
            b':' if at > start && parts == 1 => (start, parts) = (at + 1, 2),
            _ => return false,
        }
        if at >= start + PART {
            return false;
        }
        at += 1;
    }
    parts == 2 && at > start
}

impl Permission {
    /// The longest name, in characters.
    pub const MAX_LENGTH: usize = 2 * PART + 1;

    /// A permission of the catalogue, for use in constants.
    ///
    /// # Panics
    /// If the text is not a permission name. In a constant, this is an error of the compiler.
    #[must_use]
    pub const fn named(text: &'static str) -> Self {
        assert!(is_name(text), "not a permission name");
        Self(SmolStr::new_static(text))
    }

    /// Returns whether the permission only reads: its action is `read`.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.0.ends_with(":read")
    }

    /// The name of the permission in the API and in storage.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Permission {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Self, PermissionError> {
        if is_name(text) { Ok(Self(text.into())) } else { Err(PermissionError) }
    }
}

/// A set of permissions: those of a key, or a catalogue. The empty set grants nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermissionSet(BTreeSet<Permission>);

impl PermissionSet {
    /// Returns whether the set contains the permission.
    #[must_use]
    pub fn contains(&self, permission: &Permission) -> bool {
        self.0.contains(permission)
    }

    /// The permissions, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Permission> {
        self.0.iter()
    }

    /// The permissions of both sets.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// The number of permissions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether the set contains no permission.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().collect())
    }
}

impl fmt::Display for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, permission) in self.0.iter().enumerate() {
            write!(f, "{}{permission}", if position == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
