//! The renderer of the mail templates, and text that several templates share.

use tessera_kernel::{ProductName, Role};
use tessera_orgs::model::Profile;
use time::{OffsetDateTime, macros::format_description};

use super::names::quoted;

/// Renders mails from templates.
pub struct AskamaMails {
    pub(super) public_url: String,
    pub(super) product: ProductName,
}

impl AskamaMails {
    /// Creates a renderer. All links start with `public_url`, and all mails name the product.
    #[must_use]
    pub fn new(public_url: &str, product: ProductName) -> Self {
        Self { public_url: public_url.trim_end_matches('/').to_owned(), product }
    }
}

/// Returns the name or the address of a user, quoted. Returns a fixed word for users without either.
pub(super) fn name(profile: &Profile) -> String {
    profile.display_name.as_deref().or(profile.email.as_deref()).map_or_else(|| "A user".to_owned(), quoted)
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
