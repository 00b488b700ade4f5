//! Applications as single sign-on sees them.

use async_trait::async_trait;
use tessera_apps::{model::Application, ports::AppStore};
use tessera_identity::{model::RelyingParty, ports::RelyingParties};
use tessera_kernel::{ApplicationId, StoreError};

use super::{SqlStore, apps, connection::Lease, types::DbId};

#[async_trait]
impl RelyingParties for SqlStore {
    async fn find_relying_party(&self, id: ApplicationId) -> Result<Option<RelyingParty>, StoreError> {
        Ok(self.find_application(id).await?.as_ref().map(seen_by_sign_ins))
    }
}

/// The application of a session or a code, which nobody changes or deletes until the transaction ends. It is held before
/// what hangs on it, in the order of whoever deletes it: two that hold what the other wants next wait for ever.
pub(super) async fn hold_party(lease: &mut Lease, id: DbId) -> Result<Option<RelyingParty>, StoreError> {
    Ok(apps::hold(lease, id).await?.as_ref().map(seen_by_sign_ins))
}

fn seen_by_sign_ins(application: &Application) -> RelyingParty {
    RelyingParty {
        application: application.id,
        organization: application.organization_id,
        name: application.name.to_string(),
        redirect_uris: application.redirect_uris.that_take_an_answer().map(ToString::to_string).collect(),
    }
}
