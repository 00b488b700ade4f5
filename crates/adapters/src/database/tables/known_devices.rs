//! Storage of the devices and networks from which users have signed in, in the tables `known_clients` and
//! `known_networks`.

use async_trait::async_trait;
use diesel::{dsl::not, prelude::*, upsert::excluded};
use tessera_identity::{
    model::Device,
    ports::{DeviceStatus, KNOWN_NETWORK_DAYS, KnownDevices, MOST_KNOWN_NETWORKS},
};
use tessera_kernel::{SecretHash, StoreError, UserId};
use time::{Duration, OffsetDateTime};

use crate::{
    MasterKey,
    database::engine::{
        SqlStore,
        connection::with_connection,
        rows::sha256,
        run_query::RunQueryDsl,
        schema::{known_clients, known_networks},
        transaction::Tx,
        types::{DbId, DbInstant},
    },
};

diesel::alias!(const RECENT: Alias<Recent> = known_clients as recent);
diesel::alias!(const SEEN: Alias<Seen> = known_networks as seen);

const HASHES_PER_STEP: i64 = 500;

/// Replaces plain hashes of one table in a transaction. Returns their number.
macro_rules! replace_plain {
    ($store:expr, $key:expr, $table:ident, $hash:ident) => {{
        let mut tx = $store.transaction().await?;
        // In one order, so that nodes that start at once do not wait for each other in a circle.
        let plain = $table::table
            .filter(not($table::keyed))
            .order(($table::user_id, $table::$hash))
            .limit(HASHES_PER_STEP)
            .select(($table::user_id, $table::$hash, $table::last_seen_at));
        let rows: Vec<(DbId, Vec<u8>, DbInstant)> = with_connection!(&mut tx.lease, |c| plain.load(c).await)?;
        let count = rows.len();
        for (user, plain, seen) in rows {
            let keyed = $key.keyed_hash(&sha256(stringify!($table), plain.clone())?);
            let insert = diesel::insert_into($table::table).values((
                $table::user_id.eq(user),
                $table::$hash.eq(keyed.as_bytes().to_vec()),
                $table::last_seen_at.eq(seen),
                $table::keyed.eq(true),
            ));
            // The keyed hash is there already if a node of the previous version has stored the plain one again.
            tx.lease.defer(insert.on_conflict_do_nothing()).await?;
            tx.lease.defer(diesel::delete($table::table.find((user, plain)))).await?;
        }
        tx.lease.commit().await?;
        count
    }};
}

impl SqlStore {
    /// Replaces the plain hashes of devices and networks, which previous versions have stored, by keyed ones. Returns their
    /// number. Without plain hashes, it only reads an empty index.
    ///
    /// # Errors
    /// Storage failed. The next call continues.
    pub async fn key_plain_hashes(&self, key: &MasterKey) -> Result<usize, StoreError> {
        let mut replaced = 0;
        loop {
            let devices = replace_plain!(self, key, known_clients, client);
            let networks = replace_plain!(self, key, known_networks, network);
            if devices + networks == 0 {
                return Ok(replaced);
            }
            replaced += devices + networks;
        }
    }
}

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
            known_clients::keyed.eq(true),
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
                known_networks::keyed.eq(true),
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

    async fn delete_all(&mut self, user: UserId) -> Result<(), StoreError> {
        let user = DbId(user.as_uuid());
        self.lease.defer(diesel::delete(known_clients::table.filter(known_clients::user_id.eq(user)))).await?;
        self.lease.defer(diesel::delete(known_networks::table.filter(known_networks::user_id.eq(user)))).await
    }
}
