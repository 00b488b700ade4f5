//! What is looked after beside the requests, whatever they do.

use std::time::Duration;

use tessera_api::Services;
use tessera_kernel::Origin;

use crate::repeated::Repeated;

/// How often the signing keys are read: what another node, or an operator, has done to them counts here within a second.
const KEYS: Duration = Duration::from_millis(500);

/// How often it is looked who has asked for a new password. Somebody may be waiting for their mail.
const RESETS: Duration = Duration::from_secs(1);

/// How many of them are answered in one look. Whoever asks for more at once waits for the next.
const MOST_RESETS: usize = 100;

/// How often is forgotten what nobody answered or used.
const FORGETTING: Duration = Duration::from_mins(1);

/// How often the rows of deleted applications are cleared. One run removes up to 20,000 of them.
const CLEARING: Duration = Duration::from_secs(10);

/// How often the costs of password hashes that no account has any more are forgotten: it reads through all users.
const COSTS: Duration = Duration::from_hours(1);

/// How often departures are deleted that have no effect any more. They are stored for a month.
const DEPARTURES: Duration = Duration::from_hours(1);

/// Starts them all. They end when they are dropped.
pub(crate) fn start(services: &Services) -> Vec<Repeated> {
    let (identity, tokens, sso) = (&services.identity, &services.service_tokens, &services.sso);
    let orgs = &services.orgs;
    let origin = Origin::internal("signing-key-job");
    vec![
        Repeated::start("looking after the signing keys", KEYS, tokens, move |tokens| {
            let origin = origin.clone();
            async move { tokens.look_after_keys(&origin).await }
        }),
        Repeated::start("answering requests for a new password", RESETS, identity, |identity| async move {
            identity.answer_reset_requests(MOST_RESETS).await
        }),
        Repeated::start("forgetting expired challenges", FORGETTING, identity, |identity| async move {
            identity.forget_expired_challenges().await
        }),
        Repeated::start("forgetting expired links to passwords", FORGETTING, identity, |identity| async move {
            identity.forget_expired_resets().await
        }),
        Repeated::start(
            "deleting expired counters of rate limits",
            FORGETTING,
            &services.limits,
            |limits| async move { limits.delete_expired().await },
        ),
        Repeated::start("clearing deleted applications", CLEARING, &services.apps, |apps| async move {
            apps.clear_deleted_applications().await
        }),
        Repeated::start("forgetting unused costs of password hashes", COSTS, identity, |identity| async move {
            identity.forget_unused_hash_costs().await
        }),
        Repeated::start("forgetting sign-ins that are over", FORGETTING, sso, |sso| async move { sso.forget().await }),
        Repeated::start("deleting old departures", DEPARTURES, orgs, |orgs| async move {
            orgs.delete_old_departures().await
        }),
    ]
}
