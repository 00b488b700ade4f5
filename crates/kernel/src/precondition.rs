//! What a caller takes for granted of the thing they change, so that nobody's change is lost unseen.

/// The version that a thing must have for a change to be made. Without one, the last change wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Whatever it is, and whether it is there at all.
    #[default]
    Anything,
    /// It must be there.
    Exists,
    /// It must be there in one of these versions.
    OneOf(Vec<i64>),
    /// Nobody has written it yet: it is not there, or in version 0.
    Unwritten,
    /// It must be in none of these versions; it need not be there.
    NoneOf(Vec<i64>),
    /// Each of these.
    All(Vec<Self>),
}

impl Precondition {
    /// Whether it holds for the version that the thing has, if it is there.
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
