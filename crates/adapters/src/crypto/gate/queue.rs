//! The waiting queue of the gate, shared fairly between networks.

use std::collections::{HashMap, VecDeque};

use tessera_identity::ports::Requester;
use tessera_kernel::Network;

/// Work for a thread of the gate. It returns the function that sends its result.
pub(super) type Job = Box<dyn FnOnce() -> Reply + Send>;

/// Sends the result to the requester.
pub(super) type Reply = Box<dyn FnOnce() + Send>;

/// Waiting jobs. Known and unknown requesters have separate lanes. The lanes take turns, and the networks within a lane
/// take turns. A network with many jobs therefore delays only its own jobs.
///
/// One network may use all places while they are free. In a full queue, a new job of a network with fewer jobs evicts
/// the newest job of the network with the most jobs.
#[derive(Default)]
pub(super) struct Queue {
    known: Lane,
    unknown: Lane,
    /// Whether the lane of known requesters is next.
    known_next: bool,
    last_ticket: u64,
}

#[derive(Default)]
struct Lane {
    networks: HashMap<Option<Network>, VecDeque<Waiting>>,
    /// Networks with waiting jobs, in scheduling order.
    turns: VecDeque<Option<Network>>,
    count: usize,
}

struct Waiting {
    ticket: u64,
    job: Job,
}

/// Identifies a waiting job for its removal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    number: u64,
    requester: Requester,
}

impl Queue {
    pub(super) fn count(&self) -> usize {
        self.known.count + self.unknown.count
    }

    /// Adds a job to a queue of at most `most` jobs. If the queue is full, another job is evicted and dropped, or the
    /// new job is rejected.
    pub(super) fn push(&mut self, requester: Requester, job: Job, most: usize) -> Option<Ticket> {
        if self.count() >= most && !self.make_room(requester, most) {
            return None;
        }
        self.last_ticket += 1;
        let number = self.last_ticket;
        self.lane(requester.known).push(requester.network, Waiting { ticket: number, job });
        Some(Ticket { number, requester })
    }

    /// Evicts one job if possible. Each lane is guaranteed half of the places.
    fn make_room(&mut self, requester: Requester, most: usize) -> bool {
        let (own, share) = (self.lane(requester.known).count, most / 2);
        if own < share {
            return self.lane(!requester.known).drop_of_longest(0);
        }
        let lane = self.lane(requester.known);
        let held = lane.networks.get(&requester.network).map_or(0, VecDeque::len);
        // An eviction must not leave this network with more jobs than the other network. Otherwise, networks with equal
        // shares would evict each other in turn.
        lane.drop_of_longest(held + 1)
    }

    /// Removes and returns the next job.
    pub(super) fn pop(&mut self) -> Option<Job> {
        let known = if self.known_next { self.known.count > 0 } else { self.unknown.count == 0 };
        self.known_next = !known;
        self.lane(known).pop()
    }

    /// Removes a job whose requester no longer waits.
    pub(super) fn remove(&mut self, ticket: Ticket) {
        self.lane(ticket.requester.known).remove(ticket.requester.network, ticket.number);
    }

    pub(super) fn clear(&mut self) {
        (self.known, self.unknown) = (Lane::default(), Lane::default());
    }

    const fn lane(&mut self, known: bool) -> &mut Lane {
        if known { &mut self.known } else { &mut self.unknown }
    }
}

impl Lane {
    fn push(&mut self, network: Option<Network>, waiting: Waiting) {
        let jobs = self.networks.entry(network).or_default();
        if jobs.is_empty() {
            self.turns.push_back(network);
        }
        jobs.push_back(waiting);
        self.count += 1;
    }

    fn pop(&mut self) -> Option<Job> {
        let network = self.turns.pop_front()?;
        let jobs = self.networks.get_mut(&network)?;
        let waiting = jobs.pop_front()?;
        self.count -= 1;
        if jobs.is_empty() {
            self.networks.remove(&network);
        } else {
            self.turns.push_back(network);
        }
        Some(waiting.job)
    }

    fn remove(&mut self, network: Option<Network>, ticket: u64) {
        let Some(jobs) = self.networks.get_mut(&network) else { return };
        let Some(position) = jobs.iter().position(|waiting| waiting.ticket == ticket) else { return };
        jobs.remove(position);
        self.left(network);
    }

    /// Drops the newest job of the network with the most jobs, if that network has more than `than` jobs.
    fn drop_of_longest(&mut self, than: usize) -> bool {
        let longest = self.networks.iter().max_by_key(|(_, jobs)| jobs.len());
        let Some((network, jobs)) = longest.map(|(network, jobs)| (*network, jobs.len())) else { return false };
        if jobs <= than {
            return false;
        }
        self.networks.get_mut(&network).and_then(VecDeque::pop_back);
        self.left(network);
        true
    }

    /// Updates the counters after a job was removed without its turn.
    fn left(&mut self, network: Option<Network>) {
        self.count -= 1;
        if self.networks.get(&network).is_some_and(VecDeque::is_empty) {
            self.networks.remove(&network);
            self.turns.retain(|turn| *turn != network);
        }
    }
}
