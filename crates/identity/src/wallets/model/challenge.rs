//! Challenges that wallets sign.

use tessera_kernel::{Entropy, Namespace, SessionId, UserId, WalletAccount, limit};
use time::{Duration, OffsetDateTime, UtcOffset};

use super::{Nonce, Site, SiweMessage, siws};

/// Purpose of a challenge. A signature is valid only for the purpose of its challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Sign in.
    SignIn,
    /// Link the wallet to a user, in the session that requested the challenge.
    Link {
        /// The user who requested it.
        user: UserId,
        /// The session that requested it.
        session: SessionId,
    },
}

/// A message for a wallet to sign. It is stored exactly as issued and can be answered once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Key of the challenge.
    pub nonce: Nonce,
    /// A signature for another purpose is rejected.
    pub purpose: Purpose,
    /// The wallet that must sign.
    pub account: WalletAccount,
    /// The exact text to sign.
    pub message: String,
    /// Start of validity, in whole seconds.
    pub issued_at: OffsetDateTime,
    /// End of validity (exclusive), in whole seconds.
    pub expires_at: OffsetDateTime,
}

/// Limits on the open challenges that one node has issued. A further challenge removes the oldest one, and no request is
/// rejected: a limit that rejects would lock out other clients during a flood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChallengeLimits {
    /// Of one network. By default [`limit::OPEN_CHALLENGES`].
    pub per_network: usize,
    /// Of all networks. By default [`limit::OPEN_CHALLENGES_NODE`].
    pub per_node: usize,
}

impl Default for ChallengeLimits {
    fn default() -> Self {
        Self { per_network: limit::OPEN_CHALLENGES.maximum, per_node: limit::OPEN_CHALLENGES_NODE.maximum }
    }
}

impl Challenge {
    /// Lifetime of a challenge.
    pub const TTL: Duration = Duration::minutes(5);

    /// Creates a challenge with a random nonce.
    #[must_use]
    pub fn new(
        purpose: Purpose,
        account: WalletAccount,
        site: &Site,
        now: OffsetDateTime,
        entropy: &dyn Entropy,
    ) -> Self {
        let nonce = Nonce::generate(entropy);
        // Use whole seconds, as the message contains them. Round down so that the issue time is not in the future.
        let issued_at = now.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(now);
        let expires_at = issued_at + Self::TTL;
        let mut challenge = Self { nonce, purpose, account, message: String::new(), issued_at, expires_at };
        challenge.message = match account.chain().id() {
            Some(chain_id) => challenge.siwe(chain_id, site).to_string(),
            None => challenge.nonce.to_string(),
        };
        challenge
    }

    /// Returns whether the challenge is valid at that time.
    #[must_use]
    pub fn is_open(&self, now: OffsetDateTime) -> bool {
        self.issued_at <= now && now < self.expires_at
    }

    /// Returns every text whose signature answers the challenge, byte for byte. Returns none if the stored message is
    /// not one that this site issues.
    ///
    /// An Ethereum wallet signs the message. A Solana wallet signs the nonce, or the message built from the challenge.
    /// Each may be bare or in the envelope that hardware wallets put around texts.
    #[must_use]
    pub fn answers(&self, site: &Site, now: OffsetDateTime) -> Vec<Vec<u8>> {
        if !self.says_what_it_must(site, now) {
            return Vec::new();
        }
        match self.account.chain().namespace() {
            Namespace::Eip155 => vec![self.message.clone().into_bytes()],
            Namespace::Solana => {
                let texts = [
                    self.message.clone(),
                    siws::message(
                        site,
                        &self.account.address(),
                        self.statement(),
                        &self.nonce,
                        self.issued_at..self.expires_at,
                    ),
                ];
                texts.iter().flat_map(|text| siws::forms(text, &self.account.address())).collect()
            }
        }
    }

    /// Checks the stored message too: rejects one that was tampered with or was issued under another public URL.
    fn says_what_it_must(&self, site: &Site, now: OffsetDateTime) -> bool {
        let Some(chain_id) = self.account.chain().id() else { return self.message == self.nonce.as_str() };
        let Ok(said) = self.message.parse::<SiweMessage>() else { return false };
        self.message == self.siwe(chain_id, site).to_string() && said.is_valid_at(now)
    }

    fn siwe(&self, chain_id: u64, site: &Site) -> SiweMessage {
        SiweMessage {
            scheme: None,
            domain: site.domain().to_owned(),
            address: self.account.address(),
            statement: Some(self.statement().to_owned()),
            uri: site.uri().to_owned(),
            chain_id,
            nonce: self.nonce.to_string(),
            issued_at: self.issued_at,
            expiration_time: Some(self.expires_at),
            not_before: None,
            request_id: None,
            resources: Vec::new(),
        }
    }

    /// Returns the statement that the wallet shows to its owner.
    const fn statement(&self) -> &'static str {
        match self.purpose {
            Purpose::SignIn => "Sign in with this wallet.",
            Purpose::Link { .. } => "Link this wallet to the account that you are signed in to.",
        }
    }
}
