//! Storage of device tokens, in the table `device_tokens`.

use async_trait::async_trait;
use diesel::prelude::*;
use tessera_identity::{model::DeviceToken, ports::DeviceTokens};
use tessera_kernel::{SecretHash, StoreError, UserId};
use time::OffsetDateTime;

use crate::database::engine::{
    connection::with_connection,
    rows::affected,
    run_query::RunQueryDsl,
    schema::device_tokens,
    transaction::Tx,
    types::{DbId, DbInstant},
};

diesel::alias! {
    const KEPT: Alias<KeptTokens> = device_tokens as kept_tokens;
}

#[async_trait]
impl DeviceTokens for Tx {
    async fn record_use(&mut self, user: UserId, token: &SecretHash, at: OffsetDateTime) -> Result<bool, StoreError> {
        let known = device_tokens::table
            .find(token.as_bytes().as_slice())
            .filter(device_tokens::user_id.eq(DbId(user.as_uuid())))
            .filter(device_tokens::last_used_at.gt(DbInstant(at - DeviceToken::TTL)));
        let update = diesel::update(known).set(device_tokens::last_used_at.eq(DbInstant(at)));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }

    async fn insert(&mut self, user: UserId, token: &SecretHash, at: OffsetDateTime) -> Result<(), StoreError> {
        let user = DbId(user.as_uuid());
        let insert = diesel::insert_into(device_tokens::table).values((
            device_tokens::token_hash.eq(token.as_bytes().to_vec()),
            device_tokens::user_id.eq(user),
            device_tokens::last_used_at.eq(DbInstant(at)),
        ));
        self.lease.defer(insert).await?;
        let new = token.as_bytes().to_vec();
        let kept = KEPT
            .filter(KEPT.field(device_tokens::user_id).eq(user))
            .filter(KEPT.field(device_tokens::token_hash).ne(new.clone()))
            .order((KEPT.field(device_tokens::last_used_at).desc(), KEPT.field(device_tokens::token_hash)))
            .limit(i64::from(DeviceToken::MOST) - 1)
            .select(KEPT.field(device_tokens::token_hash));
        let displaced = device_tokens::table
            .filter(device_tokens::user_id.eq(user))
            .filter(device_tokens::token_hash.ne(new))
            .filter(device_tokens::token_hash.ne_all(kept));
        self.lease.defer(diesel::delete(displaced)).await
    }

    async fn delete_all(&mut self, user: UserId) -> Result<u64, StoreError> {
        let delete = diesel::delete(device_tokens::table.filter(device_tokens::user_id.eq(DbId(user.as_uuid()))));
        with_connection!(&mut self.lease, |c| delete.execute(c).await).map(affected)
    }
}
