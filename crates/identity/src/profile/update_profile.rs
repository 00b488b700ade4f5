//! Profile update.

use tessera_kernel::{Actor, Event};

use crate::{
    Identity,
    model::{AvatarUrl, DisplayName, PersonName, User},
    profile::{events::ProfileEvent, view_profile::ProfileError},
};

/// Changes to a profile. `None` keeps a field, `Some(None)` clears it. The email address is not included, because a new
/// address must be verified.
#[derive(Debug, Default)]
pub struct UpdateProfile {
    /// The name that the user is shown as.
    pub display_name: Option<Option<DisplayName>>,
    /// Given name.
    pub first_name: Option<Option<PersonName>>,
    /// Family name.
    pub last_name: Option<Option<PersonName>>,
    /// URL of the user's picture.
    pub avatar_url: Option<Option<AvatarUrl>>,
}

impl Identity {
    /// Updates the actor's own profile. An update without changes writes nothing, not even an audit entry.
    ///
    /// # Errors
    /// Fails when the actor is not a user, the account does not exist any more, or storage fails.
    pub async fn update_profile(&self, actor: &Actor, command: UpdateProfile) -> Result<User, ProfileError> {
        let id = actor.user().ok_or(ProfileError::NotFound)?;
        let mut tx = self.ports.store.begin().await?;
        let known = tx.users().lock(id).await?.ok_or(ProfileError::NotFound)?.user;
        let changed = User {
            display_name: command.display_name.unwrap_or_else(|| known.display_name.clone()),
            first_name: command.first_name.unwrap_or_else(|| known.first_name.clone()),
            last_name: command.last_name.unwrap_or_else(|| known.last_name.clone()),
            avatar_url: command.avatar_url.unwrap_or_else(|| known.avatar_url.clone()),
            ..known.clone()
        };
        if changed == known {
            return Ok(known);
        }
        let user = User { updated_at: self.ports.system.now(), ..changed };
        tx.users().update_profile(&user).await?;
        tx.events().append(&Event::by(actor, ProfileEvent::Updated { user: id }, &self.ports.system)).await?;
        tx.commit().await?;
        Ok(user)
    }
}
