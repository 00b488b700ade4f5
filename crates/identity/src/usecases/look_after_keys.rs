//! Signing keys are made, succeed each other, and go.

use tessera_kernel::{Event, Origin, StoreError};
use time::OffsetDateTime;

use crate::{
    ServiceTokens,
    events::IdentityEvent,
    model::{KeyRing, NewKey, Occasion, Plan, SigningKey, rfc3339},
    ports::{SigningKeyTransaction, TokenError},
};

/// The keys are not as they should be.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The next key is published and waits for its time: a rotation is under way.
    #[error("a rotation is under way: the next key signs from {}", second(*signs_from))]
    UnderWay {
        /// When it begins to sign.
        signs_from: OffsetDateTime,
    },
    /// No key could be made, or the one that signs not be opened.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How often a plan is made anew because another node has changed the keys meanwhile.
const TRIES: usize = 3;

impl ServiceTokens {
    /// Reads the keys, does what is due, and opens the one that signs. For every node, again and again; which of them comes
    /// first does not matter.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub async fn look_after_keys(&self, origin: &Origin) -> Result<(), KeysError> {
        let ring = self.read_keys().await?;
        if !self.plan(&ring, Occasion::Routine).is_empty() {
            self.carry_out(Occasion::Routine, origin).await?;
        }
        Ok(self.ports.signer.open_key(&self.signing_key().await?)?)
    }

    /// Publishes a new key, which signs once every verifier can know it.
    ///
    /// # Errors
    /// [`KeysError::UnderWay`] when there is such a key already; the rest of [`KeysError`].
    pub async fn rotate_keys(&self, origin: &Origin) -> Result<(), KeysError> {
        let ring = self.read_keys().await?;
        if let Some(next) = ring.upcoming(self.ports.clock.now()) {
            return Err(KeysError::UnderWay { signs_from: next.signs_from });
        }
        self.carry_out(Occasion::Rotation, origin).await
    }

    /// Removes every key and puts a new one in their place at once. Every service token that is out dies with its key.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub async fn replace_keys(&self, origin: &Origin) -> Result<(), KeysError> {
        self.carry_out(Occasion::Emergency, origin).await
    }

    fn plan(&self, ring: &KeyRing, occasion: Occasion) -> Plan {
        ring.plan(self.ports.clock.now(), self.settings.key_life, occasion)
    }

    async fn carry_out(&self, occasion: Occasion, origin: &Origin) -> Result<(), KeysError> {
        for _ in 0..TRIES {
            let expected = self.plan(&*self.read_keys().await?, occasion);
            // Before opening a transaction: it takes a good part of a second.
            let new = if expected.made.is_some() { Some(self.ports.signer.make_key().await?) } else { None };
            let mut tx = self.ports.keys.begin().await?;
            let ring = KeyRing::new(tx.signing_keys().lock_all().await?);
            let plan = self.plan(&ring, occasion);
            let new = match (plan.made, new) {
                (Some(signs_from), Some(new)) => Some(self.in_its_time(new, signs_from)),
                // Another node has removed what was there.
                (Some(_), None) => continue,
                // Another node has made the key: ours is for nothing.
                (None, _) => None,
            };
            self.write(&mut *tx, &plan, new.as_ref(), origin).await?;
            tx.commit().await?;
            self.read_keys().await?;
            return Ok(());
        }
        Err(StoreError::Busy.into())
    }

    fn in_its_time(&self, new: NewKey, signs_from: OffsetDateTime) -> SigningKey {
        let NewKey { id, public, sealed } = new;
        SigningKey { id, public, sealed, created_at: self.ports.clock.now(), signs_from, retirement: None }
    }

    async fn write(
        &self,
        tx: &mut dyn SigningKeyTransaction,
        plan: &Plan,
        new: Option<&SigningKey>,
        origin: &Origin,
    ) -> Result<(), StoreError> {
        let mut deeds = Vec::new();
        for id in &plan.removed {
            tx.signing_keys().delete(id).await?;
            deeds.push(IdentityEvent::SigningKeyRemoved { key: id.clone() });
        }
        if let Some((id, retirement)) = &plan.retired {
            tx.signing_keys().retire(id, retirement).await?;
        }
        if let Some(key) = new {
            tx.signing_keys().insert(key).await?;
            deeds.push(IdentityEvent::SigningKeyPublished { key: key.id.clone(), signs_from: key.signs_from });
        }
        for deed in deeds {
            let event = Event::by_visitor(origin, deed.into(), &*self.ports.clock, &*self.ports.entropy);
            tx.events().append(&event).await?;
        }
        Ok(())
    }
}

/// A time as lists of keys say it, to the second.
fn second(time: OffsetDateTime) -> String {
    rfc3339(time.replace_nanosecond(0).unwrap_or(time))
}
