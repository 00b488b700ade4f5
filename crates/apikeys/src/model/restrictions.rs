//! What restricts the use of a key beside its permissions.

use std::{net::IpAddr, ops::Deref};

use tessera_kernel::Cidr;
use time::OffsetDateTime;

use super::limits::{KeyLimits, Refill, UseCount, UseLimit};

/// What restricts the use of a key. By default, nothing does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRestrictions {
    /// The addresses from which the key can be used.
    pub allowed_addresses: AllowedAddresses,
    /// How often the key can be used in windows of time.
    pub limits: KeyLimits,
    /// How often the key can still be used. `None` stands for no limit.
    pub uses: Option<UseLimit>,
}

/// The restrictions of a new key. By default, nothing restricts its use.
#[derive(Debug, Clone, Default)]
pub struct NewRestrictions {
    /// The addresses from which the key can be used.
    pub allowed_addresses: AllowedAddresses,
    /// How often the key can be used in windows of time.
    pub limits: KeyLimits,
    /// How often the key can be used. `None` stands for no limit.
    pub remaining_uses: Option<UseCount>,
    /// The refill of the remaining uses.
    pub refill: Option<Refill>,
}

/// A refill was requested for a key without a number of remaining uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a refill needs a number of remaining uses")]
pub struct RefillWithoutUses;

impl NewRestrictions {
    /// Returns the restrictions of a key that is created at a time.
    ///
    /// # Errors
    /// There is a refill, but no number of uses.
    pub fn at(self, now: OffsetDateTime) -> Result<KeyRestrictions, RefillWithoutUses> {
        let Self { allowed_addresses, limits, remaining_uses, refill } = self;
        if refill.is_some() && remaining_uses.is_none() {
            return Err(RefillWithoutUses);
        }
        let uses = remaining_uses.map(|remaining| UseLimit { remaining, since: now, refill });
        Ok(KeyRestrictions { allowed_addresses, limits, uses })
    }
}

/// The addresses from which a key can be used: at most [`Self::MAX`] addresses and networks. If there are none, the key can
/// be used from everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedAddresses(Vec<Cidr>);

/// There are too many addresses and networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have at most {} entries", AllowedAddresses::MAX)]
pub struct TooManyAddresses;

impl AllowedAddresses {
    /// The highest number of addresses and networks.
    pub const MAX: usize = 50;

    /// Returns whether a client with that address may use the key. `None` stands for an unknown address, which only a key
    /// without a list accepts.
    #[must_use]
    pub fn admit(&self, address: Option<IpAddr>) -> bool {
        self.0.is_empty() || address.is_some_and(|address| self.0.iter().any(|network| network.contains(address)))
    }
}

impl Deref for AllowedAddresses {
    type Target = [Cidr];

    fn deref(&self) -> &[Cidr] {
        &self.0
    }
}

impl TryFrom<Vec<Cidr>> for AllowedAddresses {
    type Error = TooManyAddresses;

    fn try_from(networks: Vec<Cidr>) -> Result<Self, TooManyAddresses> {
        if networks.len() > Self::MAX { Err(TooManyAddresses) } else { Ok(Self(networks)) }
    }
}
