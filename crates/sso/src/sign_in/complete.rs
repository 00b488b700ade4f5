//! Completion of a single sign-on after a second factor.

use tessera_kernel::{RequestMetadata, UserId, WalletAccount};

use super::{
    events::SignInRefusal,
    model::SsoSessionId,
    verify::{VerifiedSso, VerifySsoError},
};
use crate::service::SingleSignOn;

/// A sign-in whose user was authenticated with a wallet and a second factor.
#[derive(Debug)]
pub struct CompleteSso {
    /// The session.
    pub session: SsoSessionId,
    /// The wallet.
    pub account: WalletAccount,
    /// The user of the wallet.
    pub user: UserId,
    /// Request metadata.
    pub origin: RequestMetadata,
}

impl SingleSignOn {
    /// Completes a sign-in that [`verify`](Self::verify) has interrupted. The caller has verified the second factor for
    /// exactly this sign-in. Only the browser of the sign-in could get there: `verify` has checked its secret.
    ///
    /// # Errors
    /// Fails when the session has expired or is completed, the application was deleted or has removed the redirect URI, or
    /// signing the token or storage fails.
    pub async fn complete(&self, command: CompleteSso) -> Result<VerifiedSso, VerifySsoError> {
        let CompleteSso { session, account, user, origin } = command;
        let now = self.ports.store.now().await?;
        let known = self.ports.store.find_sso_session(session).await?.filter(|known| now < known.expires_at);
        let Some(known) = known else { return self.refuse(SignInRefusal::Session, Some(account), &origin).await };
        self.admit(&known, account, user, &origin).await
    }
}
