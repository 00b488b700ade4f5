//! Invented nonces cost one read each.

use std::time::Duration;

use tessera_identity::{
    LinkWallet, LinkWalletError, SignInWithWallet, SignInWithWalletError, WalletProof, model::SessionRequest,
};
use tessera_kernel::{Chain, Role};
use tessera_testkit::{
    Workbench,
    builders::{actor_of, device, origin, user_id, wallet_account},
    expectations::{failed, ok},
};
use tokio::time::timeout;

fn invented(number: u64) -> WalletProof {
    WalletProof {
        account: wallet_account(1, Chain::Ethereum),
        signature: "0x01".to_owned(),
        nonce: format!("{number:022}"),
    }
}

#[tokio::test]
async fn what_was_never_issued_writes_nothing_and_waits_for_no_writer() {
    let bench = Workbench::new();
    bench.members(&[Role::Owner]).await;
    let identity = bench.identity();
    // The memory store allows one writer at a time, and this transaction is it.
    let writer = ok(bench.stores.identity.begin().await);
    let attempts = async {
        for number in 0..50 {
            let command = SignInWithWallet {
                proof: invented(number),
                device: device(),
                origin: origin(),
                session: SessionRequest::default(),
            };
            let error = failed(identity.sign_in_with_wallet(command).await);
            assert!(matches!(error, SignInWithWalletError::InvalidSignature), "{error:?}");
            let link = LinkWallet { proof: invented(number) };
            let error = failed(identity.link_wallet(&actor_of(user_id(1)), link).await);
            assert!(matches!(error, LinkWalletError::InvalidSignature), "{error:?}");
        }
    };
    ok(timeout(Duration::from_secs(30), attempts).await);
    drop(writer);
    assert_eq!(bench.actions(None).await, Vec::<String>::new());
    assert_eq!(bench.actions(Some(tessera_testkit::builders::organization_id(1))).await, Vec::<String>::new());
}
