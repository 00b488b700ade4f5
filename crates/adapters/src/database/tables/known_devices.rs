//! Storage of the devices and networks from which users have signed in, in the tables `known_clients` and
//! `known_networks`.

use async_trait::async_trait;
use diesel::{prelude::*, upsert::excluded};
use tessera_identity::{
    model::Device,
    ports::{DeviceStatus, KNOWN_NETWORK_DAYS, KnownDevices, MOST_KNOWN_NETWORKS},
};
use tessera_kernel::{SecretHash, StoreError, UserId};
use time::{Duration, OffsetDateTime};

use crate::database::engine::{
    connection::with_connection,
    run_query::RunQueryDsl,
    schema::{known_clients, known_networks},
    transaction::Tx,
    types::{DbId, DbInstant},
};

diesel::alias!(const RECENT: Alias<Recent> = known_clients as recent);
diesel::alias!(const SEEN: Alias<Seen> = known_networks as seen);

#[async_trait]
impl KnownDevices for Tx {
    async fn record(
        &mut self,
        user: UserId,
        client: &SecretHash,
        at: OffsetDateTime,
    ) -> Result<DeviceStatus, StoreError> {
        let (user, client, at) = (DbId(user.as_uuid()), client.as_bytes().as_slice(), DbInstant(at));
        let seen = diesel::update(known_clients::table.find((user, client))).set(known_clients::last_seen_at.eq(at));
        if with_connection!(&mut self.lease, |c| seen.execute(c).await)? > 0 {
            return Ok(DeviceStatus::Known);
        }
        let insert = diesel::insert_into(known_clients::table).values((
            known_clients::user_id.eq(user),
            known_clients::client.eq(client.to_vec()),
            known_clients::last_seen_at.eq(at),
        ));
        self.lease.defer(insert).await?;
        let count = known_clients::table.filter(known_clients::user_id.eq(user)).count();
        let count: i64 = with_connection!(&mut self.lease, |c| count.get_result(c).await)?;
        let most = i64::from(Device::MOST_KNOWN);
        if count > most {
            let recent = RECENT
                .filter(RECENT.field(known_clients::user_id).eq(user))
                .order((RECENT.field(known_clients::last_seen_at).desc(), RECENT.field(known_clients::client)))
                .limit(most)
                .select(RECENT.field(known_clients::client));
            let forgotten = known_clients::table
                .filter(known_clients::user_id.eq(user))
                .filter(known_clients::client.ne_all(recent));
            with_connection!(&mut self.lease, |c| diesel::delete(forgotten).execute(c).await)?;
        }
        Ok(if count == 1 { DeviceStatus::First } else { DeviceStatus::New })
    }

    async fn record_network(
        &mut self,
        user: UserId,
        network: &SecretHash,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let user = DbId(user.as_uuid());
        let upsert = diesel::insert_into(known_networks::table)
            .values((
                known_networks::user_id.eq(user),
                known_networks::network.eq(network.as_bytes().to_vec()),
                known_networks::last_seen_at.eq(DbInstant(at)),
            ))
            .on_conflict((known_networks::user_id, known_networks::network))
            .do_update()
            .set(known_networks::last_seen_at.eq(excluded(known_networks::last_seen_at)));
        self.lease.defer(upsert).await?;
        let recent = SEEN
            .filter(SEEN.field(known_networks::user_id).eq(user))
            .order((SEEN.field(known_networks::last_seen_at).desc(), SEEN.field(known_networks::network)))
            .limit(MOST_KNOWN_NETWORKS.into())
            .select(SEEN.field(known_networks::network));
        let oldest = DbInstant(at - Duration::days(KNOWN_NETWORK_DAYS));
        let forgotten = known_networks::table
            .filter(known_networks::user_id.eq(user))
            .filter(known_networks::last_seen_at.le(oldest).or(known_networks::network.ne_all(recent)));
        self.lease.defer(diesel::delete(forgotten)).await
    }
}
