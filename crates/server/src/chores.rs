//! What is looked after beside the requests, whatever they do.

use std::time::Duration;

use tessera_api::Services;
use tessera_kernel::{Origin, RequestIdError};

use crate::repeated::Repeated;

/// How often the signing keys are read: what another node, or an operator, has done to them counts here within a second.
const KEYS: Duration = Duration::from_millis(500);

/// How often it is looked who has asked for a new password. Somebody may be waiting for their mail.
const RESETS: Duration = Duration::from_secs(1);

/// How many of them are answered in one look. Whoever asks for more at once waits for the next.
const MOST_RESETS: usize = 100;

/// How often is forgotten what nobody answered or used.
const FORGETTING: Duration = Duration::from_mins(1);

/// How often departures are deleted that have no effect any more. They are stored for a month.
const DEPARTURES: Duration = Duration::from_hours(1);

/// Who changed something, in the audit trail, where no request did.
pub(crate) fn origin(name: &str) -> Result<Origin, RequestIdError> {
    Ok(Origin { request_id: name.parse()?, address: None })
}

/// Starts them all. They end when they are dropped.
pub(crate) fn start(services: &Services) -> Result<Vec<Repeated>, RequestIdError> {
    let (identity, tokens, sso) = (&services.identity, &services.service_tokens, &services.sso);
    let orgs = &services.orgs;
    let origin = origin("key-worker")?;
    Ok(vec![
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
        Repeated::start("forgetting sign-ins that are over", FORGETTING, sso, |sso| async move { sso.forget().await }),
        Repeated::start("deleting old departures", DEPARTURES, orgs, |orgs| async move {
            orgs.delete_old_departures().await
        }),
    ])
}
