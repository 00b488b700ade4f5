//! The signing keys of service tokens.

use tessera_adapters::Inspection;
use tessera_kernel::StoreError;
use tessera_sso::model::KeyRing;
use time::{Duration, OffsetDateTime};

use crate::doctor::{context::Context, finding::Finding};

/// A node rotates within seconds, so a rotation that is a day late is not coming.
const GRACE: Duration = Duration::DAY;

pub(super) async fn check(context: &Context, database: &mut Inspection) -> Result<Finding, StoreError> {
    let ring = KeyRing::new(database.signing_keys().await?);
    Ok(of_ring(&ring, context.system.clock.now(), context.config.signing_key_life))
}

fn of_ring(ring: &KeyRing, now: OffsetDateTime, life: Duration) -> Finding {
    let Some(signing) = ring.signing(now) else {
        return Finding::warn("there is no signing key", "start tessera serve, which makes the first key");
    };
    let days = (now - signing.signs_from).whole_days();
    let number = ring.published(now).count();
    if signing.retirement.is_none() && now - signing.signs_from > life + GRACE {
        return Finding::warn(
            format!("the key {} has been signing for {days} days, longer than TESSERA_SIGNING_KEY_DAYS", signing.id),
            "start tessera serve and see its log for the job that maintains the signing keys, or run tessera keys rotate",
        );
    }
    if signing.signs_from > now + GRACE {
        return Finding::fail(
            "the only key signs in the future",
            "correct the clock of this machine, and run tessera keys rotate --now",
        );
    }
    Finding::ok(format!("the key {} has been signing for {days} days; published: {number}", signing.id))
}
