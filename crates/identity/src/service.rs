//! The domain with its ports plugged in.

use std::sync::Arc;

use tessera_kernel::{Clock, Entropy, Event, Notices, SecretDigest, StoreError};
use time::Duration;

use crate::{
    IdentityQuotas,
    issued_challenges::IssuedChallenges,
    model::{Challenge, Site},
    ports::{
        AccountLetters, Challenges, IdentityStore, PasswordHasher, PasswordResets, PasswordStrength, TokenSigner,
        WalletVerifier,
    },
};

/// Everything this domain needs from outside.
#[derive(Clone)]
pub struct IdentityPorts {
    /// Users and sessions.
    pub store: Arc<dyn IdentityStore>,
    /// Questions to wallets.
    pub challenges: Arc<dyn Challenges>,
    /// Wishes for new passwords, and the tokens that set them.
    pub resets: Arc<dyn PasswordResets>,
    /// Hashes of those tokens.
    pub digest: Arc<dyn SecretDigest>,
    /// Signatures of wallets.
    pub wallets: Arc<dyn WalletVerifier>,
    /// Password hashes.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Judgement of new passwords.
    pub strength: Arc<dyn PasswordStrength>,
    /// User tokens.
    pub signer: Arc<dyn TokenSigner>,
    /// What people are told of their accounts.
    pub letters: Arc<dyn AccountLetters>,
    /// How they are told.
    pub notices: Notices,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// What an operator may choose.
#[derive(Debug, Clone)]
pub struct IdentitySettings {
    /// The fewest characters of a new password, never under [`crate::model::Password::MIN_LENGTH`].
    pub min_password_length: usize,
    /// How long a session and its token last.
    pub session_ttl: Duration,
    /// What challenges say of where the service is at home.
    pub site: Site,
}

/// Users and their sessions.
pub struct Identity {
    pub(crate) ports: IdentityPorts,
    pub(crate) settings: IdentitySettings,
    pub(crate) quotas: IdentityQuotas,
    pub(crate) issued_challenges: IssuedChallenges,
}

impl Identity {
    /// Plugs the ports in.
    #[must_use]
    pub fn new(ports: IdentityPorts, settings: IdentitySettings) -> Self {
        let issued_challenges = IssuedChallenges::new(Challenge::MOST_PER_NODE);
        Self { ports, settings, quotas: IdentityQuotas::default(), issued_challenges }
    }

    /// Replaces the default quotas.
    #[must_use]
    pub fn with_quotas(self, quotas: IdentityQuotas) -> Self {
        Self { quotas, ..self }
    }

    /// Replaces [`Challenge::MOST_PER_NODE`].
    #[must_use]
    pub fn with_open_challenges(self, most: usize) -> Self {
        Self { issued_challenges: IssuedChallenges::new(most), ..self }
    }

    /// Writes down a deed that changed nothing else.
    pub(crate) async fn note(&self, event: &Event) -> Result<(), StoreError> {
        let mut tx = self.ports.store.begin().await?;
        tx.events().append(event).await?;
        tx.commit().await
    }
}
