//! Storage of proofs and changes of addresses.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*, upsert::excluded};
use tessera_identity::{
    model::{EmailChange, EmailProof, ProofSide, WRONG_CODES},
    ports::EmailProofs,
};
use tessera_kernel::{SecretHash, StoreError, UserId};

use crate::database::engine::{
    SqlStore,
    clock::Now,
    connection::with_connection,
    rows::{corrupt, parse, sha256},
    run_query::RunQueryDsl,
    schema::{email_changes as changes, email_proofs as proofs},
    transaction::Tx,
    types::{DbId, DbInstant},
};

const fn written(side: ProofSide) -> &'static str {
    match side {
        ProofSide::Current => "current",
        ProofSide::New => "new",
        ProofSide::Old => "old",
    }
}

fn side(text: &str) -> Result<ProofSide, StoreError> {
    let all = [ProofSide::Current, ProofSide::New, ProofSide::Old];
    let side = all.into_iter().find(|side| written(*side) == text);
    side.ok_or_else(|| corrupt("email_proofs.side", "must be current, new or old"))
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = proofs)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct ProofRow {
    user_id: DbId,
    side: String,
    email: String,
    token_hash: Vec<u8>,
    code_hash: Vec<u8>,
    expires_at: DbInstant,
}

impl From<&EmailProof> for ProofRow {
    fn from(proof: &EmailProof) -> Self {
        Self {
            user_id: DbId(proof.user.as_uuid()),
            side: written(proof.side).to_owned(),
            email: proof.email.to_string(),
            token_hash: proof.token.as_bytes().to_vec(),
            code_hash: proof.code.as_bytes().to_vec(),
            expires_at: DbInstant(proof.expires_at),
        }
    }
}

impl TryFrom<ProofRow> for EmailProof {
    type Error = StoreError;

    fn try_from(row: ProofRow) -> Result<Self, StoreError> {
        Ok(Self {
            user: UserId::from_uuid(row.user_id.0),
            side: side(&row.side)?,
            email: parse("email_proofs.email", &row.email)?,
            token: sha256("email_proofs.token_hash", row.token_hash)?,
            code: sha256("email_proofs.code_hash", row.code_hash)?,
            expires_at: row.expires_at.0,
        })
    }
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = changes)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct ChangeRow {
    user_id: DbId,
    email: String,
    awaits_new: bool,
    awaits_old: bool,
    expires_at: DbInstant,
}

impl From<&EmailChange> for ChangeRow {
    fn from(change: &EmailChange) -> Self {
        Self {
            user_id: DbId(change.user.as_uuid()),
            email: change.email.to_string(),
            awaits_new: change.awaits_new,
            awaits_old: change.awaits_old,
            expires_at: DbInstant(change.expires_at),
        }
    }
}

impl TryFrom<ChangeRow> for EmailChange {
    type Error = StoreError;

    fn try_from(row: ChangeRow) -> Result<Self, StoreError> {
        Ok(Self {
            user: UserId::from_uuid(row.user_id.0),
            email: parse("email_changes.email", &row.email)?,
            awaits_new: row.awaits_new,
            awaits_old: row.awaits_old,
            expires_at: row.expires_at.0,
        })
    }
}

pub(super) async fn find(store: &SqlStore, token: &SecretHash) -> Result<Option<EmailProof>, StoreError> {
    let mut lease = store.reader().await?;
    let query =
        proofs::table.filter(proofs::token_hash.eq(token.as_bytes().as_slice())).filter(proofs::expires_at.gt(Now));
    let row: Option<ProofRow> =
        with_connection!(&mut lease, |c| query.select(ProofRow::as_select()).first(c).await.optional())?;
    row.map(EmailProof::try_from).transpose()
}

/// Reads the change of a user that has not expired.
macro_rules! find_change {
    ($lease:expr, $user:expr) => {{
        let query = changes::table.find(DbId($user.as_uuid())).filter(changes::expires_at.gt(Now));
        let row: Option<ChangeRow> =
            with_connection!($lease, |c| query.select(ChangeRow::as_select()).first(c).await.optional())?;
        row.map(EmailChange::try_from).transpose()
    }};
}

pub(super) async fn find_change(store: &SqlStore, user: UserId) -> Result<Option<EmailChange>, StoreError> {
    find_change!(&mut store.reader().await?, user)
}

/// Removes and returns one proof of a user that has not expired and meets a condition. The caller holds the lock on the
/// user, so that no other request takes it meanwhile.
macro_rules! take_proof {
    ($tx:expr, $user:expr, $meant:expr) => {{
        let of_user = proofs::table.filter(proofs::user_id.eq(DbId($user.as_uuid())));
        let open = of_user.filter($meant).filter(proofs::expires_at.gt(Now)).order(proofs::side);
        let row: Option<ProofRow> =
            with_connection!(&mut $tx.lease, |c| open.select(ProofRow::as_select()).first(c).await.optional())?;
        let Some(row) = row else { return Ok(None) };
        let taken = diesel::delete(proofs::table.find((row.user_id, row.side.clone())));
        with_connection!(&mut $tx.lease, |c| taken.execute(c).await)?;
        row.try_into().map(Some)
    }};
}

#[async_trait]
impl EmailProofs for Tx {
    async fn issue(&mut self, proof: &EmailProof) -> Result<(), StoreError> {
        let upsert = diesel::insert_into(proofs::table)
            .values(ProofRow::from(proof))
            .on_conflict((proofs::user_id, proofs::side))
            .do_update()
            .set((
                proofs::email.eq(excluded(proofs::email)),
                proofs::token_hash.eq(excluded(proofs::token_hash)),
                proofs::code_hash.eq(excluded(proofs::code_hash)),
                proofs::wrong_codes.eq(0),
                proofs::expires_at.eq(excluded(proofs::expires_at)),
            ));
        with_connection!(&mut self.lease, |c| upsert.execute(c).await).map(|_| ())
    }

    async fn take(&mut self, user: UserId, token: &SecretHash) -> Result<Option<EmailProof>, StoreError> {
        take_proof!(self, user, proofs::token_hash.eq(token.as_bytes().as_slice()))
    }

    async fn take_by_code(&mut self, user: UserId, code: &SecretHash) -> Result<Option<EmailProof>, StoreError> {
        take_proof!(self, user, proofs::code_hash.eq(code.as_bytes().as_slice()))
    }

    async fn count_wrong_code(&mut self, user: UserId) -> Result<bool, StoreError> {
        let of_user = || proofs::table.filter(proofs::user_id.eq(DbId(user.as_uuid())));
        let count = diesel::update(of_user().filter(proofs::expires_at.gt(Now)))
            .set(proofs::wrong_codes.eq(proofs::wrong_codes + 1));
        if with_connection!(&mut self.lease, |c| count.execute(c).await)? == 0 {
            return Ok(false);
        }
        let spent = diesel::delete(of_user().filter(proofs::wrong_codes.ge(WRONG_CODES)));
        with_connection!(&mut self.lease, |c| spent.execute(c).await)?;
        Ok(true)
    }

    async fn find_change_of(&mut self, user: UserId) -> Result<Option<EmailChange>, StoreError> {
        find_change!(&mut self.lease, user)
    }

    async fn save_change(&mut self, change: &EmailChange) -> Result<(), StoreError> {
        let upsert = diesel::insert_into(changes::table)
            .values(ChangeRow::from(change))
            .on_conflict(changes::user_id)
            .do_update()
            .set((
                changes::email.eq(excluded(changes::email)),
                changes::awaits_new.eq(excluded(changes::awaits_new)),
                changes::awaits_old.eq(excluded(changes::awaits_old)),
                changes::expires_at.eq(excluded(changes::expires_at)),
            ));
        with_connection!(&mut self.lease, |c| upsert.execute(c).await).map(|_| ())
    }

    async fn delete_change(&mut self, user: UserId) -> Result<bool, StoreError> {
        let user = DbId(user.as_uuid());
        let of_change = proofs::table.filter(proofs::user_id.eq(user)).filter(proofs::side.eq_any(["new", "old"]));
        with_connection!(&mut self.lease, |c| diesel::delete(of_change).execute(c).await)?;
        let change = diesel::delete(changes::table.find(user));
        with_connection!(&mut self.lease, |c| change.execute(c).await).map(|rows| rows > 0)
    }

    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError> {
        let user = DbId(user.as_uuid());
        let of_user = diesel::delete(proofs::table.filter(proofs::user_id.eq(user)));
        with_connection!(&mut self.lease, |c| of_user.execute(c).await)?;
        let change = diesel::delete(changes::table.find(user));
        with_connection!(&mut self.lease, |c| change.execute(c).await).map(|_| ())
    }
}
