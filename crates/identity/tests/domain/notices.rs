//! Mails to users about changes of their accounts.

use std::sync::Arc;

use tessera_identity::{
    ChangePassword, ChangePasswordError, Identity, IdentityPorts, LinkWallet, WalletProof,
    model::{PasswordAttempt, User},
    ports::{
        CustomDataRows, DeviceTokens, EmailProofs, FactorRows, IdentityTransaction, InterruptedOperations,
        KnownDevices, MockIdentityStore, Passkeys, PasswordResetRows, PendingRegistrations, RequestHashes, Sessions,
        Users, Wallets, WrongPasswords,
    },
};
use tessera_kernel::{Actor, Chain, EventLog, StoreError, Transaction, WalletAccount};
use tessera_outbox::{Notices, Outbox};
use tessera_testkit::{
    Workbench, async_trait,
    builders::{accepted, actor_with, bare_user, session, user, user_id, wallet, wallet_account},
    expectations::{failed, ok, parsed, some},
    fakes::FakeWallets,
};
use time::Duration;

const OLD: &str = "correct horse";
const NEW: &str = "battery staple";

fn actor() -> Actor {
    actor_with(&session(1, user_id(1)))
}

/// User 1 with a password, in a session that starts now.
async fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.user_with_password(1, OLD).await;
    bench.stores.add_session(&session(1, user_id(1))).await;
    bench
}

/// The given user without a password, in a session that starts now.
async fn passwordless(user: User) -> Workbench {
    let bench = Workbench::new();
    bench.stores.add_users([&user]).await;
    bench.stores.add_session(&session(1, user.id)).await;
    bench
}

fn command(current: Option<&str>, new: &str) -> ChangePassword {
    ChangePassword { current: current.map(PasswordAttempt::new), new: parsed(new) }
}

async fn change(bench: &Workbench, current: Option<&str>, new: &str) -> Result<(), ChangePasswordError> {
    bench.identity().change_password(&actor(), command(current, new)).await
}

async fn link(bench: &Workbench, account: WalletAccount) -> Result<(), String> {
    let challenge = ok(bench.identity().challenge_own_wallet(&actor(), accepted(account)).await);
    let signature = FakeWallets::sign(&challenge.account.address(), challenge.message.as_bytes());
    let proof = WalletProof { account, signature, nonce: challenge.nonce.to_string() };
    let linked = bench.identity().link_wallet(&actor(), LinkWallet { proof }).await;
    linked.map(|_| ()).map_err(|error| error.to_string())
}

/// The recipients and subjects of the mails since the last call, in order.
async fn sent_notices(bench: &Workbench) -> Vec<(String, String)> {
    let mails = bench.mails().await;
    mails.into_iter().map(|mail| (mail.recipient.as_str().to_owned(), mail.subject)).collect()
}

fn to_user(subject: &str) -> (String, String) {
    (some(user(1).email).as_str().to_owned(), subject.to_owned())
}

#[tokio::test]
async fn a_password_change_is_notified_s200() {
    let bench = bench().await;
    ok(change(&bench, Some(OLD), NEW).await);
    assert_eq!(sent_notices(&bench).await, [to_user("password changed")]);
}

#[tokio::test]
async fn a_first_password_is_notified_s200() {
    let bench = passwordless(user(1)).await;
    ok(change(&bench, None, NEW).await);
    assert_eq!(sent_notices(&bench).await, [to_user("password set")]);
}

#[tokio::test]
async fn linking_and_unlinking_a_wallet_are_notified_s200() {
    let bench = bench().await;
    let account = wallet_account(5, Chain::Base);
    ok(link(&bench, account).await);
    ok(bench.identity().unlink_wallet(&actor(), &account.address()).await);
    let expected = [to_user(&format!("linked {account}")), to_user(&format!("unlinked {account}"))];
    assert_eq!(sent_notices(&bench).await, expected);
}

#[tokio::test]
async fn a_user_without_an_email_is_not_notified_s200() {
    let bench = passwordless(bare_user(1)).await;
    ok(change(&bench, None, NEW).await);
    let accounts = [wallet_account(5, Chain::Base), wallet_account(6, Chain::Base)];
    for account in accounts {
        ok(link(&bench, account).await);
    }
    ok(bench.identity().unlink_wallet(&actor(), &accounts[0].address()).await);
    assert_eq!(sent_notices(&bench).await, []);
}

#[tokio::test]
async fn rejected_changes_are_not_notified_s200() {
    let bench = bench().await;
    failed(change(&bench, Some("wrong"), NEW).await);
    failed(change(&bench, Some(OLD), "password").await);
    let taken = wallet(1);
    bench.stores.add_users([&user(2)]).await;
    bench.stores.add_wallets(user_id(2), [&taken]).await;
    failed(link(&bench, taken.account).await);
    failed(bench.identity().unlink_wallet(&actor(), &taken.account.address()).await);
    assert_eq!(sent_notices(&bench).await, []);
}

#[tokio::test]
async fn notices_are_limited_and_the_last_one_is_marked_s200() {
    let bench = bench().await;
    let (mut old, mut new) = (OLD, NEW);
    let mut change_often = async |count: u32| {
        for _ in 0..count {
            ok(change(&bench, Some(old), new).await);
            (old, new) = (new, old);
            bench.clock.advance(Duration::SECOND);
        }
        bench.mails().await
    };
    let mails = change_often(Notices::MOST + 2).await;
    let last: Vec<&str> = mails.iter().map(|mail| mail.text.expose().as_str()).collect();
    assert_eq!(last, ["", "", "", "", "last"]);
    // Notices about another topic are still sent.
    ok(link(&bench, wallet_account(5, Chain::Base)).await);
    assert_eq!(sent_notices(&bench).await.len(), 1);
    // The window ends exactly after one hour. The six mails were not delivered, so they are returned again, without a
    // new one.
    bench.clock.advance(Notices::WINDOW - Duration::seconds(7) - Duration::microseconds(1));
    assert_eq!(change_often(1).await.len(), 6);
    bench.clock.advance(Duration::microseconds(1));
    assert_eq!(change_often(1).await.len(), 1);
}

/// A transaction that can't be committed.
struct Doomed(Box<dyn IdentityTransaction>);

impl IdentityTransaction for Doomed {
    fn users(&mut self) -> &mut dyn Users {
        self.0.users()
    }

    fn wallets(&mut self) -> &mut dyn Wallets {
        self.0.wallets()
    }

    fn sessions(&mut self) -> &mut dyn Sessions {
        self.0.sessions()
    }

    fn device_tokens(&mut self) -> &mut dyn DeviceTokens {
        self.0.device_tokens()
    }

    fn wrong_passwords(&mut self) -> &mut dyn WrongPasswords {
        self.0.wrong_passwords()
    }

    fn known_devices(&mut self) -> &mut dyn KnownDevices {
        self.0.known_devices()
    }

    fn custom_data(&mut self) -> &mut dyn CustomDataRows {
        self.0.custom_data()
    }

    fn password_resets(&mut self) -> &mut dyn PasswordResetRows {
        self.0.password_resets()
    }

    fn email_proofs(&mut self) -> &mut dyn EmailProofs {
        self.0.email_proofs()
    }

    fn pending_registrations(&mut self) -> &mut dyn PendingRegistrations {
        self.0.pending_registrations()
    }

    fn factors(&mut self) -> &mut dyn FactorRows {
        self.0.factors()
    }

    fn interrupted_operations(&mut self) -> &mut dyn InterruptedOperations {
        self.0.interrupted_operations()
    }

    fn outbox(&mut self) -> &mut dyn Outbox {
        self.0.outbox()
    }

    fn passkeys(&mut self) -> &mut dyn Passkeys {
        self.0.passkeys()
    }
}

#[async_trait]
impl Transaction for Doomed {
    fn events(&mut self) -> &mut dyn EventLog {
        self.0.events()
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        Err(StoreError::Busy)
    }
}

#[tokio::test]
async fn a_change_that_is_rolled_back_is_not_notified_s200() {
    let bench = bench().await;
    let known = ok(bench.stores.identity.find_credentials_of(user_id(1)).await);
    let context = ok(bench.stores.identity.password_check_context(user_id(1), RequestHashes::default()).await);
    let doomed = Doomed(ok(bench.stores.identity.begin().await));
    let mut store = MockIdentityStore::new();
    store.expect_find_credentials_of().return_once(move |_| Ok(known));
    store.expect_password_check_context().return_once(move |_, _| Ok(context));
    store.expect_begin().return_once(move || Ok(Box::new(doomed)));
    // The open transaction is the only one that its storage has.
    let limits = Workbench::new().stores.limits;
    let ports = IdentityPorts { store: Arc::new(store), limits, ..bench.identity_ports() };
    let identity = Identity::new(ports, Workbench::identity_settings());
    let error = failed(identity.change_password(&actor(), command(Some(OLD), NEW)).await);
    assert!(matches!(error, ChangePasswordError::Store(StoreError::Busy)), "{error:?}");
    assert_eq!(sent_notices(&bench).await, []);
}
