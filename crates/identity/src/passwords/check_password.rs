//! Password verification, shared by all use cases that need it.

use tessera_kernel::{Guess, Network, RateLimitError, RateLimited, SecretHash, StoreError, UserId};
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{Credentials, Device, DeviceToken, PasswordAttempt},
    ports::{Comparison, HashError, PasswordCheckContext, RequestHashes, Requester, Verdict},
};

/// Result of a password verification.
#[derive(Debug)]
pub(crate) struct PasswordCheck {
    pub(crate) verdict: Verdict,
    /// Time before the comparison, by the database clock.
    pub(crate) at: OffsetDateTime,
    /// Requester of the comparison, marked as known if the device is known.
    pub(crate) requester: Requester,
}

/// The account whose password is checked.
pub(crate) struct CheckedAccount<'a> {
    /// The address as typed, in its canonical form if it is one. The id of an account without an address.
    pub(crate) address: String,
    /// The account, if there is one.
    pub(crate) known: Option<&'a Credentials>,
    /// The device of the request, if it may be known to the account.
    pub(crate) device: Option<Device>,
    /// The device token of the request. One that the account does not know is like none.
    pub(crate) device_token: Option<&'a DeviceToken>,
}

impl<'a> From<&'a Credentials> for CheckedAccount<'a> {
    fn from(known: &'a Credentials) -> Self {
        let address =
            known.user.email.as_ref().map_or_else(|| known.user.id.to_string(), |email| email.canonical().to_owned());
        Self { address, known: Some(known), device: None, device_token: None }
    }
}

impl Identity {
    /// Compares a password with the password of an account. The account may be absent or have no password. A mismatch
    /// costs the same work in all these cases. If the device or its token is known to the account, the requester counts as
    /// known. Every mismatch counts in the limits of guesses; the caller also stores it with
    /// [`Self::record_wrong_password`].
    pub(crate) async fn check_password<E: From<RateLimited> + From<HashError> + From<StoreError>>(
        &self,
        attempt: &PasswordAttempt,
        account: CheckedAccount<'_>,
        requester: Requester,
    ) -> Result<PasswordCheck, E> {
        // A missing user gets the nil id: the lookup costs the same and finds nothing.
        let user = account.known.map_or_else(|| UserId::from_uuid(uuid::Uuid::nil()), |known| known.user.id);
        let request = RequestHashes {
            device: account.device.map(|device| self.ports.keyed_digest.keyed_digest(&device.fingerprint(user))),
            network: requester.network.map(|network| self.hash_of_network(user, network)),
            device_token: account.device_token.map(|token| self.ports.digest.digest(token.expose())),
        };
        let context = self.ports.store.password_check_context(user, request).await?;
        let PasswordCheckContext { costs, known_device, known_network, known_device_token, wrong_passwords, at } =
            context;
        let device = request.device_token.filter(|_| known_device_token);
        let guess = Guess { address: &account.address, network: requester.network, known: known_network, device };
        let counted = self.guesses.count(guess).await.map_err(RateLimitError::split::<E>)?;
        let requester = Requester { known: requester.known || known_device || known_device_token, ..requester };
        let hash = account.known.and_then(|account| account.password_hash.as_ref());
        let verdict = self.ports.hasher.verify(Comparison { attempt, hash, costs: &costs }, requester).await;
        if !matches!(verdict, Ok(Verdict::Mismatch)) {
            self.guesses.take_back(counted).await?;
        }
        if wrong_passwords > 0 && matches!(verdict, Ok(Verdict::Match | Verdict::MatchOutdated)) {
            self.reset_wrong_passwords(user).await?;
        }
        Ok(PasswordCheck { verdict: verdict?, at, requester })
    }

    /// The hash of a network for a user, as it is stored.
    pub(crate) fn hash_of_network(&self, user: UserId, network: Network) -> SecretHash {
        self.ports.keyed_digest.keyed_digest(&format!("{user} {network}"))
    }

    /// Deletes the costs of password hashes that no account has any more. Returns their number.
    ///
    /// # Errors
    /// Fails when storage fails.
    pub async fn delete_unused_hash_costs(&self) -> Result<u64, StoreError> {
        self.ports.store.delete_unused_hash_costs().await
    }
}
