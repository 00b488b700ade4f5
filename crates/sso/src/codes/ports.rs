//! Storage of authorization codes.

use async_trait::async_trait;
use tessera_kernel::{SecretHash, StoreError};
use time::OffsetDateTime;

use super::model::AuthorizationCode;
use crate::relying_parties::model::RelyingParty;

/// Authorization codes. They are deleted together with their application or their user.
#[async_trait]
pub trait SsoCodes: Send {
    /// Inserts a code. Fails with a conflict on [`StoreError::REFERENCE`] if the application or user does not exist,
    /// and on `sso_codes_code_hash` if the hash exists.
    async fn insert(&mut self, code: &AuthorizationCode) -> Result<(), StoreError>;

    /// Reads and locks the code with that hash and its application until the transaction ends. The code may be redeemed
    /// already. Returns `Ok(None)` if there is none.
    async fn lock(&mut self, hash: &SecretHash) -> Result<Option<(AuthorizationCode, RelyingParty)>, StoreError>;

    /// Marks an open code as redeemed. Returns `Ok(false)` and changes nothing if the code is already redeemed or does
    /// not exist.
    async fn redeem(&mut self, hash: &SecretHash, at: OffsetDateTime) -> Result<bool, StoreError>;
}
