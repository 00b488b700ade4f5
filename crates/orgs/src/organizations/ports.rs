//! Ports of organizations.

use async_trait::async_trait;
use tessera_kernel::{OrganizationId, StoreError};

use super::model::Organization;

/// Organizations, in a transaction.
#[async_trait]
pub trait Organizations: Send {
    /// Inserts an organization. Fails with a conflict on `organizations_slug` if the slug is taken, and on
    /// `organizations_id` if the id exists.
    async fn insert(&mut self, organization: &Organization) -> Result<(), StoreError>;

    /// Writes name, slug, `mfa_required` and `updated_at` of an organization. Returns `Ok(false)` if it does not exist. Fails with a
    /// conflict on `organizations_slug` if another organization has the slug.
    async fn update(&mut self, organization: &Organization) -> Result<bool, StoreError>;

    /// Deletes an organization with everything in it: memberships, departures, settings, system data, invitations, and
    /// its applications with their keys, items and pending sign-ins. After the commit, no read finds any of them, and the
    /// slug is free. The rows stay until
    /// [`OrgStore::clear_deleted_organizations`](crate::ports::OrgStore::clear_deleted_organizations) removes them, so
    /// the call takes the same time for every organization. Returns `Ok(false)` if the organization does not exist.
    async fn delete(&mut self, id: OrganizationId) -> Result<bool, StoreError>;

    /// Reads and locks an organization until the transaction ends. Another transaction that locks it waits. Only the
    /// holder of the lock may decide about members. Returns `Ok(None)` if the organization does not exist.
    async fn lock(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;
}
