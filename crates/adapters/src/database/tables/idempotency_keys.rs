//! Storage of requests with an idempotency key. [`Tx`](crate::database::engine::transaction::Tx) marks their claims.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*, query_dsl::methods, upsert::excluded};
use tessera_kernel::{ClaimStatus, IdempotencyClaim, IdempotencyKeys, SecretHash, StoreError};
use uuid::Uuid;

use crate::database::engine::{
    SqlStore,
    clock::{FromNow, Now},
    connection::with_connection,
    run_query::RunQueryDsl,
    schema::idempotency_keys,
    transaction::held,
    types::{DbId, DbInstant},
};

/// A row of another request: fingerprint, whether it is marked, the response, the end of the lease, and the time.
type Found = (Vec<u8>, bool, Option<Vec<u8>>, DbInstant, DbInstant);

impl SqlStore {
    /// Ends the leases of all claims, as if their processes had died a minute ago. A request that is running anyway cannot
    /// commit after another one has taken its claim over.
    ///
    /// # Errors
    /// Fails like any write.
    pub async fn end_leases(&self) -> Result<(), StoreError> {
        let update = diesel::update(idempotency_keys::table).set(idempotency_keys::leased_until.eq(Now));
        with_connection!(&mut self.writer().await?, |c| update.execute(c).await).map(drop)
    }
}

#[async_trait]
impl IdempotencyKeys for SqlStore {
    async fn claim(&self, claim: &IdempotencyClaim, fingerprint: &SecretHash) -> Result<ClaimStatus, StoreError> {
        let row = (
            idempotency_keys::key_hash.eq(claim.key.as_bytes().to_vec()),
            idempotency_keys::owner.eq(DbId(Uuid::from_u128(claim.owner))),
            idempotency_keys::fingerprint.eq(fingerprint.as_bytes().to_vec()),
            idempotency_keys::marked.eq(false),
            idempotency_keys::leased_until.eq(FromNow::after(IdempotencyClaim::LEASE)),
            idempotency_keys::expires_at.eq(FromNow::after(IdempotencyClaim::RETENTION)),
        );
        let given_up = idempotency_keys::marked
            .eq(false)
            .and(idempotency_keys::response.is_null())
            .and(idempotency_keys::leased_until.le(Now));
        let upsert = diesel::insert_into(idempotency_keys::table)
            .values(row)
            .on_conflict(idempotency_keys::key_hash)
            .do_update()
            .set((
                idempotency_keys::owner.eq(excluded(idempotency_keys::owner)),
                idempotency_keys::fingerprint.eq(excluded(idempotency_keys::fingerprint)),
                idempotency_keys::marked.eq(false),
                idempotency_keys::response.eq(None::<Vec<u8>>),
                idempotency_keys::leased_until.eq(excluded(idempotency_keys::leased_until)),
                idempotency_keys::expires_at.eq(excluded(idempotency_keys::expires_at)),
            ));
        // By its path, because the method of this name in the prelude is that of a query.
        let insert = methods::FilterDsl::filter(upsert, idempotency_keys::expires_at.le(Now).or(given_up));
        if with_connection!(&mut self.writer().await?, |c| insert.execute(c).await)? > 0 {
            return Ok(ClaimStatus::Claimed);
        }
        let query = idempotency_keys::table.find(claim.key.as_bytes().to_vec()).select((
            idempotency_keys::fingerprint,
            idempotency_keys::marked,
            idempotency_keys::response,
            idempotency_keys::leased_until,
            Now,
        ));
        let found: Option<Found> = with_connection!(&mut self.reader().await?, |c| query.first(c).await.optional())?;
        Ok(match found {
            Some((other, ..)) if other != fingerprint.as_bytes() => ClaimStatus::OtherRequest,
            Some((_, _, Some(response), ..)) => ClaimStatus::Answered(response),
            Some((_, true, None, leased_until, now)) if leased_until.0 <= now.0 => ClaimStatus::Lost,
            // It may have ended just now. The next attempt gets the claim.
            Some(_) | None => ClaimStatus::Running,
        })
    }

    async fn keep_response(&self, claim: &IdempotencyClaim, sealed: &[u8]) -> Result<bool, StoreError> {
        let keep = diesel::update(held(*claim)).set(idempotency_keys::response.eq(Some(sealed.to_vec())));
        with_connection!(&mut self.writer().await?, |c| keep.execute(c).await).map(|rows| rows > 0)
    }

    async fn release(&self, claim: &IdempotencyClaim) -> Result<(), StoreError> {
        let unmarked = held(*claim).filter(idempotency_keys::marked.eq(false));
        if with_connection!(&mut self.writer().await?, |c| diesel::delete(unmarked).execute(c).await)? > 0 {
            return Ok(());
        }
        let lost = diesel::update(held(*claim)).set(idempotency_keys::leased_until.eq(Now));
        with_connection!(&mut self.writer().await?, |c| lost.execute(c).await).map(drop)
    }
}
