//! Tests of the gate: its limits and its scheduling order.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tessera_adapters::Gate;
use tessera_identity::ports::{HashError, Requester};
use tessera_kernel::Network;
use tessera_testkit::builders::requester;
use tokio::task::JoinHandle;

use super::{gate, ok};

/// Starts a job that occupies a place of the gate until it is released.
async fn occupy(gate: &Gate) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), HashError>>) {
    let (started, running) = tokio::sync::oneshot::channel();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let gate = gate.clone();
    let job = move || {
        let _told = started.send(());
        let _released = held.recv();
    };
    let busy = tokio::spawn(async move { gate.run(requester(), job).await });
    ok(running.await);
    (release, busy)
}

#[tokio::test]
async fn a_full_gate_returns_busy_and_accepts_jobs_again_later_s210() {
    let gate = gate(1, 0, Duration::from_secs(30));
    let (release, busy) = occupy(&gate).await;
    let refused = gate.run(requester(), || ()).await;
    assert!(matches!(refused, Err(HashError::Busy { retry_after }) if retry_after >= Duration::from_secs(1)));
    ok(release.send(()));
    ok(ok(busy.await));
    ok(gate.run(requester(), || ()).await);
}

#[tokio::test]
async fn a_queue_has_a_deadline() {
    // The deadline is long enough for the first job to start on a busy machine.
    let gate = gate(1, 1, Duration::from_secs(1));
    let (release, busy) = occupy(&gate).await;
    assert!(matches!(gate.run(requester(), || ()).await, Err(HashError::Busy { .. })));
    ok(release.send(()));
    ok(ok(busy.await));
}

/// Returns a requester from that network.
fn from(network: u8, known: bool) -> Requester {
    Requester { network: Some(Network::of([203, 0, 113, network].into())), known }
}

/// Jobs that wait while the gate is occupied. Each records its name when it runs.
struct Waiting {
    gate: Gate,
    order: Arc<Mutex<Vec<&'static str>>>,
    jobs: Vec<(&'static str, JoinHandle<Result<(), HashError>>)>,
}

impl Waiting {
    fn at(gate: &Gate) -> Self {
        Self { gate: gate.clone(), order: Arc::default(), jobs: Vec::new() }
    }

    /// Tests run on one thread, so a task that has been polled is either in the queue or rejected.
    async fn add(&mut self, requester: Requester, name: &'static str) {
        let (gate, order) = (self.gate.clone(), Arc::clone(&self.order));
        let job = move || order.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        self.jobs.push((name, tokio::spawn(async move { gate.run(requester, job).await })));
        tokio::task::yield_now().await;
    }

    /// Runs all jobs. Returns the names in the order of execution, and the names of the rejected jobs.
    async fn release(self, release: std::sync::mpsc::Sender<()>) -> (Vec<&'static str>, Vec<&'static str>) {
        ok(release.send(()));
        let mut refused = Vec::new();
        for (name, job) in self.jobs {
            match ok(job.await) {
                Err(HashError::Busy { .. }) => refused.push(name),
                other => ok(other),
            }
        }
        (std::mem::take(&mut self.order.lock().unwrap_or_else(PoisonError::into_inner)), refused)
    }
}

#[tokio::test]
async fn networks_take_turns_in_the_queue_s216() {
    let gate = gate(1, 9, Duration::from_secs(30));
    let (release, busy) = occupy(&gate).await;
    let mut waiting = Waiting::at(&gate);
    for (network, name) in [(1, "a1"), (1, "a2"), (1, "a3"), (1, "a4"), (2, "b1"), (3, "c1"), (2, "b2")] {
        waiting.add(from(network, false), name).await;
    }
    let (order, refused) = waiting.release(release).await;
    assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
    assert!(refused.is_empty());
    ok(ok(busy.await));
}

#[tokio::test]
async fn known_requesters_do_not_wait_for_unknown_ones_s216() {
    let gate = gate(1, 9, Duration::from_secs(30));
    let (release, busy) = occupy(&gate).await;
    let mut waiting = Waiting::at(&gate);
    for (network, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
        waiting.add(from(network, false), name).await;
    }
    // This requester shares the network of one of the jobs.
    waiting.add(from(1, true), "known1").await;
    waiting.add(from(9, true), "known2").await;
    let (order, refused) = waiting.release(release).await;
    assert!(refused.is_empty());
    let position = |name| order.iter().position(|known| *known == name);
    assert!(position("known1") <= Some(1) && position("known2") <= Some(3), "{order:?}");
    ok(ok(busy.await));
}

#[tokio::test]
async fn a_network_fills_the_queue_until_others_need_places_s216() {
    let gate = gate(1, 4, Duration::from_secs(30));
    let (release, busy) = occupy(&gate).await;
    let mut waiting = Waiting::at(&gate);
    // While no other network waits, one network may use all four places, but no fifth.
    for name in ["a1", "a2", "a3", "a4", "a5"] {
        waiting.add(from(1, false), name).await;
    }
    // Other networks evict its newest jobs, as long as it has more jobs than they have.
    for name in ["b1", "b2", "b3"] {
        waiting.add(from(2, false), name).await;
    }
    // Half of the places are reserved for known requesters from any network.
    for (network, name) in [(1, "known1"), (3, "known2"), (3, "known3")] {
        waiting.add(from(network, true), name).await;
    }
    // The other half is reserved for unknown requesters.
    waiting.add(from(4, false), "d1").await;
    let (order, mut refused) = waiting.release(release).await;
    assert_eq!(order.len(), 4, "{order:?}");
    assert_eq!(order.iter().filter(|name| name.starts_with("known")).count(), 2, "{order:?}");
    assert!(order.contains(&"known1") && order.contains(&"known2"), "{order:?}");
    refused.sort_unstable();
    assert!(["a3", "a4", "a5", "b3", "d1", "known3"].iter().all(|name| refused.contains(name)), "{refused:?}");
    ok(ok(busy.await));
}

#[tokio::test]
async fn a_cancelled_request_frees_its_place_and_a_panicking_job_its_thread() {
    let gate = gate(1, 1, Duration::from_secs(30));
    let (release, busy) = occupy(&gate).await;
    let mut waiting = Waiting::at(&gate);
    waiting.add(from(1, false), "a1").await;
    if let Some((_, gone)) = waiting.jobs.pop() {
        gone.abort();
        assert!(gone.await.is_err_and(|error| error.is_cancelled()));
    }
    waiting.add(from(1, false), "a2").await;
    assert_eq!(waiting.release(release).await, (vec!["a2"], vec![]));
    ok(ok(busy.await));
    let panicked = gate.run(requester(), || ok("as a job may".parse::<u8>())).await;
    assert!(matches!(panicked, Err(HashError::Failed(_))), "{panicked:?}");
    ok(gate.run(requester(), || ()).await);
}
