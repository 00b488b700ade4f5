//! Storage of sessions.

mod row;

use async_trait::async_trait;
use diesel::{
    IntoSql, OptionalExtension,
    prelude::*,
    sql_types::{BigInt, Binary, Integer, Nullable, SmallInt, Text},
};
use row::SessionRow;
use tessera_identity::{
    model::{KnownSession, PasswordHash, Session, SignInMethods},
    ports::{SessionJobs, Sessions},
};
use tessera_kernel::{Page, PageRequest, SecretHash, SessionId, StoreError, UserId};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::database::engine::{
    SqlStore,
    clock::Now,
    connection::{PooledConnection, with_connection},
    rows::{affected, after, count, to_page},
    run_query::RunQueryDsl,
    schema::{sessions, users},
    transaction::Tx,
    types::{DbId, DbInstant, Id, Instant, coalesce},
};

diesel::alias!(const OLDER: Alias<Older> = sessions as older);

pub(super) async fn find(lease: &mut PooledConnection, id: SessionId) -> Result<Option<KnownSession>, StoreError> {
    let query = sessions::table.find(DbId(id.as_uuid()));
    let row: Option<(SessionRow, DbInstant)> =
        with_connection!(lease, |c| query.select((SessionRow::as_select(), Now)).first(c).await.optional())?;
    row.map(known).transpose()
}

fn known((row, at): (SessionRow, DbInstant)) -> Result<KnownSession, StoreError> {
    Ok(KnownSession { session: row.try_into()?, at: at.0 })
}

pub(super) async fn find_refreshed(
    lease: &mut PooledConnection,
    family: SecretHash,
) -> Result<Option<KnownSession>, StoreError> {
    let query = sessions::table.filter(sessions::refresh_family.eq(Some(family.as_bytes().to_vec())));
    let row: Option<(SessionRow, DbInstant)> =
        with_connection!(lease, |c| query.select((SessionRow::as_select(), Now)).first(c).await.optional())?;
    row.map(known).transpose()
}

pub(super) async fn rotate_refresh(
    lease: &mut PooledConnection,
    refreshed: &Session,
    from: u32,
) -> Result<bool, StoreError> {
    let row = SessionRow::from(refreshed);
    let used_at = DbInstant(refreshed.last_used_at);
    let update = diesel::update(
        sessions::table
            .filter(sessions::id.eq(row.id))
            .filter(live(row.user_id, used_at))
            .filter(sessions::refresh_generation.eq(Some(i64::from(from)))),
    )
    .set((
        sessions::refresh_generation.eq(row.refresh_generation),
        sessions::refresh_uses.eq(row.refresh_uses),
        sessions::expires_at.eq(row.expires_at),
        sessions::last_used_at.eq(row.last_used_at),
        sessions::address.eq(row.address),
    ));
    with_connection!(lease, |c| update.execute(c).await).map(|rows| rows > 0)
}

/// Selects the sessions of a user that are live at that time, by the rule of [`Session::is_live`].
#[diesel::dsl::auto_type]
fn live(user: DbId, at: DbInstant) -> _ {
    sessions::user_id.eq(user).and(sessions::ended_at.is_null()).and(sessions::expires_at.gt(at))
}

pub(super) async fn list_live(
    lease: &mut PooledConnection,
    user: UserId,
    now: OffsetDateTime,
    page: PageRequest,
) -> Result<Page<Session>, StoreError> {
    let query = sessions::table
        .filter(live(DbId(user.as_uuid()), DbInstant(now)))
        .filter(sessions::id.gt(after(&page)))
        .order(sessions::id)
        .limit(page.rows());
    let rows: Vec<SessionRow> = with_connection!(lease, |c| query.select(SessionRow::as_select()).load(c).await)?;
    to_page(rows, &page, |session: &Session| session.id.as_uuid())
}

#[async_trait]
impl Sessions for Tx {
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        self.lease.defer(diesel::insert_into(sessions::table).values(SessionRow::from(session))).await
    }

    async fn insert_for(&mut self, session: &Session, hash: &PasswordHash) -> Result<bool, StoreError> {
        let row = SessionRow::from(session);
        let selected = users::table.find(row.user_id).filter(users::password_hash.eq(hash.expose())).select((
            row.id.into_sql::<Id>(),
            users::id,
            row.created_at.into_sql::<Instant>(),
            row.expires_at.into_sql::<Instant>(),
            row.ended_at.into_sql::<Nullable<Instant>>(),
            row.last_used_at.into_sql::<Nullable<Instant>>(),
            row.authenticated_at.into_sql::<Nullable<Instant>>(),
            row.methods.into_sql::<SmallInt>(),
            row.name.into_sql::<Nullable<Text>>(),
            row.device.into_sql::<Nullable<Text>>(),
            row.address.into_sql::<Nullable<Text>>(),
            row.refresh_family.into_sql::<Nullable<Binary>>(),
            row.refresh_secret.into_sql::<Nullable<Integer>>(),
            row.refresh_generation.into_sql::<Nullable<BigInt>>(),
            row.refresh_uses.into_sql::<Nullable<Binary>>(),
        ));
        let columns = sessions::all_columns;
        with_connection!(&mut self.lease, |c|
            postgres: selected.for_no_key_update().insert_into(sessions::table).into_columns(columns).execute(c).await,
            sqlite: selected.insert_into(sessions::table).into_columns(columns).execute(c).await)
        .map(|rows| rows > 0)
    }

    async fn is_live(&mut self, user: UserId, id: SessionId, at: OffsetDateTime) -> Result<bool, StoreError> {
        let query = sessions::table
            .filter(live(DbId(user.as_uuid()), DbInstant(at)))
            .filter(sessions::id.eq(DbId(id.as_uuid())))
            .select(sessions::id);
        let found: Option<DbId> = with_connection!(&mut self.lease, |c| query.first(c).await.optional())?;
        Ok(found.is_some())
    }

    async fn end(&mut self, user: UserId, id: SessionId, at: OffsetDateTime) -> Result<bool, StoreError> {
        self.invalidates(id.as_uuid());
        let update = diesel::update(
            sessions::table
                .filter(live(DbId(user.as_uuid()), DbInstant(at)))
                .filter(sessions::id.eq(DbId(id.as_uuid()))),
        )
        .set(sessions::ended_at.eq(DbInstant(at)));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn end_least_recently_used(&mut self, opened: &Session, most: u64) -> Result<u64, StoreError> {
        let (user, at) = (opened.user_id, opened.created_at);
        // Nearly all users have fewer sessions. The count costs less than half of the statement below, which PostgreSQL
        // plans at each execution. The caller holds the lock on the user, so the count stays true.
        let of_user = sessions::table.filter(live(DbId(user.as_uuid()), DbInstant(at))).count();
        let live: i64 = with_connection!(&mut self.lease, |c| of_user.get_result(c).await)?;
        if count("sessions", live)? <= most {
            return Ok(0);
        }
        self.invalidates(user.as_uuid());
        let others = i64::try_from(most.saturating_sub(1)).unwrap_or(i64::MAX);
        let older = OLDER
            .filter(OLDER.field(sessions::user_id).eq(DbId(user.as_uuid())))
            .filter(OLDER.field(sessions::ended_at).is_null())
            .filter(OLDER.field(sessions::expires_at).gt(DbInstant(at)))
            .filter(OLDER.field(sessions::id).ne(DbId(opened.id.as_uuid())))
            .order((
                coalesce(OLDER.field(sessions::last_used_at), OLDER.field(sessions::created_at)).desc(),
                OLDER.field(sessions::created_at).desc(),
                OLDER.field(sessions::id).desc(),
            ))
            .offset(others)
            .select(OLDER.field(sessions::id));
        let update = diesel::update(sessions::table.filter(sessions::id.eq_any(older)))
            .set(sessions::ended_at.eq(DbInstant(at)));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(affected)
    }

    async fn end_all(&mut self, user: UserId, but: Option<SessionId>, at: OffsetDateTime) -> Result<u64, StoreError> {
        self.invalidates(user.as_uuid());
        // No session has the nil id.
        let but = but.map_or_else(Uuid::nil, |but| but.as_uuid());
        let update = diesel::update(
            sessions::table.filter(live(DbId(user.as_uuid()), DbInstant(at))).filter(sessions::id.ne(DbId(but))),
        )
        .set(sessions::ended_at.eq(DbInstant(at)));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(affected)
    }

    async fn reauthenticate(
        &mut self,
        user: UserId,
        id: SessionId,
        methods: SignInMethods,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        self.invalidates(id.as_uuid());
        let its = || {
            sessions::table
                .filter(live(DbId(user.as_uuid()), DbInstant(at)))
                .filter(sessions::id.eq(DbId(id.as_uuid())))
        };
        let columns = (sessions::methods, coalesce(sessions::authenticated_at, sessions::created_at));
        // The caller holds the lock on the user, so nothing else changes these columns in between.
        let found: Option<(i16, DbInstant)> =
            with_connection!(&mut self.lease, |c| its().select(columns).first(c).await.optional())?;
        let Some((known, authenticated_at)) = found else { return Ok(false) };
        let methods = known | i16::from(methods.bits());
        let update = diesel::update(its()).set((
            sessions::methods.eq(methods),
            sessions::authenticated_at.eq(Some(DbInstant(at.max(authenticated_at.0)))),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn remove_methods(&mut self, user: UserId, methods: SignInMethods) -> Result<(), StoreError> {
        self.invalidates(user.as_uuid());
        let kept = diesel::dsl::sql::<SmallInt>("methods & ").bind::<SmallInt, _>(!i16::from(methods.bits()));
        let of_user = sessions::table.filter(sessions::user_id.eq(DbId(user.as_uuid())));
        let update = diesel::update(of_user).set(sessions::methods.eq(kept));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(drop)
    }
}

#[async_trait]
impl SessionJobs for SqlStore {
    async fn record_uses(&self, uses: &[(SessionId, OffsetDateTime)]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        let mut tx = self.transaction().await?;
        tx.lease.without_total_limit();
        for (id, at) in uses {
            let at = DbInstant(*at);
            let stale = OLDER
                .filter(OLDER.field(sessions::id).eq(DbId(id.as_uuid())))
                .filter(coalesce(OLDER.field(sessions::last_used_at), OLDER.field(sessions::created_at)).lt(at))
                .select(OLDER.field(sessions::id));
            let last_used_at = sessions::last_used_at.eq(Some(at));
            with_connection!(&mut tx.lease, |c|
                // Locked rows are skipped, not waited for. A transaction that ends several sessions of a user may be
                // waiting for this transaction, which would be a deadlock.
                postgres: diesel::update(sessions::table.filter(sessions::id.eq_any(stale.for_update().skip_locked())))
                    .set(last_used_at).execute(c).await,
                sqlite: diesel::update(sessions::table.filter(sessions::id.eq_any(stale)))
                    .set(last_used_at).execute(c).await)?;
        }
        tx.lease.commit().await?;
        for (id, _) in uses {
            self.credentials.sessions.forget(id);
        }
        Ok(())
    }
}
