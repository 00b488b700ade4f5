//! How many connections there may be, in total and for each peer.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
};

/// A seat of a connection that has a request in progress.
const BUSY: u64 = 0;
/// A seat that was given to another connection.
const EVICTED: u64 = u64::MAX;

/// All open connections of a server. Clones share them.
#[derive(Clone)]
pub struct Connections(Arc<Shared>);

struct Shared {
    total: usize,
    per_address: usize,
    /// Orders the moments at which connections became idle. Also the source of the ids of seats.
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
    /// `BUSY`, `EVICTED`, or since when in the sequence the connection is idle.
    idle_since: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

/// The place of one connection. It is free again when this is dropped.
pub struct Slot {
    shared: Arc<Shared>,
    peer: IpAddr,
    seat: Arc<Seat>,
    idle_since: u64,
}

impl Connections {
    /// At most `total` connections, and at most `per_address` from one IPv4 address or one IPv6 network of 64 bits.
    #[must_use]
    pub fn new(total: usize, per_address: usize) -> Self {
        let (sequence, seated) = (AtomicU64::new(BUSY + 1), Mutex::default());
        Self(Arc::new(Shared { total, per_address, sequence, seated }))
    }

    /// How many connections are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.lock().count
    }

    /// Whether no connection is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Admits a connection. If a bound is reached, the connections that have been idle longest are closed for it. Returns
    /// `None` if there are none.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> Option<Slot> {
        let peer = peer_of(address);
        let id = self.0.next();
        // Until its first byte, it is idle. Without a waker it is closed when it is first polled.
        let seat = Arc::new(Seat { id, idle_since: AtomicU64::new(id), waker: Mutex::default() });
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
        Some(Slot { shared: Arc::clone(&self.0), peer, seat, idle_since: id })
    }
}

impl Shared {
    fn next(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Seated> {
        // No change to it can panic half-way.
        self.seated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seated {
    /// Closes the oldest idle connections, of one peer or of all, and frees their places. Returns whether there were any.
    fn evict(&mut self, bound: usize, peer: Option<IpAddr>) -> bool {
        let peers = self.peers.iter().filter(|(of, _)| peer.is_none_or(|peer| peer == **of));
        let seats = peers.flat_map(|(of, seats)| seats.values().map(|seat| (*of, Arc::clone(seat))));
        let mut idle: Vec<_> = seats
            .map(|(of, seat)| (seat.idle_since.load(Ordering::Acquire), of, seat))
            .filter(|(since, ..)| *since != BUSY && *since != EVICTED)
            .collect();
        // To find them takes a look at each connection, so a hundredth of the bound goes at once.
        let most = bound.div_ceil(100);
        if idle.len() > most {
            idle.select_nth_unstable_by_key(most - 1, |(since, ..)| *since);
            idle.truncate(most);
        }
        let mut evicted = false;
        for (since, of, seat) in idle {
            // It may have received a request in this moment.
            if seat.idle_since.compare_exchange(since, EVICTED, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
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
    /// Notes that the connection waits for a request. If its place is given away meanwhile, the waker is woken.
    pub(crate) fn set_idle(&mut self, waker: &Waker) {
        {
            let mut known = self.seat.waker();
            if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
                *known = Some(waker.clone());
            }
        }
        if self.idle_since == BUSY {
            self.idle_since = self.shared.next();
            self.seat.idle_since.store(self.idle_since, Ordering::Release);
        } else if self.is_evicted() {
            // That may have happened before there was a waker.
            waker.wake_by_ref();
        }
    }

    /// Notes that a request arrives. Returns `false` if the place was given away before.
    pub(crate) fn set_busy(&mut self) -> bool {
        let since = std::mem::replace(&mut self.idle_since, BUSY);
        self.seat.idle_since.compare_exchange(since, BUSY, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    pub(crate) fn is_evicted(&self) -> bool {
        self.seat.idle_since.load(Ordering::Acquire) == EVICTED
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.lock().remove(self.peer, self.seat.id);
    }
}

/// Who counts as one peer. Whoever has one IPv6 address has the other addresses of its network of 64 bits, too.
fn peer_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}
