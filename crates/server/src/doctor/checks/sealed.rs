//! Whether every sealed value opens, without a time limit.

use tessera_adapters::Inspection;
use tessera_kernel::StoreError;

use super::{Context, Finding, master_key};

pub(super) async fn check(context: &Context, database: &mut Inspection) -> Result<Finding, StoreError> {
    master_key::examine(context, database, None).await
}
