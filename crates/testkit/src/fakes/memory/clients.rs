//! Known devices of users.

use async_trait::async_trait;
use tessera_identity::{
    model::Client,
    ports::{Acquaintance, KnownClients},
};
use tessera_kernel::{SecretHash, StoreError, UserId};
use time::OffsetDateTime;

use super::{state::unless, transaction::MemoryTransaction};

#[async_trait]
impl KnownClients for MemoryTransaction {
    async fn meet(
        &mut self,
        user: UserId,
        client: &SecretHash,
        at: OffsetDateTime,
    ) -> Result<Acquaintance, StoreError> {
        unless(!self.state.users.contains_key(&user), StoreError::REFERENCE)?;
        let known = self.state.known_clients.entry(user).or_default();
        let first = known.is_empty();
        if known.insert(*client, at).is_some() {
            return Ok(Acquaintance::Known);
        }
        if known.len() > usize::from(Client::MOST_KNOWN) {
            let oldest = known.iter().min_by_key(|(_, seen)| **seen).map(|(client, _)| *client);
            oldest.map(|oldest| known.remove(&oldest));
        }
        Ok(if first { Acquaintance::First } else { Acquaintance::New })
    }
}
