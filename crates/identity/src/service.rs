//! Identity service and its ports.

use std::sync::Arc;

use tessera_kernel::{
    CeremonyId, Event, GuessLimits, KeyedDigest, RateLimit, RateLimitError, RateLimits, RequestMetadata, SecretDigest,
    StoreError, SupportedChains, SystemPorts, idempotent_request,
};
use tessera_outbox::Notices;
use time::Duration;

use crate::{
    IdentityQuotas,
    model::{ChallengeLimits, Nonce, RefreshSettings, RegistrationMode, Site},
    ports::{
        AccountMails, Challenges, EmailVerifications, Factors, IdentityStore, PasskeyStore, PasswordHasher,
        PasswordResets, PasswordStrength, RefreshCodes, SessionJobs, TokenSigner, TotpVerifier, WalletVerifier,
        WebAuthn,
    },
    sessions::session_uses::SessionUses,
    wallets::issued_challenges::IssuedChallenges,
};

/// Ports of the identity domain.
#[derive(Clone)]
pub struct IdentityPorts {
    /// Users and sessions.
    pub store: Arc<dyn IdentityStore>,
    /// Recording of uses of sessions, for jobs.
    pub session_jobs: Arc<dyn SessionJobs>,
    /// Open wallet challenges.
    pub challenges: Arc<dyn Challenges>,
    /// Password reset requests and reset tokens.
    pub resets: Arc<dyn PasswordResets>,
    /// Proofs and changes of addresses, and pending registrations.
    pub addresses: Arc<dyn EmailVerifications>,
    /// Hashes reset tokens and device tokens.
    pub digest: Arc<dyn SecretDigest>,
    /// Verifies wallet signatures.
    pub wallets: Arc<dyn WalletVerifier>,
    /// Hashes and verifies passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Rates the strength of new passwords.
    pub strength: Arc<dyn PasswordStrength>,
    /// Signs and verifies user tokens.
    pub signer: Arc<dyn TokenSigner>,
    /// Texts of the account mails.
    pub mail_templates: Arc<dyn AccountMails>,
    /// Sends account mails within their limits.
    pub notices: Notices,
    /// Counters of guesses of passwords.
    pub limits: Arc<dyn RateLimits>,
    /// Second factors, and operations that wait for one.
    pub factors: Arc<dyn Factors>,
    /// Computes and checks time-based one-time passwords.
    pub totp: Arc<dyn TotpVerifier>,
    /// The clock of the node, and the source of random bytes.
    pub system: SystemPorts,
    /// The codes of refresh tokens.
    pub refresh_codes: Arc<dyn RefreshCodes>,
    /// Hashes codes and the devices and networks of users, which could be guessed from a plain hash.
    pub keyed_digest: Arc<dyn KeyedDigest>,
    /// Passkeys and their ceremonies.
    pub passkeys: Arc<dyn PasskeyStore>,
    /// The WebAuthn protocol. `None` if this installation has no RP id.
    pub webauthn: Option<Arc<dyn WebAuthn>>,
}

/// Settings that the operator chooses.
#[derive(Debug, Clone)]
pub struct IdentitySettings {
    /// Minimum length of a new password in characters, never below [`crate::model::Password::MIN_LENGTH`].
    pub min_password_length: usize,
    /// Lifetime of a session without refresh tokens, and of its token.
    pub session_ttl: Duration,
    /// Domain and public URL that challenges contain.
    pub site: Site,
    /// The chains of which wallets are accepted.
    pub chains: SupportedChains,
    /// Lifetimes of sessions with refresh tokens.
    pub refresh: RefreshSettings,
    /// How accounts come into being.
    pub registration: RegistrationMode,
}

/// Users and their sessions.
pub struct Identity {
    pub(crate) ports: IdentityPorts,
    pub(crate) settings: IdentitySettings,
    pub(crate) quotas: IdentityQuotas,
    pub(crate) issued_challenges: IssuedChallenges<Nonce>,
    pub(crate) issued_ceremonies: IssuedChallenges<CeremonyId>,
    pub(crate) session_uses: SessionUses,
    pub(crate) guesses: GuessLimits,
}

impl Identity {
    /// Creates the service with the default quotas.
    #[must_use]
    pub fn new(ports: IdentityPorts, settings: IdentitySettings) -> Self {
        let issued_challenges = IssuedChallenges::new(ChallengeLimits::default());
        let issued_ceremonies = IssuedChallenges::new(ChallengeLimits::default());
        let (quotas, session_uses) = (IdentityQuotas::default(), SessionUses::default());
        let guesses = GuessLimits::new(Arc::clone(&ports.limits));
        Self { ports, settings, quotas, issued_challenges, issued_ceremonies, session_uses, guesses }
    }

    /// Replaces the default quotas.
    #[must_use]
    pub fn with_quotas(self, quotas: IdentityQuotas) -> Self {
        Self { quotas, ..self }
    }

    /// Replaces the default limits on open challenges and ceremonies.
    #[must_use]
    pub fn with_challenge_limits(self, limits: ChallengeLimits) -> Self {
        let issued_ceremonies = IssuedChallenges::new(limits);
        Self { issued_challenges: IssuedChallenges::new(limits), issued_ceremonies, ..self }
    }

    /// The chains of which wallets are accepted.
    #[must_use]
    pub const fn supported_chains(&self) -> &SupportedChains {
        &self.settings.chains
    }

    /// The minimum length of a new password in characters.
    #[must_use]
    pub const fn min_password_length(&self) -> usize {
        self.settings.min_password_length
    }

    /// How accounts come into being.
    #[must_use]
    pub const fn registration(&self) -> RegistrationMode {
        self.settings.registration
    }

    /// Counts an action of the network of a request. A request without a client address is not limited.
    pub(crate) async fn count_network(&self, limit: RateLimit, origin: &RequestMetadata) -> Result<(), RateLimitError> {
        match origin.network() {
            Some(network) => self.ports.limits.count(limit, &network.to_string()).await.map(drop),
            None => Ok(()),
        }
    }

    /// Stores an audit entry for an action without any other change.
    pub(crate) async fn note(&self, event: &Event) -> Result<(), StoreError> {
        idempotent_request::preparing(async {
            let mut tx = self.ports.store.begin().await?;
            tx.events().append(event).await?;
            tx.commit().await
        })
        .await
    }
}
