//! What an application attaches to an item, and only it understands.

/// A JSON object in compact form, up to 16 KiB. It is kept as text, so that it comes back to the byte from every storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata(String);

/// The text can't be metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not the text of an object.
    #[error("must be an object")]
    NotAnObject,
    /// Too many bytes.
    #[error("must have at most 16384 bytes in compact form")]
    TooLong,
}

impl Metadata {
    /// The largest object, in bytes of its compact form in UTF-8.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// The object as compact JSON.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl Default for Metadata {
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

impl TryFrom<String> for Metadata {
    type Error = MetadataError;

    /// Takes JSON that a parser wrote. This domain has no parser of its own and looks at the outline only.
    fn try_from(json: String) -> Result<Self, MetadataError> {
        if !(json.starts_with('{') && json.ends_with('}')) {
            return Err(MetadataError::NotAnObject);
        }
        if json.len() > Self::MAX_BYTES {
            return Err(MetadataError::TooLong);
        }
        Ok(Self(json))
    }
}
