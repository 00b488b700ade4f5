//! Names of permissions in requests and responses.

use serde::{Serialize, Serializer};
use serde_json::Value;
use tessera_apps::model::DeclaredPermissions;
use tessera_kernel::{Permission, PermissionSet};
use utoipa::{
    ToSchema,
    openapi::{Ref, schema::ArrayBuilder},
};

use crate::extract::{FieldResult, ValueError, distinct, text, values};

/// The name of a permission: `resource:action`. The service has `event:record`, `inventory:read`, `inventory:write`,
/// `system_data:read` and `system_data:write`. An application can declare more.
#[derive(ToSchema)]
#[schema(as = Permission, value_type = String, pattern = "^[a-z][a-z0-9_]{0,31}:[a-z][a-z0-9_]{0,31}$", max_length = 65,
    example = "inventory:read")]
pub(crate) struct PermissionName(Permission);

impl Serialize for PermissionName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl From<&Permission> for PermissionName {
    fn from(permission: &Permission) -> Self {
        Self(permission.clone())
    }
}

/// The permissions of a new key, in the order of the request.
pub(super) struct RequestedPermissions(pub(super) Vec<Permission>);

impl RequestedPermissions {
    /// Enough for the catalogue and all that an application may declare.
    const MAX: usize = 200;
}

values! {
    Permission: text, Ref::from_schema_name(PermissionName::name());
    RequestedPermissions: |value| distinct::<Permission, { RequestedPermissions::MAX }>(value).map(RequestedPermissions),
        list_of(RequestedPermissions::MAX, "inventory:read");
    DeclaredPermissions: declared, list_of(DeclaredPermissions::MAX, "match:record");
}

pub(super) fn list_of(most: usize, example: &str) -> ArrayBuilder {
    let items = Ref::from_schema_name(PermissionName::name());
    ArrayBuilder::new().items(items).unique_items(true).max_items(Some(most)).examples([vec![example]])
}

fn declared(value: &Value) -> FieldResult<DeclaredPermissions> {
    let names: PermissionSet = distinct::<Permission, { DeclaredPermissions::MAX }>(value)?.into_iter().collect();
    names.try_into().map_err(|error| ValueError::of(&error).into())
}
