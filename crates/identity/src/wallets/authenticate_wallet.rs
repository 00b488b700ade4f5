//! Authentication of a user by a signed message, without a session.

use tessera_kernel::{MfaRequired, RequestMetadata, StoreError, UserId, WalletAccount, WalletSignature};
use uuid::Uuid;

use super::sign_in_with_wallet::{TRIES, is_vouched};
use crate::{
    Identity,
    model::{Device, Interrupted, RegistrationClosed},
    ports::{Requester, SignatureCheck, VerifyError},
};

/// A signed message. The caller has issued it, and has checked that it is still valid.
#[derive(Debug)]
pub struct AuthenticateWallet {
    /// The wallet that is claimed to have signed.
    pub account: WalletAccount,
    /// The exact text.
    pub message: String,
    /// The signature.
    pub signature: WalletSignature,
    /// The device of the request.
    pub device: Device,
    /// Request metadata.
    pub origin: RequestMetadata,
    /// The id of the sign-in to an application that waits if the user has a second factor.
    pub sign_in: Uuid,
}

tessera_kernel::error_enum! {
    /// Why it is not known whether the message authenticates a user.
    pub enum AuthenticateWalletError {}
    from
        /// The wallet is unknown, and it gets no user.
        Closed(RegistrationClosed),
        Verify(VerifyError),
        /// The signature is valid.
        MfaRequired(MfaRequired),
        Store(StoreError),
}

impl Identity {
    /// Returns the user of the wallet that signed the message. An unknown wallet gets a new user, as in
    /// [`sign_in_with_wallet`](Self::sign_in_with_wallet). Returns `None` if the signature is wrong, or is one of a
    /// contract that does not count for the user of its address.
    ///
    /// # Errors
    /// Fails when the signature cannot be verified, the user has a second factor, or storage fails.
    pub async fn authenticate_wallet(
        &self,
        command: AuthenticateWallet,
    ) -> Result<Option<UserId>, AuthenticateWalletError> {
        let AuthenticateWallet { account, message, signature, device, origin, sign_in } = command;
        let (texts, requester) = (vec![message.into_bytes()], Requester::unknown(&origin));
        let proof = SignatureCheck { account, texts, signature, requester };
        let Some(signer) = self.ports.wallets.verify(proof).await? else { return Ok(None) };
        let now = self.ports.factors.now().await?;
        for _ in 0..TRIES {
            let mut tx = self.ports.store.begin().await?;
            let Some(user) = self.find_user_in::<AuthenticateWalletError>(&mut *tx, account, &origin).await? else {
                continue;
            };
            if !is_vouched(&user, account, signer) {
                return Ok(None);
            }
            let factors = tx.factors().enrolled(user.id).await?;
            if factors.any() {
                let operation = Interrupted::Application { sign_in, wallet: account };
                return Err(self.interrupt(tx, (user.id, factors), operation, now, &origin).await?.into());
            }
            self.record_device(&mut *tx, &user, device).await?;
            tx.commit().await?;
            return Ok(Some(user.id));
        }
        Err(StoreError::Busy.into())
    }
}
