//! Limit on the open challenges of one node.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use crate::model::Nonce;

/// The nonces of the latest challenges that this node has issued, answered or not, oldest first.
///
/// They are in memory and not counted in storage: counting all open challenges would cost every request a scan of them.
pub(crate) struct IssuedChallenges {
    most: usize,
    nonces: Mutex<VecDeque<Nonce>>,
}

impl IssuedChallenges {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, nonces: Mutex::default() }
    }

    /// Adds the nonce of a stored challenge. If there are now more nonces than the limit, returns the oldest one. The
    /// caller then deletes its challenge.
    pub(crate) fn add(&self, nonce: &Nonce) -> Option<Nonce> {
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.push_back(nonce.clone());
        if nonces.len() > self.most { nonces.pop_front() } else { None }
    }
}
