//! Storage of signing keys.

use async_trait::async_trait;
use diesel::prelude::*;
use tessera_kernel::{Secret, StoreError};
use tessera_sso::{
    model::{KeyId, PublicKey, Retirement, SigningKey},
    ports::{SigningKeyStore, SigningKeyTransaction, SigningKeys},
};

use crate::database::engine::{
    SqlStore,
    connection::{PooledConnection, with_connection},
    rows::parse,
    run_query::RunQueryDsl,
    schema::signing_keys,
    table_locks::{LockedTable, lock_table},
    transaction::Tx,
    types::DbInstant,
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = signing_keys)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct SigningKeyRow {
    kid: String,
    modulus: String,
    exponent: String,
    sealed: Vec<u8>,
    created_at: DbInstant,
    signs_from: DbInstant,
    signs_until: Option<DbInstant>,
    published_until: Option<DbInstant>,
}

impl From<&SigningKey> for SigningKeyRow {
    fn from(key: &SigningKey) -> Self {
        Self {
            kid: key.id.to_string(),
            modulus: key.public.modulus.clone(),
            exponent: key.public.exponent.clone(),
            sealed: key.sealed.expose().clone(),
            created_at: DbInstant(key.created_at),
            signs_from: DbInstant(key.signs_from),
            signs_until: key.retirement.map(|retirement| DbInstant(retirement.signs_until)),
            published_until: key.retirement.map(|retirement| DbInstant(retirement.published_until)),
        }
    }
}

impl TryFrom<SigningKeyRow> for SigningKey {
    type Error = StoreError;

    fn try_from(row: SigningKeyRow) -> Result<Self, StoreError> {
        let end = row.signs_until.zip(row.published_until);
        Ok(Self {
            id: parse("signing_keys.kid", &row.kid)?,
            public: PublicKey { modulus: row.modulus, exponent: row.exponent },
            sealed: Secret::new(row.sealed),
            created_at: row.created_at.0,
            signs_from: row.signs_from.0,
            retirement: end.map(|(signs, published)| Retirement { signs_until: signs.0, published_until: published.0 }),
        })
    }
}

fn keys(rows: Vec<SigningKeyRow>) -> Result<Vec<SigningKey>, StoreError> {
    rows.into_iter().map(SigningKey::try_from).collect()
}

#[async_trait]
impl SigningKeyStore for SqlStore {
    async fn begin(&self) -> Result<Box<dyn SigningKeyTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await?))
    }

    async fn list_signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        list(&mut self.reader().await?).await
    }
}

/// Returns all keys in the order in which they sign.
pub(in crate::database) async fn list(lease: &mut PooledConnection) -> Result<Vec<SigningKey>, StoreError> {
    let query = signing_keys::table.order((signing_keys::signs_from, signing_keys::kid));
    let rows = with_connection!(lease, |c| query.select(SigningKeyRow::as_select()).load(c).await)?;
    keys(rows)
}

impl SigningKeyTransaction for Tx {
    tessera_kernel::accessors!(signing_keys: SigningKeys);
}

#[async_trait]
impl SigningKeys for Tx {
    async fn lock_all(&mut self) -> Result<Vec<SigningKey>, StoreError> {
        // This locks the table and not its rows, because at the first start there are none. It does not block readers.
        lock_table(&mut self.lease, LockedTable::SigningKeys).await?;
        list(&mut self.lease).await
    }

    async fn insert(&mut self, key: &SigningKey) -> Result<(), StoreError> {
        let insert = diesel::insert_into(signing_keys::table).values(SigningKeyRow::from(key));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn retire(&mut self, id: &KeyId, retirement: &Retirement) -> Result<bool, StoreError> {
        let update = diesel::update(signing_keys::table.find(id.as_str())).set((
            signing_keys::signs_until.eq(DbInstant(retirement.signs_until)),
            signing_keys::published_until.eq(DbInstant(retirement.published_until)),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn delete(&mut self, id: &KeyId) -> Result<bool, StoreError> {
        let delete = diesel::delete(signing_keys::table.find(id.as_str()));
        with_connection!(&mut self.lease, |c| delete.execute(c).await).map(|rows| rows > 0)
    }
}
