//! Verification of a signed challenge. A challenge can be answered once.

use tessera_kernel::{StoreError, WalletAccount, WalletSignature, WalletSignatureError};
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{Nonce, Purpose},
    ports::{Requester, SignatureCheck, SignerKind, Taken, VerifyError},
};

/// Proof that a user controls a wallet.
#[derive(Debug)]
pub struct WalletProof {
    /// The wallet.
    pub account: WalletAccount,
    /// The signature of the challenge, as received. Its format depends on the wallet.
    pub signature: String,
    /// Nonce of the challenge, as received. A malformed nonce matches no challenge.
    pub nonce: String,
}

/// Result of an answer to a challenge.
pub(crate) enum Redeemed {
    /// The signature is valid. Contains the time of the redemption, by the database clock.
    By(SignerKind, OffsetDateTime),
    /// The challenge exists, but the proof is not valid for it.
    Denied,
    /// The challenge does not exist. Nothing was written, and the caller must not write anything either: any client can
    /// invent nonces.
    Unknown,
}

impl Identity {
    /// Verifies that the wallet has signed the challenge that was issued to it for this purpose. The challenge is
    /// consumed before any check, whatever the result: no two callers can answer it, and no caller can try a second
    /// signature.
    pub(crate) async fn redeem<E: From<WalletSignatureError> + From<VerifyError> + From<StoreError>>(
        &self,
        proof: WalletProof,
        purpose: Purpose,
        requester: Requester,
    ) -> Result<Redeemed, E> {
        let taken = match proof.nonce.parse::<Nonce>() {
            Ok(nonce) => self.ports.challenges.take(&nonce).await?,
            Err(_) => None,
        };
        // A malformed signature consumes the challenge too. Report it before anything that depends on the challenge, so
        // that the response does not depend on whether the challenge exists.
        let signature = WalletSignature::parse(&proof.signature, proof.account.chain().namespace())?;
        let Some(Taken { challenge, at }) = taken else { return Ok(Redeemed::Unknown) };
        if challenge.purpose != purpose || challenge.account != proof.account || !challenge.is_open(at) {
            return Ok(Redeemed::Denied);
        }
        let texts = challenge.answers(&self.settings.site, at);
        if texts.is_empty() {
            return Ok(Redeemed::Denied);
        }
        let proof = SignatureCheck { account: proof.account, texts, signature, requester };
        let signer = self.ports.wallets.verify(proof).await?;
        Ok(signer.map_or(Redeemed::Denied, |signer| Redeemed::By(signer, at)))
    }
}
