//! Whether every organization has an owner.

use tessera_adapters::Inspection;
use tessera_kernel::StoreError;

use super::references::listed;
use crate::doctor::finding::Finding;

pub(super) async fn check(database: &mut Inspection) -> Result<Finding, StoreError> {
    let found = database.check_owners().await?;
    Ok(match listed(found.as_slice()) {
        None => Finding::ok("every organization has an owner"),
        Some(list) => Finding::fail(
            list,
            "UPDATE memberships SET role = 'owner' for a member of each, after you have agreed with its members on one",
        ),
    })
}
