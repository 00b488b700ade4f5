//! Storage of passkeys, and the store of passkeys and ceremonies.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use tessera_identity::{
    model::{Ceremony, CredentialId, Passkey},
    ports::{Assertion, PasskeyStore, Passkeys, TakenCeremony},
};
use tessera_kernel::{CeremonyId, PasskeyId, StoreError, UserId};
use time::OffsetDateTime;

use super::passkey_ceremonies;
use crate::database::engine::{
    SqlStore,
    connection::with_connection,
    rows::{corrupt, count, parse},
    run_query::RunQueryDsl,
    schema::passkeys,
    transaction::Tx,
    types::{DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = passkeys)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct PasskeyRow {
    id: DbId,
    user_id: DbId,
    credential_id: Vec<u8>,
    rp_id: String,
    credential: String,
    counter: i64,
    synced: bool,
    name: String,
    created_at: DbInstant,
    last_used_at: Option<DbInstant>,
}

impl From<&Passkey> for PasskeyRow {
    fn from(passkey: &Passkey) -> Self {
        Self {
            id: DbId(passkey.id.as_uuid()),
            user_id: DbId(passkey.user_id.as_uuid()),
            credential_id: passkey.credential_id.as_bytes().to_vec(),
            rp_id: passkey.rp_id.clone(),
            credential: passkey.credential.clone(),
            counter: passkey.counter.into(),
            synced: passkey.synced,
            name: passkey.name.to_string(),
            created_at: DbInstant(passkey.created_at),
            last_used_at: passkey.last_used_at.map(DbInstant),
        }
    }
}

impl TryFrom<PasskeyRow> for Passkey {
    type Error = StoreError;

    fn try_from(row: PasskeyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: PasskeyId::from_uuid(row.id.0),
            user_id: UserId::from_uuid(row.user_id.0),
            credential_id: CredentialId::new(row.credential_id),
            rp_id: row.rp_id,
            credential: row.credential,
            counter: row.counter.try_into().map_err(|fault| corrupt("passkeys.counter", fault))?,
            synced: row.synced,
            name: parse("passkeys.name", &row.name)?,
            created_at: row.created_at.0,
            last_used_at: row.last_used_at.map(|at| at.0),
        })
    }
}

#[async_trait]
impl Passkeys for Tx {
    async fn insert(&mut self, passkey: &Passkey) -> Result<(), StoreError> {
        let insert = diesel::insert_into(passkeys::table).values(PasskeyRow::from(passkey));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn count(&mut self, user: UserId) -> Result<u64, StoreError> {
        let query = passkeys::table.filter(passkeys::user_id.eq(DbId(user.as_uuid()))).count();
        let rows: i64 = with_connection!(&mut self.lease, |c| query.get_result(c).await)?;
        count("passkeys", rows)
    }

    async fn count_of_rp_id(&mut self, user: UserId, rp_id: &str) -> Result<u64, StoreError> {
        let theirs = passkeys::table.filter(passkeys::user_id.eq(DbId(user.as_uuid())));
        let query = theirs.filter(passkeys::rp_id.eq(rp_id)).count();
        let rows: i64 = with_connection!(&mut self.lease, |c| query.get_result(c).await)?;
        count("passkeys", rows)
    }

    async fn record_use(
        &mut self,
        passkey: &Passkey,
        assertion: &Assertion,
        at: OffsetDateTime,
    ) -> Result<bool, StoreError> {
        let counter = i64::from(assertion.counter);
        let theirs = passkeys::table
            .find(DbId(passkey.id.as_uuid()))
            .filter(passkeys::user_id.eq(DbId(passkey.user_id.as_uuid())));
        // An authenticator that does not count always sends 0.
        let counts_on =
            passkeys::counter.lt(counter).or(passkeys::counter.eq(0_i64).and(passkeys::counter.eq(counter)));
        let update = diesel::update(theirs.filter(counts_on)).set((
            passkeys::counter.eq(counter),
            passkeys::credential.eq(&assertion.credential),
            passkeys::synced.eq(assertion.synced),
            passkeys::last_used_at.eq(DbInstant(at)),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn delete(&mut self, user: UserId, id: PasskeyId) -> Result<bool, StoreError> {
        let theirs = passkeys::table.find(DbId(id.as_uuid())).filter(passkeys::user_id.eq(DbId(user.as_uuid())));
        with_connection!(&mut self.lease, |c| diesel::delete(theirs).execute(c).await).map(|rows| rows > 0)
    }

    async fn delete_all(&mut self, user: UserId) -> Result<Vec<PasskeyId>, StoreError> {
        let theirs = passkeys::table.filter(passkeys::user_id.eq(DbId(user.as_uuid())));
        let rows: Vec<DbId> =
            with_connection!(&mut self.lease, |c| diesel::delete(theirs).returning(passkeys::id).load(c).await)?;
        let mut ids: Vec<PasskeyId> = rows.into_iter().map(|id| PasskeyId::from_uuid(id.0)).collect();
        // No database promises an order of the rows that a statement has changed.
        ids.sort();
        Ok(ids)
    }
}

#[async_trait]
impl PasskeyStore for SqlStore {
    async fn find_passkey(&self, credential: &CredentialId) -> Result<Option<Passkey>, StoreError> {
        let query = passkeys::table.filter(passkeys::credential_id.eq(credential.as_bytes()));
        let row: Option<PasskeyRow> = with_connection!(&mut self.reader().await?, |c| query
            .select(PasskeyRow::as_select())
            .first(c)
            .await
            .optional())?;
        row.map(Passkey::try_from).transpose()
    }

    async fn list_passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let query = passkeys::table.filter(passkeys::user_id.eq(DbId(user.as_uuid()))).order(passkeys::id);
        let rows: Vec<PasskeyRow> =
            with_connection!(&mut self.reader().await?, |c| query.select(PasskeyRow::as_select()).load(c).await)?;
        rows.into_iter().map(Passkey::try_from).collect()
    }

    async fn any_of_another_rp_id(&self, rp_id: &str) -> Result<bool, StoreError> {
        // Two ranges of the index. With `<>`, every start would read the whole table.
        let another = passkeys::rp_id.lt(rp_id).or(passkeys::rp_id.gt(rp_id));
        let query = passkeys::table.filter(another).select(passkeys::id).limit(1);
        let first: Option<DbId> = with_connection!(&mut self.reader().await?, |c| query.first(c).await.optional())?;
        Ok(first.is_some())
    }

    async fn keep_ceremony(&self, ceremony: &Ceremony) -> Result<(), StoreError> {
        passkey_ceremonies::keep(self, ceremony).await
    }

    async fn take_ceremony(&self, id: CeremonyId) -> Result<Option<TakenCeremony>, StoreError> {
        passkey_ceremonies::take(self, id).await
    }
}
