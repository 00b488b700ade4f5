//! The values of requests of the B3OS API.

use serde::Serialize;
use serde_json::Value;
use tessera_apikeys::model::{KeyLimit, KeyLimits, KeyName, ServiceAccountPermission};
use tessera_kernel::{KeyScope, PermissionSet, ServiceAccountId};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use utoipa::{
    ToSchema,
    openapi::{ObjectBuilder, Ref, RefOr, Schema, Type, schema::ArrayBuilder},
};

use crate::{
    extract::{FieldResult, Member, RequestValue, ValueError, distinct, text, values},
    openapi::schema,
    problem::FieldErrorCode,
    v1::{
        api_keys::values::{limit_name, limits_of},
        enums::ScopeName,
    },
};

/// What a service account can be permitted to do.
#[derive(ToSchema)]
#[schema(as = ServiceAccountPermission, example = "inventory:read")]
#[expect(dead_code, reason = "it is only described; the domain has the names")]
pub(super) enum PermissionName {
    #[schema(rename = "api_keys:read")]
    ApiKeysRead,
    #[schema(rename = "api_keys:write")]
    ApiKeysWrite,
    #[schema(rename = "apps:read")]
    AppsRead,
    #[schema(rename = "apps:write")]
    AppsWrite,
    #[schema(rename = "event:record")]
    EventRecord,
    #[schema(rename = "inventory:read")]
    InventoryRead,
    #[schema(rename = "inventory:write")]
    InventoryWrite,
    #[schema(rename = "members:read")]
    MembersRead,
    #[schema(rename = "members:write")]
    MembersWrite,
    #[schema(rename = "org:read")]
    OrgRead,
    #[schema(rename = "system_data:read")]
    SystemDataRead,
    #[schema(rename = "system_data:write")]
    SystemDataWrite,
}

/// The permissions of a service account.
pub(super) struct AccountPermissions(pub(super) PermissionSet);

/// A limit of the requests in each window. Windows follow each other without a gap, and one begins at the Unix epoch.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrganizationKeyLimit, example = json!({"name": "per-minute", "requests": 600, "windowSeconds": 60}))]
pub(super) struct LimitView {
    #[schema(schema_with = limit_name)]
    name: String,
    /// The requests in each window.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 600)]
    requests: u32,
    /// The length of a window in seconds, up to 30 days.
    #[schema(minimum = 1, maximum = 2_592_000, example = 60)]
    window_seconds: u32,
}

impl From<&KeyLimit> for LimitView {
    fn from(limit: &KeyLimit) -> Self {
        let KeyLimit { name, requests, window } = limit;
        Self { name: name.to_string(), requests: requests.get(), window_seconds: window.get() }
    }
}

/// The limits of a key, in the names of this API.
pub(super) struct Limits(pub(super) KeyLimits);

/// When a key expires. `None` if it never does.
pub(super) struct Expiry(pub(super) Option<OffsetDateTime>);

values! {
    KeyName: text, schema::line(KeyName::MAX_LENGTH, "Deployment");
    KeyScope: text, Ref::from_schema_name(ScopeName::name());
    ServiceAccountId: text, schema::id();
    Limits: limits, ArrayBuilder::new()
        .items(Ref::from_schema_name(LimitView::name()))
        .max_items(Some(KeyLimits::MAX));
    AccountPermissions: account_permissions, ArrayBuilder::new()
        .items(Ref::from_schema_name(PermissionName::name()))
        .unique_items(true)
        .max_items(Some(MAX_PERMISSIONS))
        .examples([vec!["inventory:read", "inventory:write"]]);
}

/// The number of permissions that exist.
const MAX_PERMISSIONS: usize = 12;

fn limits(value: &Value) -> FieldResult<Limits> {
    limits_of(value, "windowSeconds").map(Limits)
}

fn account_permissions(value: &Value) -> FieldResult<AccountPermissions> {
    let names = distinct::<ServiceAccountPermission, MAX_PERMISSIONS>(value)?;
    Ok(AccountPermissions(names.into_iter().map(Into::into).collect()))
}

impl RequestValue for Expiry {
    fn read(member: &Member<'_>) -> FieldResult<Self> {
        let text: String = text(member.value)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        // The conversion fails for a time whose year in UTC has more than four digits.
        let time = OffsetDateTime::parse(&text, &Rfc3339).ok().and_then(|time| time.checked_to_offset(UtcOffset::UTC));
        let Some(time) = time else {
            let detail = "must be a time such as 2027-03-01T09:30:00Z (RFC 3339), or empty";
            return Err(ValueError::new(FieldErrorCode::InvalidFormat, detail).into());
        };
        // Responses have whole seconds, so a key expires at the second that they state.
        let time = time.replace_nanosecond(0).unwrap_or(time);
        if time <= member.at {
            return Err(ValueError::new(FieldErrorCode::OutOfRange, "must be in the future").into());
        }
        Ok(Self(Some(time)))
    }

    fn schema() -> RefOr<Schema> {
        // Without a format, because the empty text is none.
        ObjectBuilder::new().schema_type(Type::String).examples(["2097-03-01T09:30:00Z"]).into()
    }
}
