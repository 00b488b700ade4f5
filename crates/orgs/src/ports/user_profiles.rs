//! Looking users up.

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, StoreError, UserId};

use crate::model::Profile;

/// The users of the service, as far as an organization may know them.
#[async_trait]
pub trait UserProfiles: Send + Sync {
    /// The user with that address, in whatever case it is written. `Ok(None)` when there is none.
    async fn find_profile_by_email(&self, email: &EmailAddress) -> Result<Option<Profile>, StoreError>;

    /// Whether the user has an address that is verified. `false` if there is no such user.
    async fn has_verified_email(&self, user: UserId) -> Result<bool, StoreError>;

    /// The user who has verified that address, compared without case. `Ok(None)` when there is none, also when the account
    /// with that address has not verified it.
    async fn find_profile_by_verified_email(&self, email: &EmailAddress) -> Result<Option<Profile>, StoreError>;

    /// The profiles of these users, in no particular order; those who do not exist are left out.
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StoreError>;
}
