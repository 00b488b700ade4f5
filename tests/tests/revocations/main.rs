//! The recorded history of revocations on three nodes: no node accepts a credential for longer than the bound after its
//! end was acknowledged, and the node that acknowledged it accepts it no longer.
//!
//! `TEST_REVOCATIONS` is the number of credentials of each kind. The figures are shown with `--no-capture`.

mod credentials;
mod faults;
mod history;
mod run;

use std::sync::{Arc, atomic::Ordering};

use tessera_adapters::{DatabaseSettings, SqlStore};
use tessera_testkit::expectations::{ok, parsed};
use tessera_tests::{database::Backend, eventually, process::Installation};

use crate::{
    credentials::Issuer,
    history::Outcome,
    run::{PATIENCE, Run},
};

const NODES: usize = 3;

/// Three nodes, and credentials of every kind.
struct Trial {
    run: Arc<Run>,
    /// A credential that does not end, and the id of its key.
    kept: (credentials::Credential, String),
    backend: Backend,
    installation: Installation,
}

impl Trial {
    async fn start(backend: Backend) -> Self {
        Self::on(backend, Installation::new(backend).await).await
    }

    async fn on(backend: Backend, installation: Installation) -> Self {
        let installation = installation.set("TESSERA_THROTTLE", "off");
        let first = installation.start();
        let nodes = std::iter::once(first).chain((1..NODES).map(|_| installation.start_another())).collect();
        let issuer = Issuer::on(open(&installation).await).await;
        let (kept, credentials) = (issuer.key_to_keep().await, issuer.issue(of_each_kind()).await);
        drop(issuer);
        let run = Run::new(nodes, credentials, 1);
        let trial = Self { run, kept, backend, installation };
        trial.assert_that_nodes_cache().await;
        trial
    }

    /// A key that is revoked with SQL, which no node hears of, stays valid at each node: the verification does not read it.
    async fn assert_that_nodes_cache(&self) {
        // The statements of the tests reach only PostgreSQL.
        if self.backend == Backend::Sqlite {
            return;
        }
        let ((key, id), database) = (&self.kept, self.installation.database());
        let revoke = &format!("UPDATE api_keys SET revoked_at = now() WHERE id = '{id}'");
        let restore = &format!("UPDATE api_keys SET revoked_at = NULL WHERE id = '{id}'");
        for node in &self.run.nodes {
            let api = &node.api();
            // The first uses may come before the first answer of the feed.
            eventually("a use from the cache", PATIENCE, || async move {
                key.attempt(api).await;
                database.execute(revoke).await;
                let outcome = key.attempt(api).await;
                database.execute(restore).await;
                (outcome == Outcome::Accepted).then_some(())
            })
            .await;
        }
    }

    /// Checks the history. `cached` is the share of credentials that each node must have accepted before their end.
    fn check(&self, name: &str, cached: (usize, usize)) {
        let (run, pairs) = (&self.run, self.run.size() * NODES);
        eprintln!("{name}, {:?}: {}", self.backend, run.history.figures(NODES));
        let violations = run.history.violations();
        let shown: Vec<&String> = violations.iter().take(20).collect();
        assert!(violations.is_empty(), "{} violations of the bound, such as {shown:#?}", violations.len());
        assert_eq!(run.history.ended(), run.size());
        let before = run.history.accepted_before(NODES);
        assert!(before * cached.1 >= pairs * cached.0, "only {before} of {pairs} were accepted before their end");
        let uses: Vec<usize> = run.uses.iter().map(|uses| uses.load(Ordering::Relaxed)).collect();
        assert!(uses.iter().all(|uses| 2 * uses >= run.size()), "too little load: {uses:?}");
    }
}

async fn open(installation: &Installation) -> SqlStore {
    let settings = DatabaseSettings { pool_size: 8, ..DatabaseSettings::new(parsed(installation.database().url())) };
    ok(SqlStore::open(&settings).await)
}

/// How many credentials of each kind end: 8, or `TEST_REVOCATIONS` for a longer run.
#[expect(clippy::disallowed_methods, reason = "only the server binary reads settings, and this is none")]
fn of_each_kind() -> u32 {
    std::env::var("TEST_REVOCATIONS").map_or(8, |number| parsed(&number))
}
