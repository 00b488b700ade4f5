//! The history of a run: when each credential was used, and when it ended.

use std::{
    fmt::Write as _,
    sync::{Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use tessera_tests::REVOCATION_BOUND;

/// The result of one use of a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted,
    Rejected,
    /// The response is 503, or there is none.
    Unavailable,
}

/// One use of a credential at a node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) credential: usize,
    pub(crate) node: usize,
    /// Before the request, and after its response.
    pub(crate) times: (Instant, Instant),
    pub(crate) outcome: Outcome,
}

/// The end of a credential.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    /// The node that acknowledged it.
    pub(crate) node: usize,
    /// Before the first request, and after the response that acknowledged it.
    pub(crate) times: (Instant, Instant),
    /// The requests that it took.
    pub(crate) requests: u32,
}

impl End {
    /// From when on a node must reject the credential.
    fn deadline(&self, node: usize) -> Instant {
        if node == self.node { self.times.1 } else { self.times.1 + REVOCATION_BOUND }
    }
}

/// All attempts and ends of a run.
pub(crate) struct History {
    attempts: Mutex<Vec<Attempt>>,
    ends: Vec<OnceLock<End>>,
}

impl History {
    pub(crate) fn of(credentials: usize) -> Self {
        Self { attempts: Mutex::default(), ends: (0..credentials).map(|_| OnceLock::new()).collect() }
    }

    pub(crate) fn add(&self, attempt: Attempt) {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).push(attempt);
    }

    pub(crate) fn end(&self, credential: usize, end: End) {
        assert!(self.ends[credential].set(end).is_ok(), "credential {credential} ends twice");
    }

    pub(crate) fn end_of(&self, credential: usize) -> Option<End> {
        self.ends[credential].get().copied()
    }

    /// The number of credentials whose end was acknowledged.
    pub(crate) fn ended(&self) -> usize {
        self.ends.iter().filter(|end| end.get().is_some()).count()
    }

    pub(crate) fn attempts(&self) -> Vec<Attempt> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Describes each attempt that contradicts the bound: an acceptance that started after it, and a rejection before the
    /// end was requested.
    pub(crate) fn violations(&self) -> Vec<String> {
        let wrong = |attempt: &Attempt| {
            let Some(end) = self.end_of(attempt.credential) else { return attempt.outcome == Outcome::Rejected };
            match attempt.outcome {
                Outcome::Accepted => attempt.times.0 > end.deadline(attempt.node),
                Outcome::Rejected => attempt.times.1 < end.times.0,
                Outcome::Unavailable => false,
            }
        };
        let describe = |attempt: Attempt| {
            let end = self.end_of(attempt.credential);
            let after = end.map(|end| attempt.times.0.saturating_duration_since(end.times.1));
            format!("{after:?} after the end: {attempt:?}, {end:?}")
        };
        self.attempts().into_iter().filter(wrong).map(describe).collect()
    }

    /// How long the nodes that did not acknowledge an end accepted the credential after it: one value for each credential
    /// and node, sorted.
    fn lags(&self, nodes: usize) -> Vec<Duration> {
        let mut lags = vec![None; self.ends.len() * nodes];
        for attempt in self.attempts() {
            let Some(end) = self.end_of(attempt.credential).filter(|end| end.node != attempt.node) else { continue };
            let lag = &mut lags[attempt.credential * nodes + attempt.node];
            let since = attempt.times.0.saturating_duration_since(end.times.1);
            *lag = (*lag).max((attempt.outcome == Outcome::Accepted).then_some(since));
        }
        let mut lags: Vec<Duration> = lags.into_iter().flatten().collect();
        lags.sort_unstable();
        lags
    }

    /// How long it took until the nodes that did not acknowledge an end rejected the credential, sorted. It is the time
    /// until the start of the first rejected attempt, so it depends on how often a node was asked.
    fn first_rejections(&self, nodes: usize) -> Vec<Duration> {
        let mut firsts = vec![None; self.ends.len() * nodes];
        for attempt in self.attempts().iter().filter(|attempt| attempt.outcome == Outcome::Rejected) {
            let Some(end) = self.end_of(attempt.credential).filter(|end| end.node != attempt.node) else { continue };
            let since = attempt.times.0.saturating_duration_since(end.times.1);
            let first: &mut Option<Duration> = &mut firsts[attempt.credential * nodes + attempt.node];
            *first = Some(first.map_or(since, |first| first.min(since)));
        }
        let mut firsts: Vec<Duration> = firsts.into_iter().flatten().collect();
        firsts.sort_unstable();
        firsts
    }

    /// For how many pairs of a credential and a node the node accepted the credential before its end was requested.
    pub(crate) fn accepted_before(&self, nodes: usize) -> usize {
        let mut accepted = vec![false; self.ends.len() * nodes];
        for attempt in self.attempts().iter().filter(|attempt| attempt.outcome == Outcome::Accepted) {
            if self.end_of(attempt.credential).is_some_and(|end| attempt.times.1 < end.times.0) {
                accepted[attempt.credential * nodes + attempt.node] = true;
            }
        }
        accepted.into_iter().filter(|accepted| *accepted).count()
    }

    /// The figures of the run in a few lines.
    pub(crate) fn figures(&self, nodes: usize) -> String {
        let attempts = self.attempts();
        let count = |outcome| attempts.iter().filter(|attempt| attempt.outcome == outcome).count();
        let repeated = self.ends.iter().filter_map(OnceLock::get).filter(|end| end.requests > 1).count();
        let first = attempts.iter().map(|attempt| attempt.times.0).min();
        let duration = first.map(|first| first.elapsed()).unwrap_or_default();
        let mut text = format!(
            "{} ends, {repeated} of them after several requests; {} attempts in {duration:.1?}: {} accepted, {} rejected, \
            {} unavailable",
            self.ended(),
            attempts.len(),
            count(Outcome::Accepted),
            count(Outcome::Rejected),
            count(Outcome::Unavailable)
        );
        for (name, sorted) in [("last acceptance", self.lags(nodes)), ("first rejection", self.first_rejections(nodes))]
        {
            let at = |hundredths: usize| sorted.get((sorted.len() * hundredths / 100).min(sorted.len().max(1) - 1));
            let (median, slow, longest) = (at(50), at(99), sorted.last());
            let _infallible = write!(
                text,
                "\n  {name} after the end: median {median:?}, 99th percentile {slow:?}, longest {longest:?}"
            );
        }
        text
    }
}

/// A history of one credential that node 0 has ended.
#[cfg(test)]
fn history_with(node: usize, after: Duration, outcome: Outcome) -> History {
    let (history, requested) = (History::of(1), Instant::now());
    let acknowledged = requested + Duration::from_millis(10);
    history.end(0, End { node: 0, times: (requested, acknowledged), requests: 1 });
    let started = acknowledged + after;
    history.add(Attempt { credential: 0, node, times: (started, started), outcome });
    history
}

#[test]
fn the_check_finds_an_acceptance_after_the_bound() {
    let (moment, bound) = (Duration::from_micros(1), REVOCATION_BOUND);
    for (node, after, faults) in
        [(0, Duration::ZERO, 0), (0, moment, 1), (1, moment, 0), (1, bound, 0), (1, bound + moment, 1)]
    {
        let history = history_with(node, after, Outcome::Accepted);
        assert_eq!(history.violations().len(), faults, "{node} {after:?}");
        assert_eq!(history_with(node, after, Outcome::Rejected).violations(), Vec::<String>::new());
        assert_eq!(history_with(node, after, Outcome::Unavailable).violations(), Vec::<String>::new());
    }
}

#[test]
fn the_check_finds_a_rejection_of_what_has_not_ended() {
    let (history, before) = (History::of(2), Instant::now());
    let reject = |credential| {
        history.add(Attempt { credential, node: 0, times: (before, before), outcome: Outcome::Rejected });
    };
    reject(0);
    reject(1);
    let requested = before + Duration::from_millis(1);
    history.end(0, End { node: 0, times: (requested, requested), requests: 1 });
    assert_eq!(history.violations().len(), 2);
}
