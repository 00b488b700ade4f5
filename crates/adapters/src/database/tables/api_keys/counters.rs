//! The counters of the limits of keys.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use tessera_apikeys::{
    model::{LimitName, UseLimit},
    ports::{KeyCounters, WindowCounter},
};
use tessera_kernel::{ApiKeyId, StoreError};
use time::OffsetDateTime;

use super::restrictions;
use crate::database::engine::{
    clock::Now,
    connection::with_connection,
    rows::corrupt,
    run_query::RunQueryDsl,
    schema::{api_keys, key_limit_windows},
    transaction::Tx,
    types::{DbDocument, DbId, DbInstant},
};

type UsesRow = (DbDocument, Option<i64>, Option<DbInstant>, DbInstant);

#[async_trait]
impl KeyCounters for Tx {
    async fn lock_uses(&mut self, key: ApiKeyId) -> Result<Option<(UseLimit, OffsetDateTime)>, StoreError> {
        let columns = (api_keys::restrictions, api_keys::remaining_uses, api_keys::uses_since, Now);
        let query = api_keys::table.find(DbId(key.as_uuid())).select(columns);
        let row: Option<UsesRow> = with_connection!(&mut self.lease, |c|
            postgres: query.for_no_key_update().first(c).await.optional(),
            sqlite: query.first(c).await.optional())?;
        let Some((document, remaining, since, at)) = row else { return Ok(None) };
        Ok(restrictions::of_columns(&document, (remaining, since))?.uses.map(|uses| (uses, at.0)))
    }

    async fn set_uses(&mut self, key: ApiKeyId, uses: UseLimit) -> Result<(), StoreError> {
        let update = diesel::update(api_keys::table.find(DbId(key.as_uuid()))).set((
            api_keys::remaining_uses.eq(i64::from(uses.remaining.get())),
            api_keys::uses_since.eq(DbInstant(uses.since)),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|_| ())
    }

    async fn lock_window(
        &mut self,
        key: ApiKeyId,
        name: &LimitName,
    ) -> Result<Option<(WindowCounter, OffsetDateTime)>, StoreError> {
        let columns = (key_limit_windows::taken, key_limit_windows::since, Now);
        let query = key_limit_windows::table.find((DbId(key.as_uuid()), name.as_str())).select(columns);
        let row: Option<(i64, DbInstant, DbInstant)> = with_connection!(&mut self.lease, |c|
            postgres: query.for_no_key_update().first(c).await.optional(),
            sqlite: query.first(c).await.optional())?;
        let Some((taken, since, at)) = row else { return Ok(None) };
        let taken = taken.try_into().map_err(|fault| corrupt("key_limit_windows.taken", fault))?;
        Ok(Some((WindowCounter { taken, since: since.0 }, at.0)))
    }

    async fn set_window(&mut self, key: ApiKeyId, name: &LimitName, counter: WindowCounter) -> Result<(), StoreError> {
        let window = key_limit_windows::table.find((DbId(key.as_uuid()), name.as_str()));
        let update = diesel::update(window).set((
            key_limit_windows::taken.eq(i64::from(counter.taken)),
            key_limit_windows::since.eq(DbInstant(counter.since)),
        ));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|_| ())
    }
}
