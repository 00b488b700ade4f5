//! Bounds on connections, in total and per peer.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
};

/// The value of a seat whose connection does not wait for its client.
const BUSY: u64 = 0;
/// The value of a seat that another connection has taken.
const EVICTED: u64 = u64::MAX;

/// All open connections of a server. Clones share them.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    total: usize,
    per_address: usize,
    /// Orders the times at which connections began to wait for their clients. It also assigns the ids of seats.
    sequence: AtomicU64,
    seated: Mutex<Seated>,
}

#[derive(Default)]
struct Seated {
    count: usize,
    peers: HashMap<IpAddr, HashMap<u64, Arc<Seat>>>,
}

struct Seat {
    id: u64,
    /// `BUSY`, `EVICTED`, or the sequence number at which the connection began to wait for its client.
    waiting_since: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

/// The place of one connection. Dropping it frees the place.
pub struct Slot {
    shared: Arc<Shared>,
    peer: IpAddr,
    seat: Arc<Seat>,
    waiting_since: u64,
}

impl Connections {
    /// Creates a set of at most `total` connections, and at most `per_address` from one IPv4 address or one IPv6 /64.
    #[must_use]
    pub fn new(total: usize, per_address: usize) -> Self {
        let (sequence, seated) = (AtomicU64::new(BUSY + 1), Mutex::default());
        Self(Arc::new(Shared { total, per_address, sequence, seated }))
    }

    /// Returns the number of open connections.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().count
    }

    /// Returns whether no connection is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Admits a connection. If a bound is reached, the connections that have waited longest for their clients are closed
    /// to make room. Returns `None` if none waits.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> Option<Slot> {
        let peer = peer_of(address);
        let id = self.0.next();
        // A connection waits until its first byte. If it is evicted before it has a waker, it is closed at its first
        // poll.
        let seat = Arc::new(Seat { id, waiting_since: AtomicU64::new(id), waker: Mutex::default() });
        let mut seated = self.0.lock();
        let of_peer = seated.peers.get(&peer).map_or(0, HashMap::len);
        if of_peer >= self.0.per_address && !seated.evict(self.0.per_address, Some(peer)) {
            return None;
        }
        if seated.count >= self.0.total && !seated.evict(self.0.total, None) {
            return None;
        }
        seated.peers.entry(peer).or_default().insert(id, Arc::clone(&seat));
        seated.count += 1;
        Some(Slot { shared: Arc::clone(&self.0), peer, seat, waiting_since: id })
    }
}

impl Shared {
    fn next(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Seated> {
        // A poisoned lock is safe to use, because no change of the data can panic halfway.
        self.seated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seated {
    /// Closes the connections of one peer, or of all, that have waited longest for their clients, and frees their places.
    /// Returns whether any was closed.
    fn evict(&mut self, bound: usize, peer: Option<IpAddr>) -> bool {
        let peers = self.peers.iter().filter(|(of, _)| peer.is_none_or(|peer| peer == **of));
        let seats = peers.flat_map(|(of, seats)| seats.values().map(|seat| (*of, Arc::clone(seat))));
        let mut waiting: Vec<_> = seats
            .map(|(of, seat)| (seat.waiting_since.load(Ordering::Acquire), of, seat))
            .filter(|(since, ..)| *since != BUSY && *since != EVICTED)
            .collect();
        // The search visits each connection. To keep it rare, one hundredth of the bound is closed at once.
        let most = bound.div_ceil(100);
        if waiting.len() > most {
            waiting.select_nth_unstable_by_key(most - 1, |(since, ..)| *since);
            waiting.truncate(most);
        }
        let mut evicted = false;
        for (since, of, seat) in waiting {
            // The client may have continued since the search.
            if seat.waiting_since.compare_exchange(since, EVICTED, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                self.remove(of, seat.id);
                seat.wake();
                evicted = true;
            }
        }
        evicted
    }

    fn remove(&mut self, peer: IpAddr, id: u64) {
        let Some(seats) = self.peers.get_mut(&peer) else { return };
        if seats.remove(&id).is_some() {
            self.count -= 1;
        }
        if seats.is_empty() {
            self.peers.remove(&peer);
        }
    }
}

impl Seat {
    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        if let Some(waker) = self.waker().take() {
            waker.wake();
        }
    }
}

impl Slot {
    /// Records that the connection waits for its client: for bytes of a request, or until the client reads. The waker is
    /// woken if the connection is evicted.
    pub(crate) fn set_waiting(&mut self, waker: &Waker) {
        {
            let mut known = self.seat.waker();
            if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
                *known = Some(waker.clone());
            }
        }
        if self.waiting_since == BUSY {
            self.waiting_since = self.shared.next();
            self.seat.waiting_since.store(self.waiting_since, Ordering::Release);
        } else if self.is_evicted() {
            // The eviction may have happened before a waker was set.
            waker.wake_by_ref();
        }
    }

    /// Records that the client continued. Returns `false` if the connection was evicted before.
    pub(crate) fn set_busy(&mut self) -> bool {
        let since = std::mem::replace(&mut self.waiting_since, BUSY);
        self.seat.waiting_since.compare_exchange(since, BUSY, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    pub(crate) fn is_evicted(&self) -> bool {
        self.seat.waiting_since.load(Ordering::Acquire) == EVICTED
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.lock().remove(self.peer, self.seat.id);
    }
}

/// Returns the peer of an address. A client that has one IPv6 address usually has its whole /64, so a /64 counts as one
/// peer.
fn peer_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}
