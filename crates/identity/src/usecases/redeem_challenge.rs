//! A wallet answers a challenge, once.

use tessera_kernel::StoreError;
use time::OffsetDateTime;

use crate::{
    Identity,
    model::{Nonce, Purpose, WalletAccount, WalletSignature},
    ports::{Proof, Requester, Taken, VerifyError, Voucher},
};

/// What somebody presents to prove that a wallet is theirs.
#[derive(Debug)]
pub struct WalletProof {
    /// The wallet.
    pub account: WalletAccount,
    /// Its signature of the challenge.
    pub signature: WalletSignature,
    /// By which the challenge is found. One that is none was given to nobody.
    pub nonce: String,
}

/// Nobody can say whether the proof is good.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedeemError {
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of an answer to a challenge.
pub(crate) enum Redeemed {
    /// The signature is good. With it comes the time of the redemption by the clock of the database.
    By(Voucher, OffsetDateTime),
    /// There was a challenge, and this does not answer it.
    Denied,
    /// There is no such challenge. Nothing was written, and nothing is to be: anyone can invent nonces.
    Unknown,
}

impl Identity {
    /// What vouches that the wallet has signed the challenge that was given to it for this purpose. The challenge is used up, whatever
    /// comes out, before anything else is looked at: no two can answer it, and nobody can try a second signature.
    pub(crate) async fn redeem(
        &self,
        proof: WalletProof,
        purpose: Purpose,
        requester: Requester,
    ) -> Result<Redeemed, RedeemError> {
        let Ok(nonce) = proof.nonce.parse::<Nonce>() else { return Ok(Redeemed::Unknown) };
        let Some(Taken { challenge, at }) = self.ports.challenges.take(&nonce).await? else {
            return Ok(Redeemed::Unknown);
        };
        if challenge.purpose != purpose || challenge.account != proof.account || !challenge.is_open(at) {
            return Ok(Redeemed::Denied);
        }
        let texts = challenge.answers(&self.settings.site, at);
        if texts.is_empty() {
            return Ok(Redeemed::Denied);
        }
        let proof = Proof { account: proof.account, texts, signature: proof.signature, requester };
        let voucher = self.ports.wallets.verify(proof).await?;
        Ok(voucher.map_or(Redeemed::Denied, |voucher| Redeemed::By(voucher, at)))
    }
}
