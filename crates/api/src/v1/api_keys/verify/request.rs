//! The body of a verification.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::Value;
use tessera_apikeys::{ApiKeys, VerifyKey, model::UseCost};
use tessera_kernel::Permission;
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, Ref, RefOr, Schema, schema::ArrayBuilder},
};

use crate::{
    extract::{FieldResult, Fields, Members, Request, ValueError, distinct, list, nullable, text, values},
    openapi::schema,
    problem::FieldErrorCode,
    v1::permissions::{PermissionName, list_of},
};

/// The keys to verify: one `key`, or several `keys`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = VerifyKeyRequest)]
#[expect(dead_code, reason = "it is only described; VerifyRequest reads the body")]
pub(super) enum VerifySchema {
    One(VerifyOne),
    Batch(VerifyBatch),
}

/// Verify one key.
#[derive(Serialize, ToSchema)]
#[schema(as = VerifyOneKey, example = json!({
    "key": "ask_4fWzTqXn2LkPv7RbYc9MhGd3JsAe5UwKo8ZiBx1NrQt6Vy000", "permission": "inventory:read", "cost": 1,
    "ip": "203.0.113.7"
}))]
pub(super) struct VerifyOne {
    #[schema(schema_with = key_text)]
    key: String,
    #[schema(schema_with = permission, required = false)]
    permission: Option<String>,
    #[schema(schema_with = permissions, required = false)]
    permissions: Option<Vec<String>>,
    #[schema(schema_with = schema::null, required = false)]
    keys: (),
    #[schema(schema_with = cost, required = false)]
    cost: Option<u32>,
    #[schema(schema_with = ip, required = false)]
    ip: Option<String>,
}

/// Verify several keys.
#[derive(Serialize, ToSchema)]
#[schema(as = VerifySeveralKeys, example = json!({
    "keys": [{"key": "ask_4fWzTqXn2LkPv7RbYc9MhGd3JsAe5UwKo8ZiBx1NrQt6Vy000", "permissions": ["inventory:read"]}]
}))]
pub(super) struct VerifyBatch {
    #[schema(schema_with = schema::null, required = false)]
    key: (),
    #[schema(schema_with = schema::null, required = false)]
    permission: (),
    #[schema(schema_with = schema::null, required = false)]
    permissions: (),
    /// The keys, 1 to 100. The results have the same order.
    #[schema(min_items = 1, max_items = 100)]
    keys: Vec<KeyInBatch>,
    #[schema(schema_with = cost, required = false)]
    cost: Option<u32>,
    #[schema(schema_with = ip, required = false)]
    ip: Option<String>,
}

/// One key of a batch.
#[derive(Serialize, ToSchema)]
struct KeyInBatch {
    #[schema(schema_with = key_text)]
    key: String,
    #[schema(schema_with = permission, required = false)]
    permission: Option<String>,
    #[schema(schema_with = permissions, required = false)]
    permissions: Option<Vec<String>>,
}

fn key_text() -> ObjectBuilder {
    schema::any_text()
        .description(Some("The text to verify. It may be any text. White space around it is ignored."))
        .examples(["ask_4fWzTqXn2LkPv7RbYc9MhGd3JsAe5UwKo8ZiBx1NrQt6Vy000"])
}

fn permission() -> RefOr<Schema> {
    nullable(Ref::from_schema_name(PermissionName::name()), "A permission to check.")
}

fn permissions() -> RefOr<Schema> {
    nullable(
        list_of(RequiredPermissions::MAX, "inventory:read"),
        "Permissions to check. All are required, with `permission`. If there are none, only the state of the key is checked.",
    )
}

fn cost() -> RefOr<Schema> {
    nullable(
        schema::number(0, UseCost::MAX, 1),
        "What the use of each key is charged with. 1 by default. With 0, no limit rejects a key: `remaining` says what is left.",
    )
}

fn ip() -> RefOr<Schema> {
    nullable(schema::ip_address(), "The address of the client that presented the keys, for `allowed_ips`.")
}

/// The keys to verify.
pub(super) enum Questions {
    One(VerifyKey),
    Batch(Vec<VerifyKey>),
}

pub(super) struct VerifyRequest {
    pub(super) questions: Questions,
    pub(super) cost: UseCost,
    pub(super) address: Option<IpAddr>,
}

/// Permissions that a key must have.
struct RequiredPermissions(Vec<Permission>);

impl RequiredPermissions {
    const MAX: usize = 50;
}

/// The keys of a batch.
struct Batch(Vec<VerifyKey>);

values! {
    RequiredPermissions: |value| distinct::<Permission, { RequiredPermissions::MAX }>(value).map(RequiredPermissions),
        list_of(RequiredPermissions::MAX, "inventory:read");
    Batch: batch, ArrayBuilder::new();
}

fn batch(value: &Value) -> FieldResult<Batch> {
    let keys = list(ApiKeys::MAX_VERIFIED, question)(value)?;
    if keys.is_empty() {
        let detail = format!("must have 1 to {} entries", ApiKeys::MAX_VERIFIED);
        return Err(vec![ValueError::new(FieldErrorCode::TooShort, detail)]);
    }
    Ok(Batch(keys))
}

fn question(value: &Value) -> FieldResult<VerifyKey> {
    let mut members = Members::of(value)?;
    let key = members.required("key", text::<String>);
    let one = members.optional("permission", text::<Permission>);
    let several = members.optional("permissions", distinct::<Permission, { RequiredPermissions::MAX }>);
    members.finish(key.map(|key| VerifyKey { key, permissions: required(one, several) }))
}

fn required(one: Option<Permission>, several: Option<Vec<Permission>>) -> Vec<Permission> {
    one.into_iter().chain(several.into_iter().flatten()).collect()
}

impl Request for VerifyRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (cost, address) = (fields.optional("cost"), fields.optional("ip"));
        let one = fields.optional::<Permission>("permission");
        let several = fields.optional::<RequiredPermissions>("permissions").map(|RequiredPermissions(all)| all);
        let questions = match (fields.has("key"), fields.has("keys")) {
            (false, true) => {
                for name in ["permission", "permissions"] {
                    if fields.has(name) {
                        fields.fault(name, FieldErrorCode::Conflicting, "must be in the entries of keys");
                    }
                }
                fields.optional::<Batch>("keys").map(|Batch(keys)| Questions::Batch(keys))
            }
            (both, batch) => {
                if both && batch {
                    fields.fault("", FieldErrorCode::Conflicting, "must have key or keys, not both");
                    let _: Option<Batch> = fields.optional("keys");
                }
                if !both {
                    fields.fault("key", FieldErrorCode::Required, "is required, unless keys is present");
                }
                let key = fields.optional::<String>("key");
                key.map(|key| Questions::One(VerifyKey { key, permissions: required(one, several) }))
            }
        };
        Some(Self { questions: questions?, cost: cost.unwrap_or_default(), address })
    }
}
