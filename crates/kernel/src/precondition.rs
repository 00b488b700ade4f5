//! Preconditions of changes, which prevent lost updates.

/// A condition on the current version of a resource. Without a condition, the last change wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Precondition {
    /// No condition. The resource need not exist.
    #[default]
    Anything,
    /// The resource exists.
    Exists,
    /// The resource exists in one of these versions.
    OneOf(Vec<i64>),
    /// The resource does not exist or has version 0, so it was never written.
    Unwritten,
    /// The resource does not exist, or its version is none of these.
    NoneOf(Vec<i64>),
    /// All of these conditions.
    All(Vec<Self>),
}

impl Precondition {
    /// Returns whether the condition holds. `current` is the version of the resource, or `None` if it does not exist.
    #[must_use]
    pub fn holds(&self, current: Option<i64>) -> bool {
        match self {
            Self::Anything => true,
            Self::Exists => current.is_some(),
            Self::OneOf(versions) => current.is_some_and(|version| versions.contains(&version)),
            Self::Unwritten => current.is_none_or(|version| version == 0),
            Self::NoneOf(versions) => current.is_none_or(|version| !versions.contains(&version)),
            Self::All(all) => all.iter().all(|one| one.holds(current)),
        }
    }
}
