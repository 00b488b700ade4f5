//! Authentication of requests by API key.

use tessera_kernel::{ActsAs, CredentialStatus, Principal, RateLimited, RequestMetadata, StoreError};

use crate::{
    ApiKeys,
    model::{FoundKey, KeyOwner, OwnerRights, StoredKey, UseCost},
    verification::{charge::Admission, check::CheckedKey, usage::UseOrigin},
};

tessera_kernel::error_enum! {
    /// Why a key does not authenticate a request.
    pub enum AuthenticateKeyError {
        /// The text is not an API key: its form or its checksum is wrong.
        #[error("the text is not an API key")]
        MalformedKey,
        /// The key does not exist.
        #[error("the API key does not exist")]
        UnknownKey,
        /// The key is revoked.
        #[error("the API key is revoked")]
        RevokedKey,
        /// The key has expired.
        #[error("the API key has expired")]
        ExpiredKey,
        /// The key is disabled, its user is no longer a member of the organization, or its service account is disabled.
        #[error("the API key or its owner is disabled, or the owner has left the organization")]
        DisabledKey,
        /// The key must not be used from the address of the client.
        #[error("the API key must not be used from this address")]
        AddressNotAllowed,
        /// The key has no uses left.
        #[error("the API key has no uses left")]
        UsageExceeded,
    }
    from
        /// A limit of the key is reached.
        RateLimited(RateLimited),
        /// The validity of the key is unknown.
        Store(StoreError),
}

impl ApiKeys {
    /// Authenticates a request by its key, charges the limits of the key, and records the use. `user_agent` is the header of the client.
    ///
    /// # Errors
    /// The key is invalid, or storage failed.
    pub async fn authenticate_key(
        &self,
        key: &str,
        origin: &RequestMetadata,
        user_agent: Option<&str>,
    ) -> Result<Principal, AuthenticateKeyError> {
        let found = match self.check_key(key).await? {
            CheckedKey::Known(found, CredentialStatus::Live) => found,
            CheckedKey::Known(_, CredentialStatus::Ended) => return Err(AuthenticateKeyError::RevokedKey),
            CheckedKey::Known(_, CredentialStatus::Expired) => return Err(AuthenticateKeyError::ExpiredKey),
            CheckedKey::Known(_, CredentialStatus::Disabled) => return Err(AuthenticateKeyError::DisabledKey),
            CheckedKey::Unknown => return Err(AuthenticateKeyError::UnknownKey),
            CheckedKey::Malformed => return Err(AuthenticateKeyError::MalformedKey),
        };
        let StoredKey { key, hash } = &found.stored;
        if !key.restrictions.allowed_addresses.admit(origin.address) {
            return Err(AuthenticateKeyError::AddressNotAllowed);
        }
        match self.charge(key, UseCost::ONE).await?.admission() {
            Admission::Admitted => {}
            Admission::RateLimited(limited) => return Err(limited.into()),
            Admission::UsageExceeded => return Err(AuthenticateKeyError::UsageExceeded),
        }
        let used_from = UseOrigin { address: origin.address, user_agent };
        self.usage.note(key.id, *hash, self.ports.system.now(), used_from);
        principal(found)
    }
}

/// The party that a live key identifies.
fn principal(FoundKey { stored, rights, .. }: FoundKey) -> Result<Principal, AuthenticateKeyError> {
    let key = stored.key;
    let acts_as = match (key.owner, rights) {
        (KeyOwner::Application(application), _) => {
            return Ok(Principal::Application {
                key: key.id,
                application,
                organization: key.organization_id,
                permissions: key.permissions,
            });
        }
        (KeyOwner::User(user), OwnerRights::Role(Some(role))) => ActsAs::Member { user, role },
        (KeyOwner::ServiceAccount(account), OwnerRights::Permissions(Some(permissions))) => {
            ActsAs::ServiceAccount { account, permissions }
        }
        // Rights of another kind than the owner, or none.
        _ => return Err(AuthenticateKeyError::DisabledKey),
    };
    Ok(Principal::OrganizationKey { key: key.id, organization: key.organization_id, scope: key.scope, acts_as })
}
