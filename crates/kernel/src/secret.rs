//! Values that must not reach a log, an answer or an error.

/// Holds a value that prints as `***` and has to be opened by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Closes a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Opens it. Each call is a place where the secret could leak, and easy to search for.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> std::fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}
