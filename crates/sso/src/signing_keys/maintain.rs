//! Creation, rotation and removal of signing keys.

use tessera_kernel::{Event, RequestMetadata, StoreError, rfc3339};
use time::OffsetDateTime;

use super::{
    events::SigningKeyEvent,
    model::{KeyRing, NewKey, Plan, RotationTrigger, SigningKey},
    ports::SigningKeyTransaction,
};
use crate::service_tokens::{ports::SigningError, service::ServiceTokens};

tessera_kernel::error_enum! {
    /// Why the signing keys could not be maintained.
    pub enum KeysError {
        /// A rotation is in progress: the next key is published but does not sign yet.
        #[error("a rotation is under way: the next key signs from {}", second(*signs_from))]
        UnderWay {
            /// When the next key starts to sign.
            signs_from: OffsetDateTime,
        },
    }
    from
        /// A key could not be created, or the current key could not be decrypted.
        Token(SigningError),
        Store(StoreError),
}

/// Maximum number of attempts. A plan is made again if another node has changed the keys meanwhile.
const TRIES: usize = 3;

impl ServiceTokens {
    /// Reads the keys, makes the changes that are due, and decrypts the current signing key. Every node calls it
    /// periodically. It does not matter which node is first.
    ///
    /// # Errors
    /// Fails when a key cannot be created or decrypted, or storage fails.
    pub async fn maintain_signing_keys(&self, origin: &RequestMetadata) -> Result<(), KeysError> {
        let ring = self.read_keys().await?;
        if !self.plan(&ring, RotationTrigger::Routine).is_empty() {
            self.carry_out(RotationTrigger::Routine, origin).await?;
        }
        Ok(self.ports.signer.open_key(&self.signing_key().await?)?)
    }

    /// Publishes a new key. It starts to sign when every verifier can know it.
    ///
    /// # Errors
    /// Fails with [`KeysError::UnderWay`] when a next key is already published. Also fails when a key cannot be created
    /// or storage fails.
    pub async fn rotate_keys(&self, origin: &RequestMetadata) -> Result<(), KeysError> {
        let ring = self.read_keys().await?;
        if let Some(next) = ring.upcoming(self.ports.system.now()) {
            return Err(KeysError::UnderWay { signs_from: next.signs_from });
        }
        self.carry_out(RotationTrigger::Rotation, origin).await
    }

    /// Deletes all keys and replaces them with a new one at once. All issued service tokens become invalid.
    ///
    /// # Errors
    /// Fails when a key cannot be created, or storage fails.
    pub async fn replace_keys(&self, origin: &RequestMetadata) -> Result<(), KeysError> {
        self.carry_out(RotationTrigger::Emergency, origin).await
    }

    fn plan(&self, ring: &KeyRing, trigger: RotationTrigger) -> Plan {
        ring.plan(self.ports.system.now(), self.settings.key_life, trigger)
    }

    async fn carry_out(&self, trigger: RotationTrigger, origin: &RequestMetadata) -> Result<(), KeysError> {
        for _ in 0..TRIES {
            let expected = self.plan(&*self.read_keys().await?, trigger);
            // Create the key before opening a transaction: it takes a large part of a second.
            let new = if expected.made.is_some() { Some(self.ports.signer.make_key().await?) } else { None };
            let mut tx = self.ports.keys.begin().await?;
            let ring = KeyRing::new(tx.signing_keys().lock_all().await?);
            let plan = self.plan(&ring, trigger);
            let new = match (plan.made, new) {
                (Some(signs_from), Some(new)) => Some(self.in_its_time(new, signs_from)),
                // Another node has removed the keys meanwhile: plan again with a new key.
                (Some(_), None) => continue,
                // Another node has created the key meanwhile: discard ours.
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
        SigningKey { id, public, sealed, created_at: self.ports.system.now(), signs_from, retirement: None }
    }

    async fn write(
        &self,
        tx: &mut dyn SigningKeyTransaction,
        plan: &Plan,
        new: Option<&SigningKey>,
        origin: &RequestMetadata,
    ) -> Result<(), StoreError> {
        let mut actions = Vec::new();
        for id in &plan.removed {
            tx.signing_keys().delete(id).await?;
            actions.push(SigningKeyEvent::Removed { key: id.clone() });
        }
        if let Some((id, retirement)) = &plan.retired {
            tx.signing_keys().retire(id, retirement).await?;
        }
        if let Some(key) = new {
            tx.signing_keys().insert(key).await?;
            actions.push(SigningKeyEvent::Published { key: key.id.clone(), signs_from: key.signs_from });
        }
        for action in actions {
            let event = Event::by_anonymous(origin, action, &self.ports.system);
            tx.events().append(&event).await?;
        }
        Ok(())
    }
}

/// Formats a time for error texts, to the second.
fn second(time: OffsetDateTime) -> String {
    rfc3339(time.replace_nanosecond(0).unwrap_or(time))
}
