//! Verification load on several nodes, and the end of credentials under it.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tessera_tests::{api::Api, eventually, process::Node};
use tokio::task::JoinSet;

use crate::{
    credentials::Credential,
    history::{Attempt, End, History, Outcome},
};

/// Time limit of a state that a fault delays.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Tasks that end credentials at the same time.
const ENDERS: usize = 4;

/// Tasks that use credentials at each node.
const USERS: usize = 3;

/// The load uses the credentials that have ended most recently as often as those that have not.
const RECENT: usize = 64;

/// Several nodes, and credentials that end one after the other.
pub(crate) struct Run {
    pub(crate) nodes: Vec<Node>,
    apis: Vec<Api>,
    /// In the order of their end.
    credentials: Vec<Credential>,
    pub(crate) history: History,
    /// The number of credentials that are ending or have ended.
    begun: AtomicUsize,
    /// The number of credentials that may end.
    allowed: AtomicUsize,
    /// The attempts at each node for which an ender waits.
    awaited: Vec<AtomicUsize>,
    /// Whether each node is paused, or will be soon.
    paused: Vec<AtomicBool>,
    /// The attempts of the load at each node.
    pub(crate) uses: Vec<AtomicUsize>,
    is_over: AtomicBool,
}

impl Run {
    pub(crate) fn new(nodes: Vec<Node>, mut credentials: Vec<Credential>, seed: u64) -> Arc<Self> {
        let mut random = Random(seed);
        for last in (1..credentials.len()).rev() {
            credentials.swap(last, random.below(last + 1));
        }
        Arc::new(Self {
            apis: nodes.iter().map(Node::api).collect(),
            history: History::of(credentials.len()),
            begun: AtomicUsize::new(0),
            allowed: AtomicUsize::new(0),
            awaited: nodes.iter().map(|_| AtomicUsize::new(0)).collect(),
            paused: nodes.iter().map(|_| AtomicBool::new(false)).collect(),
            uses: nodes.iter().map(|_| AtomicUsize::new(0)).collect(),
            is_over: AtomicBool::new(false),
            nodes,
            credentials,
        })
    }

    pub(crate) fn size(&self) -> usize {
        self.credentials.len()
    }

    /// Lets this share of the credentials end.
    pub(crate) fn allow(&self, (part, of): (usize, usize)) {
        self.allowed.store(self.size() * part / of, Ordering::SeqCst);
    }

    /// The credentials that may not end yet, at most so many.
    pub(crate) fn next(&self, most: usize) -> Range<usize> {
        let allowed = self.allowed.load(Ordering::SeqCst);
        allowed..self.size().min(allowed + most)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Waits until all credentials have ended that may.
    pub(crate) async fn at_rest(&self) {
        /// Longer than any run takes.
        const FOREVER: Duration = Duration::from_hours(3);
        let have_ended = || self.history.ended() >= self.allowed.load(Ordering::SeqCst);
        eventually("all have ended that may", FOREVER, || std::future::ready(have_ended().then_some(()))).await;
    }

    /// Uses a credential at a node.
    pub(crate) async fn attempt(&self, credential: usize, node: usize) -> Outcome {
        let started = Instant::now();
        let outcome = self.credentials[credential].attempt(&self.apis[node]).await;
        let finished = Instant::now();
        self.history.add(Attempt { credential, node, times: (started, finished), outcome });
        outcome
    }

    /// Uses a credential at a node until the result is the expected one, unless the node is paused.
    pub(crate) async fn attempt_until(&self, credential: usize, node: usize, expected: Outcome) {
        let until = Instant::now() + PATIENCE;
        loop {
            self.awaited[node].fetch_add(1, Ordering::SeqCst);
            let is_paused = self.paused[node].load(Ordering::SeqCst);
            let is_done = is_paused || self.attempt(credential, node).await == expected;
            self.awaited[node].fetch_sub(1, Ordering::SeqCst);
            if is_done {
                return;
            }
            assert!(Instant::now() < until, "{credential} is not {expected:?} at node {node}");
            tokio::task::yield_now().await;
        }
    }

    /// Ends all credentials under load, and waits until every node rejects each of them.
    pub(crate) async fn end_all(self: &Arc<Self>) {
        let loading: JoinSet<()> = (0..self.nodes.len() * USERS)
            .map(|user| Arc::clone(self).use_credentials(user % self.nodes.len(), user as u64))
            .collect();
        let ending: JoinSet<()> = (0..ENDERS).map(|ender| Arc::clone(self).end_credentials(ender)).collect();
        ending.join_all().await;
        self.is_over.store(true, Ordering::SeqCst);
        loading.join_all().await;
        let sweeping: JoinSet<()> = (0..self.nodes.len()).map(|node| Arc::clone(self).sweep(node)).collect();
        sweeping.join_all().await;
    }

    async fn sweep(self: Arc<Self>, node: usize) {
        for credential in 0..self.size() {
            self.attempt_until(credential, node, Outcome::Rejected).await;
        }
    }

    /// Uses random credentials at a node until all have ended.
    async fn use_credentials(self: Arc<Self>, node: usize, seed: u64) {
        let mut random = Random(seed + 1);
        while !self.is_over() {
            let begun = self.begun.load(Ordering::SeqCst).min(self.size());
            let is_recent = begun == self.size() || (begun > 0 && random.below(2) == 0);
            let credential = if is_recent {
                begun - 1 - random.below(begun.min(RECENT))
            } else {
                begun + random.below(self.size() - begun)
            };
            self.attempt(credential, node).await;
            self.uses[node].fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn end_credentials(self: Arc<Self>, mut turn: usize) {
        loop {
            let credential = self.begun.fetch_add(1, Ordering::SeqCst);
            if credential >= self.size() {
                return;
            }
            let allowed = || std::future::ready((credential < self.allowed.load(Ordering::SeqCst)).then_some(()));
            eventually("the end is allowed", PATIENCE, allowed).await;
            // The first use fills the cache of the node, and the second one reads it.
            for _ in 0..2 {
                self.attempt_everywhere(credential, Outcome::Accepted).await;
            }
            turn += 1;
            self.end(credential, turn).await;
            self.attempt_everywhere(credential, Outcome::Rejected).await;
        }
    }

    async fn attempt_everywhere(self: &Arc<Self>, credential: usize, expected: Outcome) {
        let attempts: JoinSet<()> = (0..self.nodes.len())
            .map(|node| {
                let run = Arc::clone(self);
                async move { run.attempt_until(credential, node, expected).await }
            })
            .collect();
        attempts.join_all().await;
    }

    /// Ends a credential at a node that is not paused. A request without a result is repeated at the same node.
    async fn end(&self, credential: usize, turn: usize) {
        let running = |node: &usize| !self.paused[*node].load(Ordering::SeqCst);
        let node = (turn..turn + self.nodes.len()).map(|node| node % self.nodes.len()).find(running).unwrap_or(0);
        let (requested, mut requests) = (Instant::now(), 0);
        while !self.credentials[credential].end(&self.apis[node], requests > 0).await {
            requests += 1;
            assert!(requested.elapsed() < PATIENCE, "{credential} does not end at node {node}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let acknowledged = Instant::now();
        self.history.end(credential, End { node, times: (requested, acknowledged), requests: requests + 1 });
    }

    /// Pauses a node. No ender waits for it then, but the load does.
    pub(crate) async fn pause(&self, node: usize) {
        self.paused[node].store(true, Ordering::SeqCst);
        let awaited = || std::future::ready((self.awaited[node].load(Ordering::SeqCst) == 0).then_some(()));
        eventually("the enders do not wait for the node", PATIENCE, awaited).await;
        self.nodes[node].pause();
    }

    pub(crate) fn resume(&self, node: usize) {
        self.nodes[node].resume();
        self.paused[node].store(false, Ordering::SeqCst);
    }
}

/// Random numbers that are the same in each run (`SplitMix64`).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % (limit as u64)).unwrap_or_default()
    }
}
