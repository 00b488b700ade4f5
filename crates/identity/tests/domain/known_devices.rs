//! Notices about sign-ins from new devices.

use std::net::IpAddr;

use tessera_identity::{
    ContinueSessionError, SignIn, SignInWithWallet, WalletProof,
    model::{Device, PasswordAttempt, SessionRequest},
};
use tessera_kernel::Chain;
use tessera_testkit::{
    Workbench,
    builders::{accepted, device, origin, user, user_id, wallet, wallet_account},
    expectations::{failed, ok, some},
    fakes::FakeWallets,
};

const PASSWORD: &str = "correct horse";

fn from(agent: &str, address: &str) -> Device {
    Device::seen(Some(agent), address.parse::<IpAddr>().ok())
}

async fn sign_in(bench: &Workbench, device: Device, password: &str) -> Result<(), String> {
    let email = some(user(1).email).as_str().to_owned();
    let command = SignIn {
        email,
        password: PasswordAttempt::new(password),
        device,
        origin: origin(),
        session: SessionRequest::default(),
    };
    bench.identity().sign_in(command).await.map(|_| ()).map_err(|error| error.to_string())
}

async fn enter(bench: &Workbench, device: Device) {
    let challenge =
        ok(bench.identity().challenge_wallet(accepted(wallet_account(1, Chain::Ethereum)), &origin()).await);
    let signature = FakeWallets::sign(&challenge.account.address(), challenge.message.as_bytes());
    let proof = WalletProof { account: challenge.account, signature, nonce: challenge.nonce.to_string() };
    ok(bench
        .identity()
        .sign_in_with_wallet(SignInWithWallet { proof, device, origin: origin(), session: SessionRequest::default() })
        .await);
}

async fn sent_notices(bench: &Workbench) -> Vec<String> {
    bench.mails().await.into_iter().map(|mail| mail.subject).collect()
}

async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.user_with_password(1, PASSWORD).await;
    bench
}

#[tokio::test]
async fn a_sign_in_with_a_new_device_is_notified_s200() {
    let bench = bench().await;
    ok(sign_in(&bench, device(), PASSWORD).await);
    assert_eq!(sent_notices(&bench).await, [""; 0]);
    ok(sign_in(&bench, from("curl/8.9.1", "192.0.2.7"), PASSWORD).await);
    ok(sign_in(&bench, from("curl/8.10.0", "192.0.9.9"), PASSWORD).await);
    ok(sign_in(&bench, device(), PASSWORD).await);
    assert_eq!(sent_notices(&bench).await, ["signed in with curl"]);
    ok(sign_in(&bench, from("curl/8.9.1", "203.0.113.7"), PASSWORD).await);
    assert_eq!(sent_notices(&bench).await, ["signed in with curl"]);
}

#[tokio::test]
async fn a_rejected_sign_in_is_not_notified_s200() {
    let bench = bench().await;
    ok(sign_in(&bench, device(), PASSWORD).await);
    failed(sign_in(&bench, from("curl/8.9.1", "203.0.113.7"), "wrong horse").await);
    assert_eq!(sent_notices(&bench).await, [""; 0]);
    // The failed sign-in did not record the device.
    ok(sign_in(&bench, from("curl/8.9.1", "203.0.113.7"), PASSWORD).await);
    assert_eq!(sent_notices(&bench).await.len(), 1);
}

#[tokio::test]
async fn a_wallet_sign_in_with_a_new_device_is_notified_s200() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    bench.stores.add_wallets(user_id(1), [&wallet(1)]).await;
    enter(&bench, device()).await;
    enter(&bench, device()).await;
    assert_eq!(sent_notices(&bench).await, [""; 0]);
    enter(&bench, from("curl/8.9.1", "192.0.2.7")).await;
    assert_eq!(sent_notices(&bench).await, ["signed in with curl"]);
}

#[tokio::test]
async fn the_device_that_created_the_account_is_known() {
    let bench = bench().await;
    ok(bench.identity().first_session(user_id(1), device(), &origin()).await);
    ok(sign_in(&bench, device(), PASSWORD).await);
    assert_eq!(sent_notices(&bench).await, [""; 0]);
    ok(sign_in(&bench, Device::seen(None, None), PASSWORD).await);
    assert_eq!(sent_notices(&bench).await, ["signed in with an unknown program"]);
}

#[tokio::test]
async fn a_session_requires_its_user() {
    let bench = Workbench::new();
    let error = failed(bench.identity().first_session(user_id(1), device(), &origin()).await);
    assert!(matches!(error, ContinueSessionError::Ended), "{error:?}");
}
