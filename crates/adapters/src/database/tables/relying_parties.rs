//! Relying parties for single sign-on, read from the applications.

use async_trait::async_trait;
use tessera_apps::{model::Application, ports::AppStore};
use tessera_kernel::{ApplicationId, StoreError};
use tessera_sso::{model::RelyingParty, ports::RelyingParties};

use super::apps;
use crate::database::engine::{SqlStore, connection::PooledConnection, types::DbId};

#[async_trait]
impl RelyingParties for SqlStore {
    async fn find_relying_party(&self, id: ApplicationId) -> Result<Option<RelyingParty>, StoreError> {
        Ok(self.find_application(id).await?.as_ref().map(seen_by_sign_ins))
    }
}

/// Reads the application of a session or a code. Other transactions cannot change or delete it until this transaction
/// ends. It is locked before its dependent rows, in the same order as a deletion. Another order could deadlock.
pub(super) async fn lock_relying_party(
    lease: &mut PooledConnection,
    id: DbId,
) -> Result<Option<RelyingParty>, StoreError> {
    Ok(apps::hold(lease, id).await?.as_ref().map(seen_by_sign_ins))
}

fn seen_by_sign_ins(application: &Application) -> RelyingParty {
    RelyingParty {
        application: application.id,
        organization: application.organization_id,
        name: application.name.to_string(),
        redirect_uris: application.redirect_uris.that_may_receive_responses().map(ToString::to_string).collect(),
    }
}
