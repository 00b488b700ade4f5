//! Names of permissions in requests and responses.

use std::{cell::RefCell, collections::BTreeSet};

use serde::Serialize;
use serde_json::Value;
use tessera_kernel::Permission;
use utoipa::{
    ToSchema,
    openapi::{
        Ref, Type,
        schema::{ArrayBuilder, SchemaType},
    },
};

use crate::{
    extract::{FieldResult, ValueError, list, text},
    problem::FieldErrorCode,
};

/// The name of a permission: `resource:action`. The service has `event:record`, `inventory:read`, `inventory:write`,
/// `system_data:read` and `system_data:write`. An application can declare more.
#[derive(Serialize, ToSchema)]
#[schema(as = Permission, pattern = "^[a-z][a-z0-9_]{0,31}:[a-z][a-z0-9_]{0,31}$", max_length = 65,
    example = "inventory:read")]
pub(super) struct PermissionName(String);

impl From<&Permission> for PermissionName {
    fn from(permission: &Permission) -> Self {
        Self(permission.to_string())
    }
}

/// The schema of a list of permissions that may be absent.
pub(super) fn permissions_or_null<const MAX: usize>() -> ArrayBuilder {
    let types = SchemaType::from_iter([Type::Array, Type::Null]);
    let items = Ref::from_schema_name(PermissionName::name());
    ArrayBuilder::new().schema_type(types).items(items).unique_items(true).max_items(Some(MAX))
}

/// Reads a list of at most `MAX` permissions without duplicates.
pub(super) fn permissions<const MAX: usize>(value: &Value) -> FieldResult<Vec<Permission>> {
    let seen = RefCell::new(BTreeSet::new());
    let once = |value: &Value| {
        let permission = text::<Permission>(value)?;
        if seen.borrow_mut().insert(permission.clone()) {
            return Ok(permission);
        }
        Err(ValueError::new(FieldErrorCode::Duplicate, "must not be there twice").into())
    };
    list(MAX, once)(value)
}
