//! Storage of rate limit counters.

use async_trait::async_trait;
use diesel::{dsl::case_when, prelude::*, upsert::excluded};
use tessera_kernel::{Counted, RateLimit, RateLimitError, RateLimited, RateLimits, SecretDigest as _, StoreError};
use tessera_system::Sha256Digest;
use time::Duration;

use crate::database::engine::{
    SqlStore,
    clock::{FromNow, Now},
    connection::{PooledConnection, with_connection},
    run_query::RunQueryDsl,
    schema::rate_limits,
    types::DbInstant,
};

#[async_trait]
impl RateLimits for SqlStore {
    async fn count_all(&self, events: &[(RateLimit, String)]) -> Result<Vec<Counted>, RateLimitError> {
        if let [(limit, subject)] = events {
            return Ok(vec![count(&mut self.writer().await?, *limit, subject).await?]);
        }
        let mut tx = self.transaction().await?;
        let mut admitted = Vec::new();
        for (limit, subject) in events {
            match count(&mut tx.lease, *limit, subject).await {
                Ok(counted) => admitted.push(counted),
                Err(RateLimitError::Limited(limited)) => {
                    for (counted, (_, subject)) in admitted.iter().zip(events) {
                        give_back(&mut tx.lease, counted, subject).await?;
                    }
                    // The rejection is stored: it is the first one only once.
                    tx.lease.commit().await?;
                    return Err(limited.into());
                }
                Err(failed @ RateLimitError::Store(_)) => return Err(failed),
            }
        }
        tx.lease.commit().await?;
        Ok(admitted)
    }

    async fn give_back_all(&self, events: &[(Counted, String)]) -> Result<(), StoreError> {
        let mut tx = self.transaction().await?;
        for (counted, subject) in events {
            give_back(&mut tx.lease, counted, subject).await?;
        }
        tx.lease.commit().await
    }
}

/// Counts and admits, or rejects, in one statement.
async fn count(lease: &mut PooledConnection, limit: RateLimit, subject: &str) -> Result<Counted, RateLimitError> {
    let subject = Sha256Digest.digest(subject);
    let first = (
        rate_limits::name.eq(limit.name),
        rate_limits::subject_hash.eq(subject.as_bytes().as_slice()),
        rate_limits::events.eq(i32::from(limit.quota > 0)),
        rate_limits::expires_at.eq(FromNow::after(limit.window)),
        rate_limits::admitted.eq(limit.quota > 0),
        rate_limits::rejections.eq(i32::from(limit.quota == 0)),
    );
    let quota = i32::try_from(limit.quota).unwrap_or(i32::MAX);
    let ended = || rate_limits::expires_at.le(Now);
    let has_room = || rate_limits::events.lt(quota);
    // The row lock of this statement makes concurrent calls count one after the other.
    let count = diesel::insert_into(rate_limits::table)
        .values(first)
        .on_conflict((rate_limits::name, rate_limits::subject_hash))
        .do_update()
        .set((
            rate_limits::events.eq(case_when(ended(), excluded(rate_limits::events))
                .when(has_room(), rate_limits::events + 1)
                .otherwise(rate_limits::events)),
            rate_limits::expires_at
                .eq(case_when(ended(), excluded(rate_limits::expires_at)).otherwise(rate_limits::expires_at)),
            rate_limits::admitted.eq(case_when(ended(), excluded(rate_limits::admitted)).otherwise(has_room())),
            rate_limits::rejections.eq(case_when(ended(), excluded(rate_limits::rejections))
                .when(has_room(), rate_limits::rejections)
                .otherwise(rate_limits::rejections + 1)),
        ))
        .returning((rate_limits::admitted, rate_limits::events, rate_limits::rejections, rate_limits::expires_at, Now));
    let (admitted, events, rejections, expires_at, now): (bool, i32, i32, DbInstant, DbInstant) =
        with_connection!(lease, |c| count.get_result(c).await)?;
    // A statement that waited for another one may have an older time than the start of the window of the other one.
    let resets_in = (expires_at.0 - now.0).clamp(Duration::ZERO, limit.window.max(Duration::ZERO));
    if admitted {
        let left = u32::try_from(quota.saturating_sub(events)).unwrap_or_default();
        return Ok(Counted { limit, left, resets_in, ends_at: expires_at.0 });
    }
    Err(RateLimited { limit, retry_after: resets_in, first: rejections == 1 }.into())
}

async fn give_back(lease: &mut PooledConnection, counted: &Counted, subject: &str) -> Result<(), StoreError> {
    let subject = Sha256Digest.digest(subject);
    let row = rate_limits::table
        .find((counted.limit.name, subject.as_bytes().to_vec()))
        .filter(rate_limits::expires_at.eq(DbInstant(counted.ends_at)))
        .filter(rate_limits::expires_at.gt(Now))
        .filter(rate_limits::events.gt(0));
    let update = diesel::update(row).set(rate_limits::events.eq(rate_limits::events - 1));
    lease.defer(update).await
}
