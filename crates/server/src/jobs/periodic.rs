//! Periodic jobs.

use std::{sync::Arc, time::Duration};

use tessera_adapters::Retention;
use tessera_api::Services;
use tessera_kernel::RequestMetadata;

use super::repeat::Repeated;

/// The period of the jobs that read the secrets of tokens and maintain signing keys. A change by another node or by an operator takes effect within a
/// second.
const KEYS: Duration = Duration::from_millis(500);

/// The period of the job that processes password reset requests. It is short, because users wait for the mail.
const RESETS: Duration = Duration::from_secs(1);

/// The maximum number of reset requests per run. Later requests wait for the next run.
const MOST_RESETS: usize = 100;

/// The period of the deletion of old rows. One run deletes up to 20,000 rows of each table.
const DELETION: Duration = Duration::from_mins(1);

/// The period of the jobs that remove rows of deleted applications and organizations. One run removes up to 20,000 rows.
const REMOVAL: Duration = Duration::from_secs(10);

/// The period of the job that deletes unused costs of password hashes. It is long, because the job reads all users.
const COSTS: Duration = Duration::from_hours(1);

/// Starts all jobs. Dropping the result stops them.
pub(crate) fn start(services: &Services, retention: &Arc<Retention>) -> Vec<Repeated> {
    let (identity, tokens, orgs) = (&services.identity, &services.service_tokens, &services.orgs);
    let origin = RequestMetadata::internal("signing-key-job");
    vec![
        Repeated::start("maintenance of the signing keys", KEYS, tokens, move |tokens| {
            let origin = origin.clone();
            async move { tokens.maintain_signing_keys(&origin).await }
        }),
        Repeated::start("reading of the secrets of tokens", KEYS, identity, |identity| async move {
            identity.learn_secrets().await
        }),
        Repeated::start("processing of password reset requests", RESETS, identity, |identity| async move {
            identity.process_reset_requests(MOST_RESETS).await
        }),
        Repeated::start("removal of the rows of deleted applications", REMOVAL, &services.apps, |apps| async move {
            apps.clear_deleted_applications().await
        }),
        Repeated::start("removal of the rows of deleted organizations", REMOVAL, orgs, |orgs| async move {
            orgs.clear_deleted_organizations().await
        }),
        Repeated::start("deletion of unused password hash costs", COSTS, identity, |identity| async move {
            identity.delete_unused_hash_costs().await
        }),
        Repeated::start("deletion of old rows", DELETION, retention, |retention| async move { retention.run().await }),
    ]
}
