//! Storage of invitations.

use async_trait::async_trait;
use diesel::{OptionalExtension, dsl::exists, prelude::*};
use tessera_kernel::{
    EmailAddress, InvitationClaimId, InvitationId, OrganizationId, Page, PageRequest, Role, SecretHash, StoreError,
    UserId,
};
use tessera_orgs::{
    model::{Claim, Invitation, InvitationState, Organization},
    ports::{InvitationRows, InvitationsOf},
};
use time::OffsetDateTime;

use super::organizations::OrganizationRow;
use crate::database::engine::{
    connection::{PooledConnection, with_connection},
    rows::{after, corrupt, count, parse, parse_optional},
    run_query::RunQueryDsl,
    schema::{invitations, memberships, organizations, users},
    transaction::Tx,
    types::{DbId, DbInstant},
};

const PENDING: &str = "pending";
const ACCEPTED: &str = "accepted";
const WITHDRAWN: &str = "withdrawn";

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = invitations)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct InvitationRow {
    id: DbId,
    organization_id: DbId,
    email: String,
    pending_email: Option<String>,
    role: String,
    status: String,
    token_hash: Vec<u8>,
    invited_by: DbId,
    created_at: DbInstant,
    expires_at: DbInstant,
    ended_at: Option<DbInstant>,
    claimed_by: Option<DbId>,
    claimed_until: Option<DbInstant>,
}

/// Returns the status of a state, and when the invitation ended.
fn ended(state: InvitationState) -> (&'static str, Option<DbInstant>) {
    match state {
        InvitationState::Open => (PENDING, None),
        InvitationState::Accepted { at } => (ACCEPTED, Some(DbInstant(at))),
        InvitationState::Withdrawn { at } => (WITHDRAWN, Some(DbInstant(at))),
    }
}

impl InvitationRow {
    fn new(invitation: &Invitation, token: &SecretHash) -> Self {
        let (status, ended_at) = ended(invitation.state);
        let pending = invitation.state == InvitationState::Open;
        Self {
            id: DbId(invitation.id.as_uuid()),
            organization_id: DbId(invitation.organization_id.as_uuid()),
            email: invitation.email.to_string(),
            pending_email: pending.then(|| invitation.email.canonical().to_owned()),
            role: invitation.role.to_string(),
            status: status.to_owned(),
            token_hash: token.as_bytes().to_vec(),
            invited_by: DbId(invitation.invited_by.as_uuid()),
            created_at: DbInstant(invitation.created_at),
            expires_at: DbInstant(invitation.expires_at),
            ended_at,
            claimed_by: invitation.claim.map(|claim| DbId(claim.by.as_uuid())),
            claimed_until: invitation.claim.map(|claim| DbInstant(claim.until)),
        }
    }
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StoreError;

    fn try_from(row: InvitationRow) -> Result<Self, StoreError> {
        let state = match (row.status.as_str(), row.ended_at) {
            (PENDING, None) => InvitationState::Open,
            (ACCEPTED, Some(at)) => InvitationState::Accepted { at: at.0 },
            (WITHDRAWN, Some(at)) => InvitationState::Withdrawn { at: at.0 },
            _ => return Err(corrupt("invitations.status", "is none")),
        };
        Ok(Self {
            id: InvitationId::from_uuid(row.id.0),
            organization_id: OrganizationId::from_uuid(row.organization_id.0),
            email: parse("invitations.email", &row.email)?,
            role: parse("invitations.role", &row.role)?,
            state,
            invited_by: UserId::from_uuid(row.invited_by.0),
            created_at: row.created_at.0,
            expires_at: row.expires_at.0,
            claim: row
                .claimed_by
                .zip(row.claimed_until)
                .map(|(by, until)| Claim { by: InvitationClaimId::from_uuid(by.0), until: until.0 }),
        })
    }
}

pub(super) async fn find_by_token(
    lease: &mut PooledConnection,
    token: &SecretHash,
) -> Result<Option<Invitation>, StoreError> {
    let query = invitations::table.filter(invitations::token_hash.eq(token.as_bytes().as_slice()));
    let row: Option<InvitationRow> =
        with_connection!(lease, |c| query.select(InvitationRow::as_select()).first(c).await.optional())?;
    row.map(Invitation::try_from).transpose()
}

pub(super) async fn find_by_id(
    lease: &mut PooledConnection,
    id: InvitationId,
) -> Result<Option<Invitation>, StoreError> {
    let query = invitations::table.find(DbId(id.as_uuid()));
    let row: Option<InvitationRow> =
        with_connection!(lease, |c| query.select(InvitationRow::as_select()).first(c).await.optional())?;
    row.map(Invitation::try_from).transpose()
}

/// Selects invitations with the memberships of their inviters.
#[diesel::dsl::auto_type]
fn with_inviters() -> _ {
    let inviter = memberships::organization_id
        .eq(invitations::organization_id)
        .and(memberships::user_id.eq(invitations::invited_by));
    invitations::table.left_join(memberships::table.on(inviter))
}

pub(super) async fn list_to(
    lease: &mut PooledConnection,
    email: &EmailAddress,
    now: OffsetDateTime,
    page: PageRequest,
) -> Result<Page<(Invitation, Organization, Option<Role>)>, StoreError> {
    let query = with_inviters()
        .inner_join(organizations::table.on(organizations::id.eq(invitations::organization_id)))
        .filter(organizations::deleted_at.is_null())
        .filter(invitations::pending_email.eq(email.canonical()))
        .filter(invitations::expires_at.gt(DbInstant(now)))
        .filter(invitations::id.gt(after(&page)))
        .order(invitations::id)
        .limit(page.rows());
    let rows: Vec<(InvitationRow, OrganizationRow, Option<String>)> = with_connection!(lease, |c| query
        .select((InvitationRow::as_select(), OrganizationRow::as_select(), memberships::role.nullable()))
        .load(c)
        .await)?;
    let listed = |(row, organization, role): (InvitationRow, OrganizationRow, Option<String>)| {
        Ok((row.try_into()?, organization.try_into()?, parse_optional("memberships.role", role.as_deref())?))
    };
    let found: Vec<(Invitation, Organization, Option<Role>)> =
        rows.into_iter().map(listed).collect::<Result<_, StoreError>>()?;
    Ok(Page::from_rows(found, &page, |(invitation, ..)| invitation.id.as_uuid()))
}

pub(super) async fn list(
    lease: &mut PooledConnection,
    of: OrganizationId,
    page: PageRequest,
) -> Result<Page<(Invitation, Option<Role>)>, StoreError> {
    let query = with_inviters()
        .filter(invitations::organization_id.eq(DbId(of.as_uuid())))
        .filter(invitations::id.gt(after(&page)))
        .order(invitations::id)
        .limit(page.rows());
    let rows: Vec<(InvitationRow, Option<String>)> = with_connection!(lease, |c| query
        .select((InvitationRow::as_select(), memberships::role.nullable()))
        .load(c)
        .await)?;
    let listed = |(row, role): (InvitationRow, Option<String>)| {
        Ok((row.try_into()?, parse_optional("memberships.role", role.as_deref())?))
    };
    let found = rows.into_iter().map(listed).collect::<Result<Vec<(Invitation, Option<Role>)>, StoreError>>()?;
    Ok(Page::from_rows(found, &page, |(invitation, _)| invitation.id.as_uuid()))
}

#[async_trait]
impl InvitationRows for Tx {
    async fn insert(&mut self, invitation: &Invitation, token: &SecretHash) -> Result<(), StoreError> {
        let insert = diesel::insert_into(invitations::table).values(InvitationRow::new(invitation, token));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn find(&mut self, of: OrganizationId, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        let query =
            invitations::table.find(DbId(id.as_uuid())).filter(invitations::organization_id.eq(DbId(of.as_uuid())));
        let row: Option<InvitationRow> =
            with_connection!(&mut self.lease, |c| query.select(InvitationRow::as_select()).first(c).await.optional())?;
        row.map(Invitation::try_from).transpose()
    }

    async fn find_open(&mut self, of: OrganizationId, email: &EmailAddress) -> Result<Option<Invitation>, StoreError> {
        let query = invitations::table
            .filter(invitations::organization_id.eq(DbId(of.as_uuid())))
            .filter(invitations::pending_email.eq(email.canonical()));
        let row: Option<InvitationRow> =
            with_connection!(&mut self.lease, |c| query.select(InvitationRow::as_select()).first(c).await.optional())?;
        row.map(Invitation::try_from).transpose()
    }

    async fn lock_by_token(&mut self, token: &SecretHash) -> Result<Option<Invitation>, StoreError> {
        let query = invitations::table.filter(invitations::token_hash.eq(token.as_bytes().as_slice()));
        let row: Option<InvitationRow> = with_connection!(&mut self.lease, |c|
            postgres: query.select(InvitationRow::as_select()).for_update().first(c).await.optional(),
            sqlite: query.select(InvitationRow::as_select()).first(c).await.optional())?;
        row.map(Invitation::try_from).transpose()
    }

    async fn renew(&mut self, invitation: &Invitation, token: &SecretHash) -> Result<bool, StoreError> {
        let open = invitations::table.find(DbId(invitation.id.as_uuid())).filter(invitations::status.eq(PENDING));
        let update = diesel::update(open).set((
            invitations::token_hash.eq(token.as_bytes().as_slice()),
            invitations::invited_by.eq(DbId(invitation.invited_by.as_uuid())),
            invitations::expires_at.eq(DbInstant(invitation.expires_at)),
            invitations::claimed_by.eq(None::<DbId>),
            invitations::claimed_until.eq(None::<DbInstant>),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn claim(&mut self, id: InvitationId, claim: Claim) -> Result<bool, StoreError> {
        let open = invitations::table.find(DbId(id.as_uuid())).filter(invitations::status.eq(PENDING));
        let update = diesel::update(open).set((
            invitations::claimed_by.eq(DbId(claim.by.as_uuid())),
            invitations::claimed_until.eq(DbInstant(claim.until)),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn end(&mut self, id: InvitationId, state: InvitationState) -> Result<bool, StoreError> {
        let (status, ended_at) = ended(state);
        if state == InvitationState::Open {
            return Ok(false);
        }
        let open = invitations::table.find(DbId(id.as_uuid())).filter(invitations::status.eq(PENDING));
        let update = diesel::update(open).set((
            invitations::status.eq(status),
            invitations::pending_email.eq(None::<String>),
            invitations::ended_at.eq(ended_at),
        ));
        let of: Option<DbId> = with_connection!(&mut self.lease, |c| update
            .returning(invitations::organization_id)
            .get_result(c)
            .await
            .optional())?;
        let Some(of) = of else { return Ok(false) };
        if matches!(state, InvitationState::Accepted { .. }) {
            let first = organizations::table.find(of).filter(organizations::invitation_accepted_at.is_null());
            let update = diesel::update(first).set(organizations::invitation_accepted_at.eq(ended_at));
            with_connection!(&mut self.lease, |c| update.execute(c).await)?;
        }
        Ok(true)
    }

    async fn any_accepted(&mut self, of: OrganizationId) -> Result<bool, StoreError> {
        // Versions without the column `invitation_accepted_at` record an acceptance only in the invitation.
        let accepted = invitations::table
            .filter(invitations::organization_id.eq(DbId(of.as_uuid())))
            .filter(invitations::status.eq(ACCEPTED));
        let query = organizations::table
            .find(DbId(of.as_uuid()))
            .filter(organizations::invitation_accepted_at.is_not_null().or(exists(accepted)))
            .select(organizations::id);
        let accepted: Option<DbId> = with_connection!(&mut self.lease, |c| query.first(c).await.optional())?;
        Ok(accepted.is_some())
    }

    async fn withdraw_all(
        &mut self,
        of: OrganizationId,
        which: InvitationsOf<'_>,
        at: OffsetDateTime,
    ) -> Result<Vec<InvitationId>, StoreError> {
        let open = invitations::table
            .filter(invitations::organization_id.eq(DbId(of.as_uuid())))
            .filter(invitations::status.eq(PENDING));
        let withdrawn = (
            invitations::status.eq(WITHDRAWN),
            invitations::pending_email.eq(None::<String>),
            invitations::ended_at.eq(DbInstant(at)),
        );
        let ended: Vec<DbId> = match which {
            InvitationsOf::Invitee(user) => {
                let address = users::table.find(DbId(user.as_uuid())).select(users::email_canonical);
                let update = diesel::update(open.filter(invitations::pending_email.eq_any(address))).set(withdrawn);
                with_connection!(&mut self.lease, |c| update.returning(invitations::id).load(c).await)?
            }
            InvitationsOf::Inviter { user, roles } => {
                let sent = open
                    .filter(invitations::invited_by.eq(DbId(user.as_uuid())))
                    .filter(invitations::expires_at.gt(DbInstant(at)))
                    .filter(invitations::role.eq_any(roles.iter().map(|role| role.as_str()).collect::<Vec<_>>()));
                let update = diesel::update(sent).set(withdrawn);
                with_connection!(&mut self.lease, |c| update.returning(invitations::id).load(c).await)?
            }
        };
        let mut ids: Vec<InvitationId> = ended.into_iter().map(|id| InvitationId::from_uuid(id.0)).collect();
        // RETURNING does not guarantee an order.
        ids.sort();
        Ok(ids)
    }

    async fn count_pending(&mut self, of: OrganizationId, now: OffsetDateTime) -> Result<u64, StoreError> {
        let query = invitations::table
            .filter(invitations::organization_id.eq(DbId(of.as_uuid())))
            // Equivalent to a condition on the status, but indexed: ended invitations are not read.
            .filter(invitations::pending_email.is_not_null())
            .filter(invitations::expires_at.gt(DbInstant(now)))
            .count();
        let pending: i64 = with_connection!(&mut self.lease, |c| query.get_result(c).await)?;
        count("invitations", pending)
    }

    async fn count_claimed(&mut self, of: OrganizationId, now: OffsetDateTime) -> Result<u64, StoreError> {
        let query = invitations::table
            .filter(invitations::organization_id.eq(DbId(of.as_uuid())))
            .filter(invitations::pending_email.is_not_null())
            .filter(invitations::claimed_until.gt(DbInstant(now)))
            .count();
        let claimed: i64 = with_connection!(&mut self.lease, |c| query.get_result(c).await)?;
        count("invitations", claimed)
    }
}
