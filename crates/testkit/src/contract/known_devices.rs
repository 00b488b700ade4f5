//! Contract of [`KnownDevices`](tessera_identity::ports::KnownDevices).

use std::sync::Arc;

use tessera_identity::{
    model::Device,
    ports::{DeviceStatus, IdentityStore, KNOWN_NETWORK_DAYS, MOST_KNOWN_NETWORKS, RequestHashes},
};
use tessera_kernel::{SecretHash, StoreError, UserId};
use time::{Duration, OffsetDateTime};

use super::world::neighbour_of;
use crate::{
    Harness, Stores,
    builders::{NOW, user, user_id},
    concurrency::at_once,
    expectations::{conflict, ok},
};

fn device(number: u8) -> SecretHash {
    SecretHash::from_bytes([number; 32])
}

fn from(device: Option<SecretHash>, network: Option<SecretHash>) -> RequestHashes {
    RequestHashes { device, network, ..RequestHashes::default() }
}

async fn sign_in(
    store: Arc<dyn IdentityStore>,
    user: UserId,
    number: u8,
    seconds: i64,
) -> Result<DeviceStatus, StoreError> {
    let mut tx = store.begin().await?;
    tx.users().lock(user).await?;
    let met = tx.known_devices().record(user, &device(number), NOW + Duration::seconds(seconds)).await?;
    tx.commit().await?;
    Ok(met)
}

async fn record_after(stores: &Stores, user: UserId, number: u8, seconds: i64) -> DeviceStatus {
    ok(sign_in(stores.identity.clone(), user, number, seconds).await)
}

async fn record(stores: &Stores, user: UserId, number: u8) -> DeviceStatus {
    record_after(stores, user, number, 0).await
}

async fn sign_in_from(stores: &Stores, user: u32, network: SecretHash, at: OffsetDateTime) {
    let mut tx = ok(stores.identity.begin().await);
    ok(tx.known_devices().record_network(user_id(user), &network, at).await);
    ok(tx.commit().await);
}

contract!(
    use known_devices as known_devices_contract;

    async fn a_device_is_new_once_for_each_user(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        // Users and devices in order, with the status that each must have.
        let seen = [
            (1, 1, DeviceStatus::First),
            (1, 1, DeviceStatus::Known),
            (1, 2, DeviceStatus::New),
            (1, 2, DeviceStatus::Known),
            (1, 3, DeviceStatus::New),
            (1, 1, DeviceStatus::Known),
            (2, 1, DeviceStatus::First),
            (2, 4, DeviceStatus::New),
            (1, 4, DeviceStatus::New),
        ];
        for (place, (user, device, status)) in seen.into_iter().enumerate() {
            let recorded = record(stores, user_id(user), device).await;
            assert_eq!(recorded, status, "user {user}, device {device}, at place {place}");
        }
    }

    async fn only_the_most_recently_seen_devices_are_known(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let most = Device::MOST_KNOWN;
        assert_eq!(record(stores, user_id(2), 1).await, DeviceStatus::First);
        for number in 1..=most {
            record_after(stores, user_id(1), number, number.into()).await;
        }
        // The first device is seen again, so the second device is now the one that was not seen for the longest time.
        assert_eq!(record_after(stores, user_id(1), 1, 100).await, DeviceStatus::Known);
        assert_eq!(record_after(stores, user_id(1), most + 1, 101).await, DeviceStatus::New);
        for number in (1..=most + 1).filter(|number| *number != 2) {
            assert_eq!(record_after(stores, user_id(1), number, 102).await, DeviceStatus::Known, "{number}");
        }
        assert_eq!(record_after(stores, user_id(1), 2, 103).await, DeviceStatus::New);
        assert_eq!(record(stores, user_id(2), 1).await, DeviceStatus::Known);
    }

    async fn a_device_requires_its_user(harness: &impl Harness) {
        let met = sign_in(harness.stores().identity.clone(), user_id(1), 1, 0).await;
        conflict(met, StoreError::REFERENCE);
    }

    async fn a_device_of_a_dropped_transaction_is_not_known(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let mut tx = ok(stores.identity.begin().await);
        assert_eq!(ok(tx.known_devices().record(user_id(1), &device(1), NOW).await), DeviceStatus::First);
        drop(tx);
        assert_eq!(record(stores, user_id(1), 1).await, DeviceStatus::First);
    }

    async fn of_eight_concurrent_sign_ins_one_finds_the_device_new(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        record(stores, user_id(1), 1).await;
        let met = at_once(harness, 8, |_| sign_in(stores.identity.clone(), user_id(1), 2, 0)).await;
        assert_eq!(met.iter().filter(|met| **met == DeviceStatus::New).count(), 1, "{met:?}");
        assert_eq!(met.iter().filter(|met| **met == DeviceStatus::Known).count(), 7, "{met:?}");
    }

    async fn a_device_is_known_before_a_password_is_compared(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let known = async |user, device| {
            ok(stores.identity.password_check_context(user_id(user), from(device, device)).await).known_device
        };
        assert!(!known(1, Some(device(1))).await);
        record(stores, user_id(1), 1).await;
        assert!(known(1, Some(device(1))).await);
        for (user, unknown) in [(1, None), (1, Some(device(2))), (2, Some(device(1))), (9, Some(device(1)))] {
            assert!(!known(user, unknown).await, "{user} {unknown:?}");
        }
    }

    async fn a_network_is_known_for_thirty_days(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        // By the clock of the storage, because the context is read by it.
        let now = ok(stores.resets.now().await);
        let long = Duration::days(KNOWN_NETWORK_DAYS);
        sign_in_from(stores, 1, device(1), now - long + Duration::MINUTE).await;
        sign_in_from(stores, 2, device(2), now - long - Duration::MINUTE).await;
        for (user, network, expected) in [
            (1, Some(device(1)), true),
            (1, Some(neighbour_of(device(1))), false),
            (1, None, false),
            (2, Some(device(1)), false),
            (2, Some(device(2)), false),
            (9, Some(device(1)), false),
        ] {
            let context = ok(stores.identity.password_check_context(user_id(user), from(network, network)).await);
            assert_eq!((context.known_network, context.known_device), (expected, false), "{user} {network:?}");
        }
        // Another sign-in from there.
        sign_in_from(stores, 2, device(2), now).await;
        let context = ok(stores.identity.password_check_context(user_id(2), from(None, Some(device(2)))).await);
        assert!(context.known_network);
    }

    async fn the_most_recently_seen_networks_are_kept(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let now = ok(stores.resets.now().await);
        for number in 0..=MOST_KNOWN_NETWORKS {
            sign_in_from(stores, 1, device(number), now + Duration::seconds(number.into())).await;
        }
        let known = async |number| {
            let context = stores.identity.password_check_context(user_id(1), from(None, Some(device(number)))).await;
            ok(context).known_network
        };
        assert!(!known(0).await);
        assert!(known(1).await && known(MOST_KNOWN_NETWORKS).await);
    }

    async fn a_network_of_no_user_is_not_stored(harness: &impl Harness) {
        let mut tx = ok(harness.stores().identity.begin().await);
        let recorded = tx.known_devices().record_network(user_id(9), &device(1), NOW).await;
        let outcome = match recorded {
            Ok(()) => tx.commit().await,
            failed => failed,
        };
        conflict(outcome, StoreError::REFERENCE);
    }

    async fn all_devices_and_networks_of_one_user_are_forgotten(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1), &user(2)]).await;
        let now = ok(stores.resets.now().await);
        for number in [1, 2] {
            record(stores, user_id(number), 1).await;
            sign_in_from(stores, number, device(1), now).await;
        }
        let known = async |number| {
            let hashes = from(Some(device(1)), Some(device(1)));
            let context = ok(stores.identity.password_check_context(user_id(number), hashes).await);
            (context.known_device, context.known_network)
        };
        for keep in [true, false] {
            let mut tx = ok(stores.identity.begin().await);
            ok(tx.users().lock(user_id(1)).await);
            ok(tx.known_devices().delete_all(user_id(1)).await);
            if keep {
                drop(tx);
            } else {
                ok(tx.commit().await);
            }
            assert_eq!((known(1).await, known(2).await), ((keep, keep), (true, true)));
        }
        assert_eq!(record(stores, user_id(1), 1).await, DeviceStatus::First);
    }

    async fn hashes_that_differ_in_their_last_byte_are_two_devices(harness: &impl Harness) {
        let stores = harness.stores();
        stores.add_users([&user(1)]).await;
        let (one, other) = (device(1), neighbour_of(device(1)));
        let record = async |device: SecretHash| {
            let mut tx = ok(stores.identity.begin().await);
            ok(tx.users().lock(user_id(1)).await);
            let status = ok(tx.known_devices().record(user_id(1), &device, NOW).await);
            ok(tx.commit().await);
            status
        };
        assert_eq!(record(one).await, DeviceStatus::First);
        let context = ok(stores.identity.password_check_context(user_id(1), from(Some(other), None)).await);
        assert!(!context.known_device);
        assert_eq!(record(other).await, DeviceStatus::New);
        assert_eq!((record(one).await, record(other).await), (DeviceStatus::Known, DeviceStatus::Known));
    }
);
