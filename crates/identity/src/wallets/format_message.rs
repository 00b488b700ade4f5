//! Messages that wallets sign for a purpose outside of this domain.

use tessera_kernel::WalletAccount;
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{Nonce, SiweMessage},
};

/// The variable parts of a message that a wallet signs.
#[derive(Debug)]
pub struct WalletMessage {
    /// The wallet, on an Ethereum chain.
    pub account: WalletAccount,
    /// The statement that the wallet shows to its owner: one line in the characters that ERC-4361 allows.
    pub statement: String,
    /// The request id in the message.
    pub request_id: String,
    /// Start of validity, in whole seconds.
    pub issued_at: OffsetDateTime,
    /// End of validity, in whole seconds.
    pub expires_at: OffsetDateTime,
}

impl Identity {
    /// Formats an ERC-4361 message of this service with a new nonce. Stores nothing: the caller remembers the text, and
    /// presents it to [`authenticate_wallet`](Self::authenticate_wallet) once.
    #[must_use]
    pub fn format_message(&self, command: WalletMessage) -> (String, Nonce) {
        let nonce = Nonce::generate(&*self.ports.system.entropy);
        let site = &self.settings.site;
        let message = SiweMessage {
            scheme: None,
            domain: site.domain().to_owned(),
            address: command.account.address(),
            statement: Some(command.statement),
            uri: site.uri().to_owned(),
            chain_id: command.account.chain().id().unwrap_or_default(),
            nonce: nonce.to_string(),
            issued_at: command.issued_at,
            expiration_time: Some(command.expires_at),
            not_before: None,
            request_id: Some(command.request_id),
            resources: Vec::new(),
        };
        (message.to_string(), nonce)
    }
}
