//! Applications, their keys and items, service accounts, and the catalogue of permissions.

use std::net::IpAddr;

use tessera_apikeys::model::{
    ApiKey, KeyOwner, KeyRestrictions, KeyState, KeyUse, SecretUse, ServiceAccount, ServiceAccountState, StoredKey,
};
use tessera_apps::model::{Application, RedirectUris};
use tessera_inventory::model::{Item, ItemChange};
use tessera_kernel::{ApplicationId, KeyScope, OrganizationId, Permission, PermissionSet, SecretHash, UserId};
use time::{Duration, OffsetDateTime};

use super::{NOW, api_key_id, application_id, item_id, service_account_id};
use crate::expectations::{ok, parsed};

/// The permissions of the service, in the order of their names.
pub const PERMISSIONS: [Permission; 5] = [
    Permission::named("event:record"),
    Permission::named("inventory:read"),
    Permission::named("inventory:write"),
    Permission::named("system_data:read"),
    Permission::named("system_data:write"),
];

/// The catalogue of the service.
#[must_use]
pub fn catalogue() -> PermissionSet {
    PERMISSIONS.into_iter().collect()
}

/// The set of the named permissions.
#[must_use]
pub fn permissions<const N: usize>(names: [&str; N]) -> PermissionSet {
    names.map(parsed::<Permission>).into_iter().collect()
}

/// An application with a description, two redirect URIs in non-alphabetical order, and two permissions.
#[must_use]
pub fn application(number: u32, of: OrganizationId) -> Application {
    let uris = ["https://z.example.com/callback?x=%20", "http://127.0.0.1:8080/a"].map(parsed).to_vec();
    Application {
        id: application_id(number),
        organization_id: of,
        name: parsed(&format!("Lager № {number}")),
        description: Some(parsed("two lines\nof ünïcode 📦")),
        redirect_uris: ok(RedirectUris::try_from(uris)),
        permissions: ok(permissions(["goods:ship", "goods:count"]).try_into()),
        created_at: NOW,
        updated_at: NOW + Duration::microseconds(4),
    }
}

/// An active key with a lifetime of thirty days that may read and write the inventory.
#[must_use]
pub fn api_key(number: u32, of: &Application, by: UserId) -> StoredKey {
    let key = ApiKey {
        id: api_key_id(number),
        owner: KeyOwner::Application(of.id),
        organization_id: of.organization_id,
        created_by: by.into(),
        name: None,
        description: Some(parsed(&format!("for the wärehouse {number}"))),
        scope: KeyScope::ReadWrite,
        key_prefix: format!("ask_{:04}", number % 10_000),
        permissions: permissions(["inventory:read", "inventory:write"]),
        state: KeyState::Active,
        restrictions: KeyRestrictions::default(),
        created_at: NOW,
        expires_at: Some(NOW + Duration::days(30)),
        last_use: None,
        rotated_at: None,
        previous: None,
        rotated_from: None,
    };
    StoredKey { key, hash: key_hash(number) }
}

/// The hash of the secret of a key.
#[must_use]
pub fn key_hash(number: u32) -> SecretHash {
    let mut hash = [0xA5; 32];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    SecretHash::from_bytes(hash)
}

/// A use of a key by a client.
#[must_use]
pub fn key_use(at: OffsetDateTime) -> KeyUse {
    let address = Some(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x17]));
    KeyUse { at, address, user_agent: Some("läufer/1.4 (+https://example.com)".to_owned()) }
}

/// A use of the secret of a key by a client.
#[must_use]
pub fn secret_use(number: u32, at: OffsetDateTime) -> SecretUse {
    SecretUse { key: api_key_id(number), secret: key_hash(number), used: key_use(at) }
}

/// An active organization key that reads and writes, with a lifetime of thirty days.
#[must_use]
pub fn organization_key(number: u32, of: OrganizationId, owner: KeyOwner, by: UserId) -> StoredKey {
    let stored = api_key(number, &application(1, of), by);
    let key = ApiKey {
        owner,
        name: Some(parsed(&format!("Änderungen {number}"))),
        key_prefix: format!("osk_{:04}", number % 10_000),
        permissions: PermissionSet::default(),
        ..stored.key
    };
    StoredKey { key, ..stored }
}

/// An active service account that reads and writes the inventory.
#[must_use]
pub fn service_account(number: u32, of: OrganizationId, by: UserId) -> ServiceAccount {
    ServiceAccount {
        id: service_account_id(number),
        organization_id: of,
        name: parsed(&format!("Läufer {number}")),
        description: Some(parsed("nightly import")),
        permissions: permissions(["inventory:read", "inventory:write"]),
        state: ServiceAccountState::Active,
        created_by: by.into(),
        created_at: NOW,
        updated_at: NOW,
    }
}

/// A change that sets every field. The `sku` is `sku-<number>`.
#[must_use]
pub fn item_change(number: u32, of: ApplicationId) -> ItemChange {
    ItemChange {
        id: item_id(number),
        application_id: of,
        sku: parsed(&format!("sku-{number}")),
        name: Some(Some(parsed(&format!("Schraube {number}")))),
        description: Some(Some(parsed("M4 × 20\n»verzinkt« 🔩"))),
        quantity: Some(ok(i64::from(number).try_into())),
        metadata: Some(ok(String::from(r#"{"z":1,"a":{"ü":[1.50,null,"\u0041"]},"m":1e2}"#).try_into())),
        at: NOW + Duration::microseconds(5),
    }
}

/// The same change with only the `sku` set.
#[must_use]
pub fn bare_item_change(number: u32, of: ApplicationId) -> ItemChange {
    ItemChange { name: None, description: None, quantity: None, metadata: None, ..item_change(number, of) }
}

/// The item that a change creates if none exists.
#[must_use]
pub fn item_made_by(change: &ItemChange) -> Item {
    Item {
        id: change.id,
        application_id: change.application_id,
        sku: change.sku.clone(),
        name: change.name.clone().flatten(),
        description: change.description.clone().flatten(),
        quantity: change.quantity.unwrap_or_default(),
        metadata: change.metadata.clone().unwrap_or_default(),
        version: 1,
        created_at: change.at,
        updated_at: change.at,
    }
}
