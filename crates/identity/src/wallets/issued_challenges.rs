//! Limits on the open challenges of one node.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use tessera_kernel::Network;

use crate::model::ChallengeLimits;

/// The latest challenges that this node has issued, answered or not, by their keys. Ceremonies of passkeys are bounded in
/// the same way.
///
/// They are in memory and not counted in storage: a count in storage would cost every challenge a lock and a scan.
pub(crate) struct IssuedChallenges<K> {
    limits: ChallengeLimits,
    issued: Mutex<Issued<K>>,
}

struct Issued<K> {
    next: u64,
    by_number: BTreeMap<u64, (K, Option<Network>)>,
    /// The numbers of the challenges of each network, oldest first.
    by_network: HashMap<Network, VecDeque<u64>>,
}

impl<K: Clone> IssuedChallenges<K> {
    pub(crate) fn new(limits: ChallengeLimits) -> Self {
        let issued = Issued { next: 0, by_number: BTreeMap::new(), by_network: HashMap::new() };
        Self { limits, issued: Mutex::new(issued) }
    }

    /// Adds a stored challenge. If a limit is exceeded now, returns the key of the oldest challenge of the network or
    /// of the node. The caller then deletes that challenge.
    pub(crate) fn add(&self, key: &K, network: Option<Network>) -> Option<K> {
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let number = issued.next;
        issued.next += 1;
        issued.by_number.insert(number, (key.clone(), network));
        let of_network = network.map(|network| issued.by_network.entry(network).or_default());
        let oldest_of_network = of_network.and_then(|numbers| {
            numbers.push_back(number);
            (numbers.len() > self.limits.per_network).then(|| numbers[0])
        });
        let full = issued.by_number.len() > self.limits.per_node;
        let oldest = issued.by_number.keys().next().copied().filter(|_| full);
        oldest_of_network.or(oldest).and_then(|number| issued.remove_oldest(number))
    }
}

impl<K> Issued<K> {
    /// Removes a challenge that is the oldest one of its network.
    fn remove_oldest(&mut self, number: u64) -> Option<K> {
        let (key, network) = self.by_number.remove(&number)?;
        if let Some(network) = network
            && let Some(numbers) = self.by_network.get_mut(&network)
        {
            numbers.pop_front();
            if numbers.is_empty() {
                self.by_network.remove(&network);
            }
        }
        Some(key)
    }
}
