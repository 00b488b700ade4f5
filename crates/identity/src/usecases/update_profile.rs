//! A user changes what their account says of them.

use tessera_kernel::{Actor, Event, StoreError};

use crate::{
    Identity,
    events::IdentityEvent,
    model::{AvatarUrl, DisplayName, PersonName, User},
};

/// What is to change. `None` leaves a field as it is, `Some(None)` empties it. The address is not among them: whoever
/// changes it has to prove the new one.
#[derive(Debug, Default)]
pub struct UpdateProfile {
    /// The name they go by.
    pub display_name: Option<Option<DisplayName>>,
    /// Their given name.
    pub first_name: Option<Option<PersonName>>,
    /// Their family name.
    pub last_name: Option<Option<PersonName>>,
    /// Where their picture is.
    pub avatar_url: Option<Option<AvatarUrl>>,
}

/// The account stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum UpdateProfileError {
    /// The actor is an application, or the account is gone.
    #[error("there is no such user")]
    NotFound,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Identity {
    /// Changes the actor's own account. What changes nothing leaves no trace.
    ///
    /// # Errors
    /// See [`UpdateProfileError`].
    pub async fn update_profile(&self, actor: &Actor, command: UpdateProfile) -> Result<User, UpdateProfileError> {
        let id = actor.user().ok_or(UpdateProfileError::NotFound)?;
        let (clock, entropy) = (&*self.ports.clock, &*self.ports.entropy);
        let mut tx = self.ports.store.begin().await?;
        let known = tx.users().lock(id).await?.ok_or(UpdateProfileError::NotFound)?.user;
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
        let user = User { updated_at: clock.now(), ..changed };
        let announcement = IdentityEvent::UserUpdated { user: id }.into();
        tx.users().update_profile(&user).await?;
        tx.events().append(&Event::by(actor, announcement, clock, entropy)).await?;
        tx.commit().await?;
        Ok(user)
    }
}
