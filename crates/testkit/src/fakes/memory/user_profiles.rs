//! Profiles of users, as other domains read them.

use async_trait::async_trait;
use tessera_kernel::{EmailAddress, StoreError, UserId};
use tessera_orgs::{model::Profile, ports::UserProfiles};

use super::{state::profile_of, store::MemoryStore};

#[async_trait]
impl UserProfiles for MemoryStore {
    async fn find_profile_by_email(&self, email: &EmailAddress) -> Result<Option<Profile>, StoreError> {
        Ok(self.state().user_by_email(email).map(|known| profile_of(&known.user)))
    }

    async fn find_verified_email(&self, user: UserId) -> Result<Option<EmailAddress>, StoreError> {
        let state = self.state();
        let verified = state.users.get(&user).filter(|known| known.user.email_verified);
        Ok(verified.and_then(|known| known.user.email.clone()))
    }

    async fn find_profile_by_verified_email(&self, email: &EmailAddress) -> Result<Option<Profile>, StoreError> {
        let state = self.state();
        let verified = state.user_by_email(email).filter(|known| known.user.email_verified);
        Ok(verified.map(|known| profile_of(&known.user)))
    }

    async fn profiles(&self, users: &[UserId]) -> Result<Vec<Profile>, StoreError> {
        let state = self.state();
        let asked = state.users.values().filter(|known| users.contains(&known.user.id));
        Ok(asked.map(|known| profile_of(&known.user)).collect())
    }

    async fn users_with_mfa(&self, users: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        let state = self.state();
        let has_passkey = |user: &UserId| state.passkeys.values().any(|passkey| passkey.user_id == *user);
        let has_factor = |user: &UserId| state.totp_factors.contains_key(user) || has_passkey(user);
        Ok(users.iter().copied().filter(has_factor).collect())
    }
}
