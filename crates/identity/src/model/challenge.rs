//! What a wallet is asked to sign.

use tessera_kernel::{Entropy, Network, SessionId, UserId};
use time::{Duration, OffsetDateTime, UtcOffset};

use super::{Namespace, Nonce, Site, SiweMessage, WalletAccount, siws};

/// What a signature is good for. One that was given for the one is worth nothing for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signing in.
    SignIn,
    /// Linking the wallet to a user, in the session that asked for it.
    Link {
        /// Who asked.
        user: UserId,
        /// In which session.
        session: SessionId,
    },
}

/// A question to a wallet. It is kept as it was put, and answered once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// By which it is found.
    pub nonce: Nonce,
    /// What the answer is good for.
    pub purpose: Purpose,
    /// The wallet that was named.
    pub account: WalletAccount,
    /// The exact text that was given out to be signed.
    pub message: String,
    /// When it was put, in whole seconds.
    pub issued_at: OffsetDateTime,
    /// From when on no answer is taken, in whole seconds.
    pub expires_at: OffsetDateTime,
    /// The network of the client that asked. `None` where the transport knows no address.
    pub network: Option<Network>,
}

impl Challenge {
    /// How long an answer is taken.
    pub const TTL: Duration = Duration::minutes(5);

    /// How many open challenges one network may have. The limit `challenge` admits no more on one node in the lifetime of a
    /// challenge (60 a minute), so this bound only matters where that limit is off or counted on several nodes.
    pub const MOST_PER_NETWORK: usize = 300;

    /// How many open challenges of all networks one node keeps, about 60 MB. The next one removes the oldest, and no request
    /// is rejected: a limit that rejects would lock out all other networks during a flood from many. A node that issues 1,000
    /// challenges a second, as fast as one can store them, still keeps each for 100 seconds.
    pub const MOST_PER_NODE: usize = 100_000;

    /// Puts a new question.
    #[must_use]
    pub fn new(
        purpose: Purpose,
        account: WalletAccount,
        site: &Site,
        now: OffsetDateTime,
        entropy: &dyn Entropy,
    ) -> Self {
        let nonce = Nonce::generate(entropy);
        // Whole seconds, as the text says it: nobody signs a time that has not come.
        let issued_at = now.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(now);
        let expires_at = issued_at + Self::TTL;
        let mut challenge =
            Self { nonce, purpose, account, message: String::new(), issued_at, expires_at, network: None };
        challenge.message = match account.chain().id() {
            Some(chain_id) => challenge.siwe(chain_id, site).to_string(),
            None => challenge.nonce.to_string(),
        };
        challenge
    }

    /// Whether it is open at that time.
    #[must_use]
    pub fn is_open(&self, now: OffsetDateTime) -> bool {
        self.issued_at <= now && now < self.expires_at
    }

    /// Every text whose signature answers it, byte for byte; none when the stored one is not what this site asks. An
    /// Ethereum wallet signs the message; a Solana wallet the nonce, or the message that is made of it, each bare or in the
    /// envelope that hardware wallets put around texts.
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

    /// Storage is not believed either: a message that was tampered with, or given out under another public URL, is none.
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

    /// What the holder of the wallet is told they agree to.
    const fn statement(&self) -> &'static str {
        match self.purpose {
            Purpose::SignIn => "Sign in with this wallet.",
            Purpose::Link { .. } => "Link this wallet to the account that you are signed in to.",
        }
    }
}
