//! The mail templates, and the words that several of them share.

use tessera_kernel::Role;
use tessera_orgs::model::Profile;
use time::{OffsetDateTime, macros::format_description};

use super::names::quoted;

/// Words mails by templates.
pub struct AskamaLetters {
    pub(super) public_url: String,
}

impl AskamaLetters {
    /// Links start with that URL and with nothing else.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        Self { public_url: public_url.trim_end_matches('/').to_owned() }
    }
}

/// The name of a user: quoted, or a word for users without a name and an address.
pub(super) fn name(profile: &Profile) -> String {
    profile.display_name.as_deref().or(profile.email.as_deref()).map_or_else(|| "Somebody".to_owned(), quoted)
}

pub(super) fn role(role: Role) -> &'static str {
    match role {
        Role::Owner => "an owner",
        Role::Admin => "an administrator",
        Role::Member => "a member",
    }
}

pub(super) fn minute(time: OffsetDateTime) -> String {
    let format = format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    time.format(format).unwrap_or_default()
}
