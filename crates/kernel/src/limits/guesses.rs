//! Limits of guesses of a password.

use std::sync::Arc;

use data_encoding::HEXLOWER;

use super::{Counted, Network, RateLimit, RateLimitError, RateLimits, table};
use crate::{SecretHash, StoreError};

/// Counts guesses of passwords. A correct one is taken back, so that only wrong ones count.
#[derive(Clone)]
pub struct GuessLimits(Arc<dyn RateLimits>);

/// Counts guesses from known networks. It is no limit, and its quota is never reached.
const KNOWN: RateLimit = RateLimit::new("sign-in-known", u32::MAX, 900);

/// A guess that is not decided yet.
#[derive(Debug, Clone, Copy)]
pub struct Guess<'a> {
    /// The address that is signed in to, whether it has an account or not. For an account without one, its id.
    pub address: &'a str,
    /// The network of the request, if the transport knows it.
    pub network: Option<Network>,
    /// Whether the account knows the network. Such a guess does not count in the limit of the account, so that its
    /// user cannot be locked out from elsewhere.
    pub known: bool,
    /// The hash of the device token of the request, if the account knows it. Such a guess counts only in the limit of the
    /// device: no one else can use it up, and it does not help to guess from many networks.
    pub device: Option<SecretHash>,
}

/// A guess that was counted, and its counters.
#[derive(Debug, Default)]
#[must_use = "a correct guess has to be taken back"]
pub struct CountedGuess(Vec<(Counted, String)>);

impl GuessLimits {
    /// Creates limits with these counters.
    #[must_use]
    pub fn new(limits: Arc<dyn RateLimits>) -> Self {
        Self(limits)
    }

    /// Counts a guess before the password is checked, in all limits or in none. So of any number of concurrent guesses, no
    /// more than the quota are checked.
    ///
    /// # Errors
    /// A limit rejects the guess, or storage failed.
    pub async fn count(&self, guess: Guess<'_>) -> Result<CountedGuess, RateLimitError> {
        let events = events_of(guess);
        let counted = self.0.count_all(&events).await?;
        Ok(CountedGuess(counted.into_iter().zip(events).map(|(counted, (_, subject))| (counted, subject)).collect()))
    }

    /// Takes back a guess that was correct, or whose password was not checked.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn take_back(&self, counted: CountedGuess) -> Result<(), StoreError> {
        self.0.give_back_all(&counted.0).await
    }
}

/// The limits in which a guess counts, with their subjects.
fn events_of(guess: Guess<'_>) -> Vec<(RateLimit, String)> {
    if let Some(device) = guess.device {
        return vec![(table::SIGN_IN_DEVICE, HEXLOWER.encode(device.as_bytes()))];
    }
    let network = guess.network.map(|network| network.to_string());
    let here = format!("{} {}", guess.address, network.as_deref().unwrap_or_default());
    // A known network counts too, but in a limit that admits everything: otherwise the time would show that the account
    // knows the network.
    let elsewhere =
        if guess.known { (KNOWN, here.clone()) } else { (table::SIGN_IN_ACCOUNT, guess.address.to_owned()) };
    let mut events = vec![(table::SIGN_IN, here), elsewhere];
    events.extend(network.map(|network| (table::SIGN_IN_NETWORK, network)));
    events
}
