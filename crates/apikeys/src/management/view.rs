//! Reads of one key.

use tessera_kernel::{Actor, ApiKeyId};

use crate::{ApiKeys, KeyError, model::ApiKey, policy};

impl ApiKeys {
    /// Returns a key of an application or an organization, with its secrets and what restricts it.
    ///
    /// # Errors
    /// The key is not visible to the actor, the rights of the actor are too low, or storage failed.
    pub async fn view_key(&self, actor: &Actor, id: ApiKeyId) -> Result<ApiKey, KeyError> {
        self.visible_key(actor, id, policy::reading).await
    }
}
