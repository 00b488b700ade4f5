//! Storage of the sessions of the sign-in page.

use async_trait::async_trait;
use diesel::{IntoSql, OptionalExtension, prelude::*, sql_types::Bool};
use tessera_kernel::{ApplicationId, StoreError};
use tessera_sso::{
    model::{AuthorizationState, CodeChallenge, RelyingParty, SsoChallenge, SsoRequest, SsoSession, SsoSessionId},
    ports::{SsoBounds, SsoSessions},
};

use super::relying_parties::lock_relying_party;
use crate::database::engine::{
    connection::{PooledConnection, with_connection},
    locks::{NameKind, lock_name},
    rows::{corrupt, padded, parse, parse_network, parse_optional, sha256},
    run_query::RunQueryDsl,
    schema::{applications, sso_sessions},
    transaction::Tx,
    types::{DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = sso_sessions)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct SsoSessionRow {
    id: DbId,
    application_id: DbId,
    redirect_uri: String,
    state: String,
    nonce: Option<String>,
    code_challenge: Vec<u8>,
    browser_hash: Vec<u8>,
    #[diesel(embed)]
    step: StepRow,
    created_at: DbInstant,
    expires_at: DbInstant,
    network: Option<String>,
}

/// `None` is written as NULL, so that no value of the previous step remains.
#[derive(Insertable, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = sso_sessions)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
#[diesel(treat_none_as_null = true)]
struct StepRow {
    message: Option<String>,
    account: Option<String>,
    message_expires_at: Option<DbInstant>,
    done_at: Option<DbInstant>,
}

impl From<&AuthorizationState> for StepRow {
    fn from(step: &AuthorizationState) -> Self {
        let empty = Self { message: None, account: None, message_expires_at: None, done_at: None };
        match step {
            AuthorizationState::Started => empty,
            AuthorizationState::Challenged(challenge) => Self {
                message: Some(challenge.message.clone()),
                account: Some(challenge.account.to_string()),
                message_expires_at: Some(DbInstant(challenge.expires_at)),
                ..empty
            },
            AuthorizationState::Verifying { message } => Self { message: Some(message.clone()), ..empty },
            AuthorizationState::Completed { at } => Self { done_at: Some(DbInstant(*at)), ..empty },
        }
    }
}

impl TryFrom<StepRow> for AuthorizationState {
    type Error = StoreError;

    fn try_from(row: StepRow) -> Result<Self, StoreError> {
        match (row.done_at, row.message, row.account, row.message_expires_at) {
            (Some(at), None, None, None) => Ok(Self::Completed { at: at.0 }),
            (None, None, None, None) => Ok(Self::Started),
            (None, Some(message), None, None) => Ok(Self::Verifying { message }),
            (None, Some(message), Some(account), Some(expires_at)) => {
                let account = parse("sso_sessions.account", &account)?;
                Ok(Self::Challenged(SsoChallenge { message, account, expires_at: expires_at.0 }))
            }
            _ => Err(corrupt("sso_sessions", "must be begun, challenged, taken or done")),
        }
    }
}

impl From<&SsoSession> for SsoSessionRow {
    fn from(session: &SsoSession) -> Self {
        let request = &session.request;
        Self {
            id: DbId(session.id.as_uuid()),
            application_id: DbId(request.application.as_uuid()),
            redirect_uri: request.redirect_uri.clone(),
            state: request.state.as_str().to_owned(),
            nonce: request.nonce.as_ref().map(|nonce| nonce.as_str().to_owned()),
            code_challenge: request.code_challenge.hash().as_bytes().to_vec(),
            browser_hash: session.browser.as_bytes().to_vec(),
            step: StepRow::from(&session.step),
            created_at: DbInstant(session.created_at),
            expires_at: DbInstant(session.expires_at),
            network: session.network.map(|network| network.to_string()),
        }
    }
}

impl TryFrom<SsoSessionRow> for SsoSession {
    type Error = StoreError;

    fn try_from(row: SsoSessionRow) -> Result<Self, StoreError> {
        let code_challenge = sha256("sso_sessions.code_challenge", row.code_challenge)?;
        Ok(Self {
            id: SsoSessionId::from_uuid(row.id.0),
            request: SsoRequest {
                application: ApplicationId::from_uuid(row.application_id.0),
                redirect_uri: row.redirect_uri,
                state: parse("sso_sessions.state", &row.state)?,
                nonce: parse_optional("sso_sessions.nonce", row.nonce.as_deref())?,
                code_challenge: CodeChallenge::from_hash(code_challenge),
            },
            browser: sha256("sso_sessions.browser_hash", row.browser_hash)?,
            step: AuthorizationState::try_from(row.step)?,
            created_at: row.created_at.0,
            expires_at: row.expires_at.0,
            network: parse_network("sso_sessions.network", row.network.as_deref())?,
        })
    }
}

// Alias of the table for subqueries of its own delete statement.
diesel::alias! {
    const VICTIMS: Alias<Victims> = sso_sessions as victims;
}

/// Removes unfinished sessions among those that `$of` selects, until `$most` remain, including `$new`. Expired sessions
/// are removed first, then those without a wallet challenge, then the others. Each group is removed from the oldest on.
macro_rules! evict {
    ($lease:expr, $of:expr, $new:expr, $most:expr) => {{
        let (lease, new): (&mut PooledConnection, &SsoSession) = ($lease, $new);
        let unfinished = || sso_sessions::table.filter($of).filter(sso_sessions::done_at.is_null());
        let count = unfinished().count();
        let count: i64 = with_connection!(&mut *lease, |c| count.get_result(c).await)?;
        let mut surplus = count - i64::try_from($most).unwrap_or(i64::MAX);
        let now = DbInstant(new.created_at);
        // `None` means all sessions that remain.
        for (expired, started) in [(Some(true), None), (Some(false), Some(false)), (None, None)] {
            if surplus <= 0 {
                break;
            }
            let others = unfinished()
                .filter(sso_sessions::id.ne(DbId(new.id.as_uuid())))
                .filter(
                    expired.is_none().into_sql::<Bool>().or(sso_sessions::expires_at.le(now).eq(expired == Some(true))),
                )
                .filter(
                    started
                        .is_none()
                        .into_sql::<Bool>()
                        .or(sso_sessions::message.is_not_null().eq(started == Some(true))),
                )
                .order((sso_sessions::created_at, sso_sessions::id))
                .limit(surplus)
                .select(sso_sessions::id);
            let others: Vec<DbId> = with_connection!(&mut *lease, |c| others.load(c).await)?;
            surplus -= remove(lease, others).await?;
        }
    }};
}

/// Removes sessions and returns their number. Sessions that another transaction has locked are skipped. Waiting for
/// them while holding other locks could deadlock.
async fn remove(lease: &mut PooledConnection, ids: Vec<DbId>) -> Result<i64, StoreError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let ids = padded(ids);
    let removed = with_connection!(lease, |c|
        postgres: {
            let free = VICTIMS.filter(VICTIMS.field(sso_sessions::id).eq_any(ids)).select(VICTIMS.field(sso_sessions::id));
            diesel::delete(sso_sessions::table)
                .filter(sso_sessions::id.eq_any(free.for_update().skip_locked())).execute(c).await
        },
        sqlite: diesel::delete(sso_sessions::table).filter(sso_sessions::id.eq_any(ids)).execute(c).await)?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}

pub(super) async fn find(lease: &mut PooledConnection, id: SsoSessionId) -> Result<Option<SsoSession>, StoreError> {
    let of = applications::id.eq(sso_sessions::application_id);
    let query = sso_sessions::table
        .inner_join(applications::table.on(of))
        .filter(sso_sessions::id.eq(DbId(id.as_uuid())))
        .filter(applications::deleted_at.is_null());
    let row: Option<SsoSessionRow> =
        with_connection!(lease, |c| query.select(SsoSessionRow::as_select()).first(c).await.optional())?;
    row.map(SsoSession::try_from).transpose()
}

#[async_trait]
impl SsoSessions for Tx {
    async fn insert(&mut self, session: &SsoSession) -> Result<(), StoreError> {
        // The foreign key alone would accept a deleted application whose row still exists.
        if lock_relying_party(&mut self.lease, DbId(session.request.application.as_uuid())).await?.is_none() {
            return Err(StoreError::Conflict { key: StoreError::REFERENCE.to_owned() });
        }
        let insert = diesel::insert_into(sso_sessions::table).values(SsoSessionRow::from(session));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn make_room(&mut self, session: &SsoSession, bounds: SsoBounds) -> Result<(), StoreError> {
        let application = DbId(session.request.application.as_uuid());
        let network = session.network.map(|network| network.to_string());
        // Concurrent transactions do not see each other's new sessions, so each could add one beyond the limits. The
        // locks are always taken in this order, to avoid deadlocks.
        if let Some(network) = &network {
            lock_name(&mut self.lease, NameKind::SignInsOfNetwork, network).await?;
        }
        let name = session.request.application.to_string();
        lock_name(&mut self.lease, NameKind::SignInsForApplication, &name).await?;
        evict!(&mut self.lease, sso_sessions::application_id.eq(application), session, bounds.per_application);
        if let Some(network) = network {
            evict!(&mut self.lease, sso_sessions::network.eq(network.clone()), session, bounds.per_network);
        }
        Ok(())
    }

    async fn lock(&mut self, id: SsoSessionId) -> Result<Option<(SsoSession, RelyingParty)>, StoreError> {
        let of = sso_sessions::table.find(DbId(id.as_uuid())).select(sso_sessions::application_id);
        let Some(of): Option<DbId> = with_connection!(&mut self.lease, |c| of.first(c).await.optional())? else {
            return Ok(None);
        };
        let Some(party) = lock_relying_party(&mut self.lease, of).await? else { return Ok(None) };
        let query = sso_sessions::table.find(DbId(id.as_uuid()));
        let row: Option<SsoSessionRow> = with_connection!(&mut self.lease, |c|
            postgres: query.select(SsoSessionRow::as_select()).for_update().first(c).await.optional(),
            sqlite: query.select(SsoSessionRow::as_select()).first(c).await.optional())?;
        row.map(|row| SsoSession::try_from(row).map(|session| (session, party))).transpose()
    }

    async fn set_step(&mut self, id: SsoSessionId, step: &AuthorizationState) -> Result<bool, StoreError> {
        let update = diesel::update(sso_sessions::table.find(DbId(id.as_uuid()))).set(StepRow::from(step));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }
}
