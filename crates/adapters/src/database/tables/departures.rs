//! Storage of the times when users left organizations.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*, upsert::excluded};
use tessera_kernel::{OrganizationId, StoreError, UserId};
use tessera_orgs::ports::Departures;
use time::OffsetDateTime;

use crate::database::engine::{
    connection::with_connection,
    run_query::RunQueryDsl,
    schema::departures,
    transaction::Tx,
    types::{DbId, DbInstant},
};

fn key(id: OrganizationId, user: UserId) -> (DbId, DbId) {
    (DbId(id.as_uuid()), DbId(user.as_uuid()))
}

#[async_trait]
impl Departures for Tx {
    async fn record(&mut self, id: OrganizationId, user: UserId, left_at: OffsetDateTime) -> Result<(), StoreError> {
        let row = (
            departures::organization_id.eq(DbId(id.as_uuid())),
            departures::user_id.eq(DbId(user.as_uuid())),
            departures::left_at.eq(DbInstant(left_at)),
        );
        let upsert = diesel::insert_into(departures::table)
            .values(row)
            .on_conflict((departures::organization_id, departures::user_id))
            .do_update()
            .set(departures::left_at.eq(excluded(departures::left_at)));
        with_connection!(&mut self.lease, |c| upsert.execute(c).await).map(|_| ())
    }

    async fn find(&mut self, id: OrganizationId, user: UserId) -> Result<Option<OffsetDateTime>, StoreError> {
        let query = departures::table.find(key(id, user)).select(departures::left_at);
        let left_at: Option<DbInstant> = with_connection!(&mut self.lease, |c| query.first(c).await.optional())?;
        Ok(left_at.map(|at| at.0))
    }

    async fn delete(&mut self, id: OrganizationId, user: UserId) -> Result<bool, StoreError> {
        let delete = diesel::delete(departures::table.find(key(id, user)));
        with_connection!(&mut self.lease, |c| delete.execute(c).await).map(|rows| rows > 0)
    }
}
