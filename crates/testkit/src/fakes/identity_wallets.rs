//! Wallet authentication by the identity domain.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_identity::{
    AuthenticateWallet, AuthenticateWalletError as IdentityError, Identity, WalletMessage as Formatted, model::Device,
    ports::VerifyError,
};
use tessera_kernel::UserId;
use tessera_sso::ports::{
    AuthenticateWalletError, SignedMessage, WalletAuthenticator, WalletMessage, WalletMessageRequest,
};

/// Authenticates users by their wallets, through the identity domain. The server has the same connection of the two
/// domains, which tests of one domain cannot reach.
pub struct IdentityWallets(pub Arc<Identity>);

#[async_trait]
impl WalletAuthenticator for IdentityWallets {
    fn message(&self, request: WalletMessageRequest) -> WalletMessage {
        let WalletMessageRequest { account, statement, request_id, issued_at, expires_at } = request;
        let (text, nonce) = self.0.format_message(Formatted { account, statement, request_id, issued_at, expires_at });
        WalletMessage { text, nonce: nonce.to_string() }
    }

    async fn authenticate(&self, signed: SignedMessage) -> Result<Option<UserId>, AuthenticateWalletError> {
        let SignedMessage { account, text: message, signature, user_agent, origin, sign_in } = signed;
        let device = Device::seen(user_agent.as_deref(), origin.address);
        let sign_in = sign_in.as_uuid();
        let command = AuthenticateWallet { account, message, signature, device, origin, sign_in };
        self.0.authenticate_wallet(command).await.map_err(|error| match error {
            IdentityError::Verify(VerifyError::Busy { retry_after }) => AuthenticateWalletError::Busy { retry_after },
            IdentityError::Verify(VerifyError::RateLimited(limited)) => AuthenticateWalletError::RateLimited(limited),
            IdentityError::Verify(VerifyError::Unavailable(error)) => AuthenticateWalletError::Unavailable(error),
            IdentityError::Verify(VerifyError::Failed(why)) => AuthenticateWalletError::Failed(why),
            IdentityError::Closed(_) => AuthenticateWalletError::RegistrationClosed,
            IdentityError::MfaRequired(required) => AuthenticateWalletError::MfaRequired(required),
            IdentityError::Store(error) => AuthenticateWalletError::Store(error),
        })
    }
}
