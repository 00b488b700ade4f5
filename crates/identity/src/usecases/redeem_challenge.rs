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

impl Identity {
    /// What vouches that the wallet has signed the challenge that was given to it for this purpose. The challenge is used up, whatever
    /// comes out, before anything else is looked at: no two can answer it, and nobody can try a second signature. With it comes
    /// the time by the clock of the database.
    pub(crate) async fn redeem(
        &self,
        proof: WalletProof,
        purpose: Purpose,
        requester: Requester,
    ) -> Result<Option<(Voucher, OffsetDateTime)>, RedeemError> {
        let Ok(nonce) = proof.nonce.parse::<Nonce>() else { return Ok(None) };
        let Some(Taken { challenge, at }) = self.ports.challenges.take(&nonce).await? else { return Ok(None) };
        if challenge.purpose != purpose || challenge.account != proof.account || !challenge.is_open(at) {
            return Ok(None);
        }
        let texts = challenge.answers(&self.settings.site, at);
        if texts.is_empty() {
            return Ok(None);
        }
        let proof = Proof { account: proof.account, texts, signature: proof.signature, requester };
        Ok(self.ports.wallets.verify(proof).await?.map(|voucher| (voucher, at)))
    }
}
