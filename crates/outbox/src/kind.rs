//! Kinds of messages.

/// The kind of a message in the outbox. A node takes only messages of a kind that it delivers. Nodes of a later version
/// may have stored other kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// A mail, delivered by [`Mailer`](crate::Mailer).
    Mail,
}

impl MessageKind {
    /// The name in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
        }
    }
}
