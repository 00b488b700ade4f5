//! Storage of organizations.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use tessera_kernel::{
    EmailAddress, InvitationId, OrganizationId, Page, PageRequest, Role, SecretHash, StoreError, UserId,
    VersionedDocument,
};
use tessera_orgs::{
    model::{Invitation, MailDelivery, Membership, Organization, SystemDataEntry},
    ports::{
        Departures, InvitationMails, InvitationRows, MembershipRows, OrgDocuments, OrgStore, OrgTransaction,
        Organizations,
    },
};
use tessera_outbox::Outbox;
use time::OffsetDateTime;

use super::{
    documents, invitation_mails, invitations,
    memberships::{self, MembershipRow},
    organizations::{self, OrganizationRow, clear_deleted},
};
use crate::database::engine::{
    SqlStore,
    connection::with_connection,
    rows::{after, parse},
    run_query::RunQueryDsl,
    schema::memberships as members,
    transaction::Tx,
    types::DbId,
};

#[async_trait]
impl OrgStore for SqlStore {
    async fn begin(&self) -> Result<Box<dyn OrgTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await?))
    }

    async fn find_organization(
        &self,
        id: OrganizationId,
        user: UserId,
    ) -> Result<Option<(Organization, Membership)>, StoreError> {
        let mut lease = self.reader().await?;
        let query = memberships::existing_one(DbId(id.as_uuid()), DbId(user.as_uuid()));
        let row: Option<(OrganizationRow, MembershipRow)> = with_connection!(&mut lease, |c| {
            query.select((OrganizationRow::as_select(), MembershipRow::as_select())).first(c).await.optional()
        })?;
        row.map(|(organization, membership)| Ok((organization.try_into()?, membership.try_into()?))).transpose()
    }

    async fn find_organization_by_id(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let mut lease = self.reader().await?;
        let query = organizations::existing(DbId(id.as_uuid()));
        let row: Option<OrganizationRow> =
            with_connection!(&mut lease, |c| query.select(OrganizationRow::as_select()).first(c).await.optional())?;
        row.map(Organization::try_from).transpose()
    }

    async fn list_organizations(
        &self,
        user: UserId,
        page: PageRequest,
    ) -> Result<Page<(Organization, Role)>, StoreError> {
        let mut lease = self.reader().await?;
        let query = memberships::existing()
            .filter(members::user_id.eq(DbId(user.as_uuid())))
            .filter(members::organization_id.gt(after(&page)))
            .order(members::organization_id)
            .limit(page.rows());
        let rows: Vec<(OrganizationRow, String)> = with_connection!(&mut lease, |c| {
            query.select((OrganizationRow::as_select(), members::role)).load(c).await
        })?;
        let listed = |(organization, role): (OrganizationRow, String)| {
            Ok((organization.try_into()?, parse("memberships.role", &role)?))
        };
        let found = rows.into_iter().map(listed).collect::<Result<Vec<(Organization, Role)>, StoreError>>()?;
        Ok(Page::from_rows(found, &page, |(organization, _)| organization.id.as_uuid()))
    }

    async fn clear_deleted_organizations(&self, most: u32) -> Result<u64, StoreError> {
        clear_deleted(self, most).await
    }

    async fn find_membership(&self, id: OrganizationId, user: UserId) -> Result<Option<Membership>, StoreError> {
        memberships::find(&mut self.reader().await?, id, user).await
    }

    async fn list_memberships(&self, id: OrganizationId, page: PageRequest) -> Result<Page<Membership>, StoreError> {
        memberships::list(&mut self.reader().await?, id, page).await
    }

    async fn find_settings(&self, of: &Organization) -> Result<Option<VersionedDocument>, StoreError> {
        documents::find_settings(&mut self.reader().await?, of).await
    }

    async fn find_system_data(
        &self,
        id: OrganizationId,
        user: UserId,
    ) -> Result<Option<VersionedDocument>, StoreError> {
        documents::find_system_data(&mut self.reader().await?, id, user).await
    }

    async fn list_system_data(
        &self,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<SystemDataEntry>, StoreError> {
        documents::list_system_data(&mut self.reader().await?, id, page).await
    }

    async fn find_invitation(&self, token: &SecretHash) -> Result<Option<Invitation>, StoreError> {
        invitations::find_by_token(&mut self.reader().await?, token).await
    }

    async fn find_invitation_by_id(&self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        invitations::find_by_id(&mut self.reader().await?, id).await
    }

    async fn list_invitations_to(
        &self,
        email: &EmailAddress,
        now: OffsetDateTime,
        page: PageRequest,
    ) -> Result<Page<(Invitation, Organization, Option<Role>)>, StoreError> {
        invitations::list_to(&mut self.reader().await?, email, now, page).await
    }

    async fn list_invitations(
        &self,
        id: OrganizationId,
        page: PageRequest,
    ) -> Result<Page<(Invitation, Option<Role>)>, StoreError> {
        invitations::list(&mut self.reader().await?, id, page).await
    }

    async fn list_deliveries(&self, of: &[InvitationId]) -> Result<BTreeMap<InvitationId, MailDelivery>, StoreError> {
        invitation_mails::list_deliveries(&mut self.reader().await?, of).await
    }
}

impl OrgTransaction for Tx {
    tessera_kernel::accessors!(
        organizations: Organizations, memberships: MembershipRows, departures: Departures, documents: OrgDocuments,
        invitations: InvitationRows, invitation_mails: InvitationMails, outbox: Outbox,
    );
}
