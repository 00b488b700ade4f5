//! Storage of memberships, and the lookup of a user's role in an organization or application.

use async_trait::async_trait;
use diesel::{IntoSql, NullableExpressionMethods, OptionalExtension, prelude::*};
use tessera_kernel::{
    ApplicationId, ApplicationRole, EmailAddress, MemberAccess, Memberships, OrganizationId, Page, PageRequest, Role,
    StoreClock, StoreError, UserId,
};
use tessera_orgs::{
    model::{Member, Membership},
    ports::MembershipRows,
};
use time::OffsetDateTime;

use super::{apps, user_profiles};
use crate::database::engine::{
    SqlStore,
    connection::{PooledConnection, with_connection},
    credentials::{KnownApplication, KnownRole},
    rows::{after, corrupt, count, parse, to_page},
    run_query::RunQueryDsl,
    schema::{applications, memberships, organizations, users},
    transaction::Tx,
    types::{DbId, DbInstant, Instant, coalesce},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = memberships)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(super) struct MembershipRow {
    organization_id: DbId,
    user_id: DbId,
    role: String,
    joined_at: DbInstant,
    profile_visible_at: Option<DbInstant>,
    opened_at: Option<DbInstant>,
}

impl From<&Membership> for MembershipRow {
    fn from(membership: &Membership) -> Self {
        Self {
            organization_id: DbId(membership.organization_id.as_uuid()),
            user_id: DbId(membership.user_id.as_uuid()),
            role: membership.role.to_string(),
            joined_at: DbInstant(membership.joined_at),
            profile_visible_at: membership.profile_visible_at.map(DbInstant),
            opened_at: membership.opened_at.map(DbInstant),
        }
    }
}

impl TryFrom<MembershipRow> for Membership {
    type Error = StoreError;

    fn try_from(row: MembershipRow) -> Result<Self, StoreError> {
        Ok(Self {
            organization_id: OrganizationId::from_uuid(row.organization_id.0),
            user_id: UserId::from_uuid(row.user_id.0),
            role: parse("memberships.role", &row.role)?,
            joined_at: row.joined_at.0,
            profile_visible_at: row.profile_visible_at.map(|at| at.0),
            opened_at: row.opened_at.map(|at| at.0),
        })
    }
}

/// Selects the memberships in organizations that are not deleted.
#[diesel::dsl::auto_type]
pub(super) fn existing() -> _ {
    let of = organizations::id.eq(memberships::organization_id);
    memberships::table.inner_join(organizations::table.on(of)).filter(organizations::deleted_at.is_null())
}

/// Selects a membership in an organization that is not deleted.
#[diesel::dsl::auto_type]
pub(super) fn existing_one(organization: DbId, user: DbId) -> _ {
    let all: existing = existing();
    all.filter(memberships::organization_id.eq(organization)).filter(memberships::user_id.eq(user))
}

fn key(id: OrganizationId, user: UserId) -> (DbId, DbId) {
    (DbId(id.as_uuid()), DbId(user.as_uuid()))
}

pub(super) async fn find(
    lease: &mut PooledConnection,
    id: OrganizationId,
    user: UserId,
) -> Result<Option<Membership>, StoreError> {
    let (id, user) = key(id, user);
    let query = existing_one(id, user);
    let row: Option<MembershipRow> =
        with_connection!(lease, |c| query.select(MembershipRow::as_select()).first(c).await.optional())?;
    row.map(Membership::try_from).transpose()
}

pub(super) async fn list(
    lease: &mut PooledConnection,
    id: OrganizationId,
    page: PageRequest,
) -> Result<Page<Membership>, StoreError> {
    let query = existing()
        .filter(memberships::organization_id.eq(DbId(id.as_uuid())))
        .filter(memberships::user_id.gt(after(&page)))
        .order(memberships::user_id)
        .limit(page.rows());
    let rows: Vec<MembershipRow> = with_connection!(lease, |c| query.select(MembershipRow::as_select()).load(c).await)?;
    to_page(rows, &page, |membership: &Membership| membership.user_id.as_uuid())
}

/// Records that a member opened the organization. One conditional statement: of concurrent calls, only the first sets
/// the time.
async fn record_opening(
    lease: &mut PooledConnection,
    id: OrganizationId,
    user: UserId,
    at: OffsetDateTime,
) -> Result<bool, StoreError> {
    let unopened = memberships::table.find(key(id, user)).filter(memberships::opened_at.is_null());
    let update = diesel::update(unopened).set((
        memberships::opened_at.eq(Some(DbInstant(at))),
        memberships::profile_visible_at.eq(coalesce(
            memberships::profile_visible_at,
            DbInstant(at).into_sql::<Instant>(),
        )
        .nullable()),
    ));
    with_connection!(lease, |c| update.execute(c).await).map(|rows| rows > 0)
}

impl SqlStore {
    /// Records that the caller opened the organization. Writes only if `opened_at` is `None`, that is, no opening was
    /// read.
    async fn open_organization(
        &self,
        id: OrganizationId,
        user: UserId,
        opened_at: Option<DbInstant>,
    ) -> Result<(), StoreError> {
        if opened_at.is_none() {
            let now = self.now().await?;
            record_opening(&mut self.writer().await?, id, user, now).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Memberships for SqlStore {
    async fn member_access(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<MemberAccess>, StoreError> {
        let read = async {
            let mut lease = self.reader().await?;
            let columns = (memberships::role, memberships::opened_at, organizations::mfa_required);
            let (id, of) = key(organization, user);
            let query = existing_one(id, of).select(columns);
            let row: Option<(String, Option<DbInstant>, bool)> =
                with_connection!(&mut lease, |c| query.first(c).await.optional())?;
            // Released first, because the write below requires another connection.
            drop(lease);
            let Some((role, opened_at, mfa_required)) = row else { return Ok(None) };
            self.open_organization(organization, user, opened_at).await?;
            let access = MemberAccess { role: parse("memberships.role", &role)?, mfa_required };
            Ok(Some(KnownRole { organization, user, access }))
        };
        let known = self.credentials.roles.find((organization, user), read).await?;
        Ok(known.map(|known| known.access))
    }

    async fn application_role(
        &self,
        application: ApplicationId,
        user: UserId,
    ) -> Result<Option<ApplicationRole>, StoreError> {
        let Some(organization) = self.organization_of(application).await? else { return Ok(None) };
        let access = self.member_access(organization, user).await?;
        Ok(access.map(|access| ApplicationRole { organization, access }))
    }

    async fn organization_of(&self, application: ApplicationId) -> Result<Option<OrganizationId>, StoreError> {
        let read = async {
            let mut lease = self.reader().await?;
            let query = apps::existing(DbId(application.as_uuid())).select(applications::organization_id);
            let id: Option<DbId> = with_connection!(&mut lease, |c| query.first(c).await.optional())?;
            let organization = id.map(|id| OrganizationId::from_uuid(id.0));
            Ok(organization.map(|organization| KnownApplication { application, organization }))
        };
        let known = self.credentials.applications.find(application, read).await?;
        Ok(known.map(|known| known.organization))
    }

    async fn first_organizations_of(&self, user: UserId) -> Result<Vec<OrganizationId>, StoreError> {
        let mut lease = self.reader().await?;
        let query = existing()
            .filter(memberships::user_id.eq(DbId(user.as_uuid())))
            .order((memberships::opened_at.is_null(), memberships::organization_id))
            .limit(2)
            .select((memberships::organization_id, memberships::opened_at.is_not_null()));
        let first: Vec<(DbId, bool)> = with_connection!(&mut lease, |c| query.load(c).await)?;
        // Those that the user has opened come first.
        let opened = matches!(first.as_slice(), [(_, true), ..]);
        let same = first.into_iter().filter(|(_, is_opened)| *is_opened == opened);
        Ok(same.map(|(id, _)| OrganizationId::from_uuid(id.0)).collect())
    }
}

#[async_trait]
impl MembershipRows for Tx {
    async fn insert(&mut self, membership: &Membership) -> Result<(), StoreError> {
        let insert = diesel::insert_into(memberships::table).values(MembershipRow::from(membership));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn find(&mut self, id: OrganizationId, user: UserId) -> Result<Option<Membership>, StoreError> {
        find(&mut self.lease, id, user).await
    }

    async fn find_by_email(
        &mut self,
        id: OrganizationId,
        email: &EmailAddress,
    ) -> Result<Option<Membership>, StoreError> {
        let query = memberships::table
            .inner_join(users::table.on(users::id.eq(memberships::user_id)))
            .filter(memberships::organization_id.eq(DbId(id.as_uuid())))
            .filter(users::email_canonical.eq(email.canonical()));
        let row: Option<MembershipRow> =
            with_connection!(&mut self.lease, |c| query.select(MembershipRow::as_select()).first(c).await.optional())?;
        row.map(Membership::try_from).transpose()
    }

    async fn count_owners(&mut self, id: OrganizationId) -> Result<u64, StoreError> {
        let query = memberships::table
            .filter(memberships::organization_id.eq(DbId(id.as_uuid())))
            .filter(memberships::role.eq(Role::Owner.as_str()))
            .count();
        let owners: i64 = with_connection!(&mut self.lease, |c| query.get_result(c).await)?;
        u64::try_from(owners).map_err(|fault| corrupt("memberships", fault))
    }

    async fn count(&mut self, id: OrganizationId) -> Result<u64, StoreError> {
        let query = memberships::table.filter(memberships::organization_id.eq(DbId(id.as_uuid()))).count();
        let members: i64 = with_connection!(&mut self.lease, |c| query.get_result(c).await)?;
        count("memberships", members)
    }

    async fn lock_and_count_owned(&mut self, user: UserId, opened: bool) -> Result<u64, StoreError> {
        let user = DbId(user.as_uuid());
        let lock = users::table.find(user).select(users::id);
        let _: Option<DbId> = with_connection!(&mut self.lease, |c|
            postgres: lock.for_no_key_update().first(c).await.optional(),
            // SQLite has only one writer, so it needs no row lock.
            sqlite: lock.first(c).await.optional())?;
        let owned = existing()
            .filter(memberships::user_id.eq(user))
            .filter(memberships::role.eq(Role::Owner.as_str()))
            .select(memberships::opened_at);
        let owned: Vec<Option<DbInstant>> = with_connection!(&mut self.lease, |c| owned.load(c).await)?;
        Ok(owned.iter().filter(|at| at.is_some() == opened).count() as u64)
    }

    async fn owners(&mut self, id: OrganizationId) -> Result<Vec<Member>, StoreError> {
        let query = memberships::table
            .inner_join(users::table.on(users::id.eq(memberships::user_id)))
            .filter(memberships::organization_id.eq(DbId(id.as_uuid())))
            .filter(memberships::role.eq(Role::Owner.as_str()))
            .order(memberships::user_id);
        let rows: Vec<(MembershipRow, Option<String>, Option<String>)> = with_connection!(&mut self.lease, |c| {
            query.select((MembershipRow::as_select(), users::email, users::display_name)).load(c).await
        })?;
        let member = |(row, email, display_name): (MembershipRow, _, _)| {
            let profile = user_profiles::profile((row.user_id, email, display_name));
            Ok(Member { membership: row.try_into()?, profile, mfa_enabled: None })
        };
        rows.into_iter().map(member).collect()
    }

    async fn record_opening(
        &mut self,
        id: OrganizationId,
        user: UserId,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        record_opening(&mut self.lease, id, user, at).await
    }

    async fn set_role(&mut self, id: OrganizationId, user: UserId, role: Role) -> Result<bool, StoreError> {
        self.invalidates(user.as_uuid());
        let update = diesel::update(memberships::table.find(key(id, user))).set(memberships::role.eq(role.as_str()));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn delete(&mut self, id: OrganizationId, user: UserId) -> Result<bool, StoreError> {
        self.invalidates(user.as_uuid());
        let delete = diesel::delete(memberships::table.find(key(id, user)));
        with_connection!(&mut self.lease, |c| delete.execute(c).await).map(|rows| rows > 0)
    }
}
