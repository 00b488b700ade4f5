//! Whether every sealed value opens, without a time limit.

use tessera_adapters::Inspection;
use tessera_kernel::StoreError;

use super::master_key;
use crate::doctor::{context::Context, finding::Finding};

pub(super) async fn check(context: &Context, database: &mut Inspection) -> Result<Finding, StoreError> {
    master_key::examine(context, database, None).await
}
