//! Challenges of wallets and their proofs.

use tessera_identity::{
    SignInWithWallet, SignInWithWalletError, SignedIn, WalletProof,
    model::{Challenge, SessionRequest},
};
use tessera_kernel::WalletAccount;
use tessera_testkit::{
    Workbench,
    builders::{accepted, device, origin},
    expectations::{failed, ok},
    fakes::FakeWallets,
};

/// The proof of the challenge, signed by the wallet that the challenge names.
pub(crate) fn answer(challenge: &Challenge) -> WalletProof {
    let signature = FakeWallets::sign(&challenge.account.address(), challenge.message.as_bytes());
    WalletProof { account: challenge.account, signature, nonce: challenge.nonce.to_string() }
}

pub(crate) async fn ask(bench: &Workbench, account: WalletAccount) -> Challenge {
    ok(bench.identity().challenge_wallet(accepted(account), &origin()).await)
}

pub(crate) async fn sign_in(bench: &Workbench, proof: WalletProof) -> Result<SignedIn, SignInWithWalletError> {
    bench
        .identity()
        .sign_in_with_wallet(SignInWithWallet {
            proof,
            device: device(),
            origin: origin(),
            session: SessionRequest::default(),
        })
        .await
}

pub(crate) async fn is_refused(bench: &Workbench, proof: WalletProof) {
    let error = failed(sign_in(bench, proof).await);
    assert!(matches!(error, SignInWithWalletError::InvalidSignature), "{error:?}");
}
