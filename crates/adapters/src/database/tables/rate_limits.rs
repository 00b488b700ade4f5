//! Storage of rate limit counters.

use async_trait::async_trait;
use diesel::{dsl::case_when, prelude::*, upsert::excluded};
use tessera_kernel::{
    KEEP_COUNTERS, RateLimit, RateLimitError, RateLimited, RateLimits, SecretDigest as _, StoreError,
};
use tessera_system::Sha256Digest;
use time::Duration;

use crate::database::engine::{
    SqlStore,
    clock::{FromNow, Now},
    connection::with_connection,
    rows::affected,
    run_query::RunQueryDsl,
    schema::rate_limits,
    types::DbInstant,
};

#[async_trait]
impl RateLimits for SqlStore {
    async fn count(&self, limit: RateLimit, subject: &str) -> Result<(), RateLimitError> {
        let mut lease = self.writer().await?;
        let subject = Sha256Digest.digest(subject);
        let first = (
            rate_limits::name.eq(limit.name),
            rate_limits::subject_hash.eq(subject.as_bytes().as_slice()),
            rate_limits::events.eq(1),
            rate_limits::expires_at.eq(FromNow::after(limit.window)),
        );
        let ended = || rate_limits::expires_at.le(Now);
        // The row lock of this statement makes concurrent calls count one after the other.
        let count = diesel::insert_into(rate_limits::table)
            .values(first)
            .on_conflict((rate_limits::name, rate_limits::subject_hash))
            .do_update()
            .set((
                rate_limits::events
                    .eq(case_when(ended(), excluded(rate_limits::events)).otherwise(rate_limits::events + 1)),
                rate_limits::expires_at
                    .eq(case_when(ended(), excluded(rate_limits::expires_at)).otherwise(rate_limits::expires_at)),
            ))
            .returning((rate_limits::events, rate_limits::expires_at, Now));
        let (events, expires_at, now): (i32, DbInstant, DbInstant) =
            with_connection!(&mut lease, |c| count.get_result(c).await)?;
        if i64::from(events) <= i64::from(limit.quota) {
            return Ok(());
        }
        // A statement that waited for another one may have an older time than the start of the window of the other one.
        let retry_after = (expires_at.0 - now.0).clamp(Duration::ZERO, limit.window);
        Err(RateLimited { limit, retry_after }.into())
    }

    async fn delete_expired(&self) -> Result<u64, StoreError> {
        let mut lease = self.writer().await?;
        let old = rate_limits::table.filter(rate_limits::expires_at.le(FromNow::after(-KEEP_COUNTERS)));
        with_connection!(&mut lease, |c| diesel::delete(old).execute(c).await).map(affected)
    }
}
