//! Storage of password reset requests and reset tokens.

use async_trait::async_trait;
use diesel::{OptionalExtension, dsl::exists, dsl::not, prelude::*, upsert::excluded};
use tessera_identity::{
    model::{PasswordReset, ResetRequest},
    ports::{PasswordResetRows, PasswordResets},
};
use tessera_kernel::{RequestMetadata, ResetRequestId, SecretHash, StoreError, UserId};

use crate::database::engine::{
    SqlStore,
    clearing::delete_selected,
    clock::Now,
    connection::with_connection,
    rows::{parse, parse_optional, sha256},
    run_query::RunQueryDsl,
    schema::{password_reset_requests as requests, password_resets as resets, users},
    transaction::Tx,
    types::{DbId, DbInstant},
};

// A statement can use a table twice only with an alias.
diesel::alias! {
    const WAITING: Alias<Waiting> = requests as waiting;
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = requests)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct RequestRow {
    id: DbId,
    email: String,
    email_canonical: String,
    request_id: String,
    address: Option<String>,
    expires_at: DbInstant,
    client_request_id: Option<String>,
    links_left: Option<i32>,
}

impl From<&ResetRequest> for RequestRow {
    fn from(request: &ResetRequest) -> Self {
        Self {
            id: DbId(request.id.as_uuid()),
            email: request.email.to_string(),
            email_canonical: request.email.canonical().to_owned(),
            request_id: request.origin.request_id.as_str().to_owned(),
            address: request.origin.address.map(|address| address.to_string()),
            expires_at: DbInstant(request.expires_at),
            client_request_id: request.origin.client_request_id.as_ref().map(|id| id.as_str().to_owned()),
            links_left: request.links_left.map(|left| i32::try_from(left).unwrap_or(i32::MAX)),
        }
    }
}

impl TryFrom<RequestRow> for ResetRequest {
    type Error = StoreError;

    fn try_from(row: RequestRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: ResetRequestId::from_uuid(row.id.0),
            email: parse("password_reset_requests.email", &row.email)?,
            origin: RequestMetadata {
                request_id: parse("password_reset_requests.request_id", &row.request_id)?,
                client_request_id: parse_optional(
                    "password_reset_requests.client_request_id",
                    row.client_request_id.as_deref(),
                )?,
                address: parse_optional("password_reset_requests.address", row.address.as_deref())?,
            },
            expires_at: row.expires_at.0,
            links_left: row.links_left.map(|left| u32::try_from(left).unwrap_or_default()),
        })
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = resets)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct ResetRow {
    user_id: DbId,
    token_hash: Vec<u8>,
    email: String,
    expires_at: DbInstant,
}

impl From<&PasswordReset> for ResetRow {
    fn from(reset: &PasswordReset) -> Self {
        Self {
            user_id: DbId(reset.user.as_uuid()),
            token_hash: reset.hash.as_bytes().to_vec(),
            email: reset.email.to_string(),
            expires_at: DbInstant(reset.expires_at),
        }
    }
}

impl TryFrom<ResetRow> for PasswordReset {
    type Error = StoreError;

    fn try_from(row: ResetRow) -> Result<Self, StoreError> {
        Ok(Self {
            user: UserId::from_uuid(row.user_id.0),
            email: parse("password_resets.email", &row.email)?,
            hash: sha256("password_resets.token_hash", row.token_hash)?,
            expires_at: row.expires_at.0,
        })
    }
}

#[async_trait]
impl PasswordResets for SqlStore {
    async fn ask(&self, request: &ResetRequest) -> Result<(), StoreError> {
        let mut lease = self.writer().await?;
        let insert = diesel::insert_into(requests::table).values(RequestRow::from(request));
        with_connection!(&mut lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn delete_requests_without_account(&self, most: u32) -> Result<u64, StoreError> {
        let mut lease = self.writer().await?;
        let account =
            users::table.filter(users::email_canonical.eq(WAITING.field(requests::email_canonical).nullable()));
        let strange = WAITING
            .filter(not(exists(account)))
            .order((WAITING.field(requests::expires_at), WAITING.field(requests::id)))
            .limit(most.into())
            .select(WAITING.field(requests::id));
        delete_selected!(&mut lease, requests::table, requests::id, strange)
    }

    async fn find_open(&self, hash: &SecretHash) -> Result<Option<PasswordReset>, StoreError> {
        let mut lease = self.reader().await?;
        let query =
            resets::table.filter(resets::token_hash.eq(hash.as_bytes().as_slice())).filter(resets::expires_at.gt(Now));
        let row: Option<ResetRow> =
            with_connection!(&mut lease, |c| query.select(ResetRow::as_select()).first(c).await.optional())?;
        row.map(PasswordReset::try_from).transpose()
    }
}

#[async_trait]
impl PasswordResetRows for Tx {
    async fn take_request(&mut self) -> Result<Option<ResetRequest>, StoreError> {
        let waiting =
            requests::table.filter(requests::expires_at.gt(Now)).order((requests::expires_at, requests::id)).limit(1);
        let first: Option<RequestRow> = with_connection!(&mut self.lease, |c|
            postgres: waiting.select(RequestRow::as_select()).for_update().skip_locked().first(c).await.optional(),
            sqlite: waiting.select(RequestRow::as_select()).first(c).await.optional())?;
        let Some(first) = first else { return Ok(None) };
        let same = WAITING
            .filter(WAITING.field(requests::email_canonical).eq(&first.email_canonical))
            .select(WAITING.field(requests::id));
        with_connection!(&mut self.lease, |c|
            // Locked rows are skipped: two nodes that wait for each other's rows would deadlock.
            postgres: diesel::delete(requests::table)
                .filter(requests::id.eq_any(same.for_update().skip_locked())).execute(c).await,
            sqlite: diesel::delete(requests::table).filter(requests::id.eq_any(same)).execute(c).await)?;
        first.try_into().map(Some)
    }

    async fn issue(&mut self, reset: &PasswordReset) -> Result<(), StoreError> {
        let upsert = diesel::insert_into(resets::table)
            .values(ResetRow::from(reset))
            .on_conflict(resets::user_id)
            .do_update()
            .set((
                resets::token_hash.eq(excluded(resets::token_hash)),
                resets::email.eq(excluded(resets::email)),
                resets::expires_at.eq(excluded(resets::expires_at)),
            ));
        with_connection!(&mut self.lease, |c| upsert.execute(c).await).map(|_| ())
    }

    async fn find_open_of(&mut self, user: UserId) -> Result<Option<PasswordReset>, StoreError> {
        let open = resets::table.find(DbId(user.as_uuid())).filter(resets::expires_at.gt(Now));
        let row: Option<ResetRow> =
            with_connection!(&mut self.lease, |c| open.select(ResetRow::as_select()).first(c).await.optional())?;
        row.map(PasswordReset::try_from).transpose()
    }

    async fn take(&mut self, user: UserId, hash: &SecretHash) -> Result<Option<PasswordReset>, StoreError> {
        let open = resets::table
            .find(DbId(user.as_uuid()))
            .filter(resets::token_hash.eq(hash.as_bytes().as_slice()))
            .filter(resets::expires_at.gt(Now));
        let taken: Option<ResetRow> = with_connection!(&mut self.lease, |c| diesel::delete(open)
            .returning(ResetRow::as_returning())
            .get_result(c)
            .await
            .optional())?;
        taken.map(PasswordReset::try_from).transpose()
    }

    async fn withdraw(&mut self, user: UserId) -> Result<bool, StoreError> {
        let delete = diesel::delete(resets::table.find(DbId(user.as_uuid())));
        with_connection!(&mut self.lease, |c| delete.execute(c).await).map(|rows| rows > 0)
    }
}
