//! The names that belong to keys.

use utoipa::{
    PartialSchema,
    openapi::{Object, ObjectBuilder, RefOr, Schema},
};

use crate::{b3os::key_view::OrganizationKeyView, v1::api_keys::view::ApiKeyView};

/// The fields of keys in both APIs, and the secret. An operation on keys ignores none that it cannot set.
pub(crate) struct KeyFields;

impl PartialSchema for KeyFields {
    fn schema() -> RefOr<Schema> {
        let mut all = ObjectBuilder::new().property("raw_key", Object::new()).build();
        for view in [ApiKeyView::schema(), OrganizationKeyView::schema()] {
            if let RefOr::T(Schema::Object(view)) = view {
                all.properties.extend(view.properties);
            }
        }
        all.into()
    }
}
