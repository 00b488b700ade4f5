//! The claim of the request that a task is serving.
//!
//! Storage reads it when a transaction begins. The use cases in between need no argument for it, so a new one cannot forget
//! it. It is set for each poll and not for the task, because a task may serve several requests.

use std::{cell::Cell, future::poll_fn, pin::pin};

use super::IdempotencyClaim;

/// What a transaction does with the claim of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is the change: its commit marks the claim. A retry does not execute the request again.
    Change(IdempotencyClaim),
    /// It comes before the change and can be repeated: its commit only checks that the request still has the claim.
    Preparation(IdempotencyClaim),
}

thread_local! {
    static RUNNING: Cell<Option<Effect>> = const { Cell::new(None) };
}

/// Restores the value, also after a panic.
struct Restore(Option<Effect>);

impl Drop for Restore {
    fn drop(&mut self) {
        RUNNING.set(self.0);
    }
}

/// Serves a request that has this claim.
pub async fn on_behalf_of<T>(claim: IdempotencyClaim, request: impl Future<Output = T>) -> T {
    during(Effect::Change(claim), request).await
}

/// Does what can be repeated before or instead of the change of a request, in transactions of its own: notes a rejected
/// attempt, reserves something, or revokes something that stays revoked. Without it, an error after such a commit would
/// count as a lost response.
pub async fn preparing<T>(work: impl Future<Output = T>) -> T {
    match effect() {
        Some(Effect::Change(claim) | Effect::Preparation(claim)) => during(Effect::Preparation(claim), work).await,
        None => work.await,
    }
}

/// What a transaction that begins now does. `None` outside of requests with an idempotency key.
#[must_use]
pub fn effect() -> Option<Effect> {
    RUNNING.get()
}

async fn during<T>(effect: Effect, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        let _before = Restore(RUNNING.replace(Some(effect)));
        work.as_mut().poll(context)
    })
    .await
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;
    use crate::SecretHash;

    #[tokio::test]
    async fn a_claim_is_seen_by_its_own_request_only() {
        let claim = |number| IdempotencyClaim { key: SecretHash::from_bytes([number; 32]), owner: 1 };
        let request = |number| {
            on_behalf_of(claim(number), async move {
                yield_now().await;
                assert_eq!(effect(), Some(Effect::Change(claim(number))));
                preparing(async {
                    yield_now().await;
                    assert_eq!(effect(), Some(Effect::Preparation(claim(number))));
                })
                .await;
                assert_eq!(effect(), Some(Effect::Change(claim(number))));
            })
        };
        tokio::join!(request(1), request(2), async {
            yield_now().await;
            assert_eq!(effect(), None);
            preparing(async { assert_eq!(effect(), None) }).await;
        });
        assert_eq!(effect(), None);
    }
}
