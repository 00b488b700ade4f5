//! Lookup of user profiles.

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, StoreError, UserId};

use crate::model::Profile;

/// Users, as far as an organization may see them.
#[async_trait]
pub trait UserProfiles: Send + Sync {
    /// Finds the user with that address, verified or not. The comparison ignores case. Returns `Ok(None)` if there is
    /// none.
    async fn find_profile_by_email(&self, email: &EmailAddress) -> Result<Option<Profile>, StoreError>;

    /// Returns whether the user has a verified address. Returns `false` if the user does not exist.
    async fn has_verified_email(&self, user: UserId) -> Result<bool, StoreError>;

    /// Finds the user who has verified that address. The comparison ignores case. Returns `Ok(None)` if no account has
    /// the address, or its user has not verified it.
    async fn find_profile_by_verified_email(&self, email: &EmailAddress) -> Result<Option<Profile>, StoreError>;

    /// Returns the profiles of these users, in no particular order. Users who do not exist are omitted.
    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StoreError>;
}
