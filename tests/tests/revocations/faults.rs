//! The scenarios: no fault, a database that restarts, a node that is paused, and a feed that is interrupted.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tessera_testkit::expectations::ok;
use tessera_tests::{
    REVOCATION_BOUND,
    cluster::{Cluster, Stop},
    database::Backend,
    on_both, on_postgres,
    process::Installation,
};
use tokio::{
    task::JoinSet,
    time::{sleep, sleep_until, timeout},
};

use crate::{Trial, history::Outcome, run::Run};

on_both! {
    no_node_accepts_what_has_ended_s135
}

on_postgres! {
    a_paused_node_accepts_nothing_that_ended_meanwhile_s135
}

async fn no_node_accepts_what_has_ended_s135(backend: Backend) {
    let trial = Trial::start(backend).await;
    trial.run.allow((1, 1));
    trial.run.end_all().await;
    trial.check("no fault", (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_node_accepts_what_has_ended_while_the_database_restarts_s135() {
    let mut server = Cluster::start().await;
    let trial = Trial::on(Backend::Postgres, Installation::on_server(&server).await).await;
    let run = &trial.run;
    let restarts = 2 + run.size() / 1_000;
    let restarting = async {
        for restart in 1..=restarts {
            run.allow((restart, restarts + 1));
            run.at_rest().await;
            // The restart happens while the next ones end.
            run.allow((restart + 1, restarts + 1));
            server.restart(if restart % 2 == 1 { Stop::Fast } else { Stop::Immediate }).await;
        }
    };
    tokio::join!(run.end_all(), restarting);
    trial.check(&format!("{restarts} restarts of the database"), (1, 1));
    drop(trial);
}

async fn a_paused_node_accepts_nothing_that_ended_meanwhile_s135(backend: Backend) {
    const PAUSED: usize = 1;
    let trial = Trial::start(backend).await;
    let run = &trial.run;
    let pauses = 1 + run.size() / 2_000;
    let pausing = async {
        let parts = 2 * pauses + 1;
        for pause in 0..pauses {
            run.allow((2 * pause + 1, parts));
            run.at_rest().await;
            pause_while_credentials_end(run, PAUSED, (2 * pause + 2, parts)).await;
        }
        run.allow((1, 1));
    };
    tokio::join!(run.end_all(), pausing);
    trial.check(&format!("{pauses} pauses of a node"), (2, 3));
}

/// Pauses a node for 5 seconds, in which credentials end that it has cached. Uses them at the paused node after the bound.
async fn pause_while_credentials_end(run: &Arc<Run>, node: usize, share: (usize, usize)) {
    /// The time from the pause to the requests that wait for the node to continue, and to its end.
    const WAITING: Duration = Duration::from_millis(4_500);
    const PAUSE: Duration = Duration::from_secs(5);
    let cached = run.next(200);
    for _ in 0..5 {
        let has_ended = |credential: &usize| run.history.end_of(*credential).is_some();
        for credential in cached.clone().filter(|credential| !has_ended(credential)) {
            run.attempt_until(credential, node, Outcome::Accepted).await;
        }
        run.pause(node).await;
        let paused = tokio::time::Instant::now();
        run.allow(share);
        sleep_until(paused + WAITING - 2 * REVOCATION_BOUND).await;
        let ended: Vec<usize> = cached.clone().filter(has_ended).collect();
        sleep_until(paused + WAITING).await;
        let late: JoinSet<Outcome> = ended
            .into_iter()
            .map(|credential| {
                let run = Arc::clone(run);
                async move { run.attempt(credential, node).await }
            })
            .collect();
        sleep_until(paused + PAUSE).await;
        run.resume(node);
        let outcomes = late.join_all().await;
        assert!(!outcomes.contains(&Outcome::Accepted), "a node accepts what has ended while it was paused");
        // The pause may catch the node while it holds a lock of the database, so that no credential can end.
        if outcomes.contains(&Outcome::Rejected) {
            return;
        }
    }
    panic!("every pause caught a lock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_node_accepts_what_has_ended_while_the_feed_is_interrupted_s135() {
    let trial = Trial::start(Backend::Postgres).await;
    let run = &trial.run;
    run.allow((1, 1));
    let (client, connection) =
        ok(tokio_postgres::connect(trial.installation.database().url(), tokio_postgres::NoTls).await);
    let connection = tokio::spawn(connection);
    let interrupting = async {
        // A connection that was used since it was opened. Otherwise a slow machine would never finish a poll.
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'tessera credentials'
            AND state = 'idle' AND query ~ 'credential_epoch|LISTEN'";
        let (mut killed, started) = (0, Instant::now());
        while !run.is_over() && started.elapsed() < Duration::from_hours(3) {
            killed += ok(client.query(kill, &[]).await).len();
            sleep(Duration::from_millis(100)).await;
        }
        killed
    };
    let ((), killed) = tokio::join!(run.end_all(), interrupting);
    drop(client);
    ok(ok(timeout(Duration::from_secs(20), connection).await)).unwrap_or_else(|error| panic!("{error}"));
    assert!(killed >= 2 * crate::NODES, "only {killed} connections were ended");
    trial.check(&format!("{killed} ended connections of the feed"), (1, 1));
}

/// The database has no notifications, advisory locks or locks of tables for the nodes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_node_with_a_limited_role_accepts_what_has_ended_s135() {
    let installation = Installation::new(Backend::Postgres).await;
    let url = installation.database().as_limited_role().await;
    let trial = Trial::on(Backend::Postgres, installation.set("TESSERA_DATABASE_URL", &url)).await;
    trial.run.allow((1, 1));
    trial.run.end_all().await;
    trial.check("limited role", (1, 1));
}
