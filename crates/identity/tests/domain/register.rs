//! Registration with a password.

use std::sync::Arc;

use tessera_identity::{
    Identity, IdentityPorts, IdentitySettings, Register, RegisterError,
    model::PasswordError,
    ports::{HashError, MockIdentityStore},
};
use tessera_kernel::{StoreError, limit};
use tessera_testkit::{
    Workbench,
    builders::{NOW, origin, user, user_id},
    concurrency::concurrently,
    expectations::{failed, ok, parsed, some},
};

const PASSWORD: &str = "correct horse";

fn command(email: &str, password: &str) -> Register {
    Register {
        email: parsed(email),
        password: parsed(password),
        display_name: Some(parsed("Ada")),
        first_name: Some(parsed("Augusta")),
        last_name: Some(parsed("King")),
        origin: origin(),
    }
}

fn with_minimum(bench: &Workbench, min_password_length: usize) -> Identity {
    let settings = IdentitySettings { min_password_length, ..Workbench::identity_settings() };
    Identity::new(bench.identity_ports(), settings)
}

#[tokio::test]
async fn a_visitor_becomes_a_user() {
    let bench = Workbench::new();
    let user = ok(bench.identity().register(command("Ada@Example.com", PASSWORD)).await);
    assert_eq!(ok(bench.stores.identity.find_user(user.id).await).as_ref(), Some(&user));
    assert_eq!(user.email.map(|email| email.to_string()).as_deref(), Some("Ada@Example.com"));
    assert!(!user.email_verified);
    assert_eq!((user.display_name, user.first_name), (Some(parsed("Ada")), Some(parsed("Augusta"))));
    assert_eq!((user.last_name, user.avatar_url), (Some(parsed("King")), None));
    assert_eq!((user.created_at, user.updated_at), (NOW, NOW));
}

#[tokio::test]
async fn a_new_user_may_sign_in_with_the_password() {
    let bench = Workbench::new();
    ok(bench.identity().register(command("ada@example.com", PASSWORD)).await);
    let known = some(ok(bench.stores.identity.find_credentials(&parsed("ada@example.com")).await));
    assert_eq!(known.password_hash, Some(bench.hasher.hash_of(PASSWORD)));
}

#[tokio::test]
async fn an_email_registers_once() {
    let bench = Workbench::new();
    ok(bench.identity().register(command("ada@example.com", PASSWORD)).await);
    for again in ["ada@example.com", "ADA@Example.COM"] {
        let error = failed(bench.identity().register(command(again, PASSWORD)).await);
        assert!(matches!(error, RegisterError::EmailTaken), "{error:?}");
    }
}

#[tokio::test]
async fn a_refused_registration_is_not_announced() {
    let bench = Workbench::new();
    bench.stores.add_users([&user(1)]).await;
    failed(bench.identity().register(command("user1@example.com", PASSWORD)).await);
    assert!(bench.actions(None).await.is_empty());
}

#[tokio::test]
async fn a_password_under_the_configured_minimum_is_refused() {
    let bench = Workbench::new();
    let error = failed(with_minimum(&bench, 12).register(command("ada@example.com", "eleven char")).await);
    assert!(matches!(error, RegisterError::PasswordLength(PasswordError::TooShort { min: 12 })), "{error:?}");
    assert_eq!(bench.hasher.hashed(), 0);
}

#[tokio::test]
async fn a_password_of_the_configured_minimum_is_taken() {
    let bench = Workbench::new();
    ok(with_minimum(&bench, 12).register(command("ada@example.com", "twelve chars")).await);
}

#[tokio::test]
async fn a_guessable_password_is_refused_with_advice() {
    let bench = Workbench::new();
    let error = failed(bench.identity().register(command("ada@example.com", "password")).await);
    let RegisterError::PasswordWeak(weak) = error else { panic!("{error:?}") };
    assert!(!weak.warning.is_empty() && !weak.suggestions.is_empty());
    assert_eq!(bench.hasher.hashed(), 0);
}

#[tokio::test]
async fn a_password_is_judged_by_someone_who_knows_the_account() {
    let bench = Workbench::new();
    ok(bench.identity().register(command("Ada.L@example.com", PASSWORD)).await);
    assert_eq!(bench.strength.last_words(), ["Ada.L@example.com", "Ada.L", "Ada", "Augusta", "King"]);
}

#[tokio::test]
async fn the_hash_is_made_before_the_transaction_opens() {
    let bench = Workbench::new();
    let other_writer = ok(bench.stores.identity.begin().await);
    // The limits are counted before, in a transaction of their own.
    let ports = IdentityPorts { limits: Workbench::new().stores.limits, ..bench.identity_ports() };
    let identity = Identity::new(ports, Workbench::identity_settings());
    let registering = tokio::spawn(async move { identity.register(command("ada@example.com", PASSWORD)).await });
    while bench.hasher.hashed() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.store.open_transactions(), 1);
    drop(other_writer);
    ok(ok(registering.await));
}

#[tokio::test]
async fn a_busy_hasher_registers_nobody() {
    let bench = Workbench::new();
    bench.hasher.become_busy();
    let error = failed(bench.identity().register(command("ada@example.com", PASSWORD)).await);
    assert!(matches!(error, RegisterError::Hash(HashError::Busy { .. })), "{error:?}");
    assert_eq!(ok(bench.stores.identity.find_credentials(&parsed("ada@example.com")).await), None);
}

#[tokio::test]
async fn a_registration_over_the_limit_computes_no_hash() {
    let bench = Workbench::new();
    for number in 0..limit::REGISTER.quota {
        ok(bench.identity().register(command(&format!("user{number}@example.com"), PASSWORD)).await);
    }
    let hashed = bench.hasher.hashed();
    let error = failed(bench.identity().register(command("ada@example.com", PASSWORD)).await);
    assert!(matches!(error, RegisterError::RateLimited(limited) if limited.limit == limit::REGISTER), "{error:?}");
    assert_eq!(bench.hasher.hashed(), hashed);
}

#[tokio::test]
async fn a_failing_store_is_no_taken_address() {
    let bench = Workbench::new();
    let mut store = MockIdentityStore::new();
    store.expect_begin().returning(|| Err(StoreError::Busy));
    let ports = IdentityPorts { store: Arc::new(store), ..bench.identity_ports() };
    let identity = Identity::new(ports, Workbench::identity_settings());
    let error = failed(identity.register(command("ada@example.com", PASSWORD)).await);
    assert!(matches!(error, RegisterError::Store(StoreError::Busy)), "{error:?}");
}

#[tokio::test]
async fn a_registration_is_announced_as_a_visitors_deed() {
    let bench = Workbench::new();
    let user = ok(bench.identity().register(command("ada@example.com", PASSWORD)).await);
    let events = bench.events(None).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].name, "user.registered");
    assert_eq!((events[0].subject, &events[0].actor), (Some(user.id.as_uuid()), &None));
    assert_eq!((&events[0].origin, events[0].occurred_at), (&origin(), NOW));
}

#[tokio::test]
async fn of_eight_registrations_of_one_address_one_succeeds() {
    let bench = Workbench::new();
    let identity = Arc::new(bench.identity());
    let results = concurrently(8, |_| {
        let identity = Arc::clone(&identity);
        async move { identity.register(command("ada@example.com", PASSWORD)).await }
    });
    let made = results.await.iter().filter(|result| result.is_ok()).count();
    assert_eq!((made, bench.actions(None).await.len()), (1, 1));
}

#[tokio::test]
async fn two_users_have_two_ids() {
    let bench = Workbench::new();
    let one = ok(bench.identity().register(command("one@example.com", PASSWORD)).await);
    let other = ok(bench.identity().register(command("two@example.com", PASSWORD)).await);
    assert_ne!(one.id, other.id);
    assert_ne!(one.id, user_id(1));
}
