//! The names under which values are sealed. They are authenticated, so that one sealed value cannot replace another.

use std::fmt::Display;

/// The content of a mail.
pub(crate) fn mail(id: impl Display) -> String {
    format!("mail {id}")
}

/// The secret of an authenticator app, confirmed or not.
pub(crate) fn totp(user: impl Display) -> String {
    format!("totp {user}")
}

/// The private part of a signing key of service tokens.
pub(crate) fn service_token_key(kid: impl Display) -> String {
    format!("service-token-rs256 {kid}")
}
