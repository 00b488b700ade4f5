//! Declaration of request bodies: one list of fields for the reader, the schema and the size limit.

use serde_json::Value;
use utoipa::openapi::{
    ObjectBuilder, RefOr, Schema, Type,
    schema::{OneOfBuilder, SchemaType},
};

use crate::extract::json::{
    fields::{Fields, Patch, RequestValue},
    limits,
};

/// Declares a request body. The type of a field says whether the field is required: `T`, `Option<T>` or `Patch<T>`. The
/// doc comments are the descriptions in the schema. `as "name"` is the name in JSON, if it differs. `= value` is the
/// example of a field, if that of its type does not fit.
macro_rules! request {
    ($(#[doc = $about:literal])+ $visibility:vis struct $request:ident {
        $($(#[doc = $text:literal])* $field_visibility:vis $field:ident $(as $name:literal)?: $type:ty $(= $example:expr)?,)+
    }) => {
        $(#[doc = $about])+
        $visibility struct $request {
            $($(#[doc = $text])* $field_visibility $field: $type,)+
        }

        impl $crate::extract::Request for $request {
            const MAX_BYTES: usize =
                $crate::extract::json::request::largest(&[$(<$type as $crate::extract::RequestField>::MAX_BYTES),+]);

            fn read(fields: &mut $crate::extract::Fields<'_>) -> Option<Self> {
                $(let $field =
                    $crate::extract::RequestField::read(fields, $crate::extract::json::request::name!($field $($name)?));)+
                Some(Self { $($field: $field?,)+ })
            }
        }

        impl utoipa::PartialSchema for $request {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                let body = $crate::extract::json::request::body(&[$($about),+]);
                $(
                    let about = $crate::extract::About {
                        text: &[$($text),*],
                        examples: &[$(serde_json::Value::from($example))?],
                    };
                    let body = <$type as $crate::extract::RequestField>::describe(
                        body,
                        $crate::extract::json::request::name!($field $($name)?),
                        &about,
                    );
                )+
                body.into()
            }
        }

        impl utoipa::ToSchema for $request {}
    };
}
pub(crate) use request;

/// The name of a field in JSON.
macro_rules! name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $name:literal) => {
        $name
    };
}
pub(crate) use name;

/// Declares how values of requests are read from JSON, and their schemas.
macro_rules! values {
    ($($type:ty: $read:expr, $schema:expr;)+) => {$(
        impl $crate::extract::RequestValue for $type {
            fn read(member: &$crate::extract::Member<'_>) -> $crate::extract::FieldResult<Self> {
                let read: fn(&serde_json::Value) -> $crate::extract::FieldResult<Self> = $read;
                read(member.value)
            }

            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $schema.into()
            }
        }
    )+};
}
pub(crate) use values;

/// What the declaration of a field says beside its type.
pub(crate) struct About<'a> {
    /// The lines of the doc comment.
    pub(crate) text: &'a [&'a str],
    /// The example. Empty if that of the type fits.
    pub(crate) examples: &'a [Value],
}

impl About<'_> {
    fn replace(&self, text: &mut Option<String>, examples: &mut Vec<Value>) {
        if !self.text.is_empty() {
            *text = Some(description(self.text));
        }
        if !self.examples.is_empty() {
            *examples = self.examples.to_vec();
        }
    }
}

/// A field of a request: one member of the body, or several that are read together.
pub(crate) trait RequestField: Sized {
    const MAX_BYTES: usize = limits::DEFAULT;

    /// Returns `None` if the value is missing or invalid, which is then recorded in `fields`.
    fn read(fields: &mut Fields<'_>, name: &str) -> Option<Self>;
    /// Adds the members to the schema of the body.
    fn describe(body: ObjectBuilder, name: &str, about: &About<'_>) -> ObjectBuilder;
}

impl<T: RequestValue> RequestField for T {
    const MAX_BYTES: usize = T::MAX_BYTES;

    fn read(fields: &mut Fields<'_>, name: &str) -> Option<Self> {
        fields.required(name)
    }

    fn describe(body: ObjectBuilder, name: &str, about: &About<'_>) -> ObjectBuilder {
        body.property(name, described(T::schema(), about)).required(name)
    }
}

impl<T: RequestValue> RequestField for Option<T> {
    const MAX_BYTES: usize = T::MAX_BYTES;

    fn read(fields: &mut Fields<'_>, name: &str) -> Option<Self> {
        Some(fields.optional(name))
    }

    fn describe(body: ObjectBuilder, name: &str, about: &About<'_>) -> ObjectBuilder {
        body.property(name, or_null(described(T::schema(), about)))
    }
}

impl<T: RequestValue> RequestField for Patch<T> {
    const MAX_BYTES: usize = T::MAX_BYTES;

    fn read(fields: &mut Fields<'_>, name: &str) -> Option<Self> {
        Some(fields.patch(name))
    }

    fn describe(body: ObjectBuilder, name: &str, about: &About<'_>) -> ObjectBuilder {
        <Option<T>>::describe(body, name, about)
    }
}

/// The size limit of a body whose fields have these limits.
pub(crate) const fn largest(limits: &[usize]) -> usize {
    let Some((first, rest)) = limits.split_first() else { return 0 };
    let rest = largest(rest);
    if *first > rest { *first } else { rest }
}

/// The schema of a body without fields.
pub(crate) fn body(text: &[&str]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Object).description(Some(description(text)))
}

fn description(text: &[&str]) -> String {
    text.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n")
}

/// Replaces the description and the example of a type, if its field has its own.
fn described(mut schema: RefOr<Schema>, about: &About<'_>) -> RefOr<Schema> {
    match &mut schema {
        // A reference has no example of its own.
        RefOr::Ref(reference) => reference.description = description(about.text),
        RefOr::T(Schema::Object(object)) => about.replace(&mut object.description, &mut object.examples),
        RefOr::T(Schema::Array(array)) => about.replace(&mut array.description, &mut array.examples),
        RefOr::T(_) => {}
    }
    schema
}

/// The schema of an optional field with that description.
pub(crate) fn nullable(schema: impl Into<RefOr<Schema>>, text: &str) -> RefOr<Schema> {
    or_null(described(schema.into(), &About { text: &[text], examples: &[] }))
}

/// Permits `null` too.
fn or_null(mut schema: RefOr<Schema>) -> RefOr<Schema> {
    let kind = match &mut schema {
        RefOr::T(Schema::Object(object)) if object.enum_values.is_none() => &mut object.schema_type,
        RefOr::T(Schema::Array(array)) => &mut array.schema_type,
        _ => {
            let null = ObjectBuilder::new().schema_type(Type::Null);
            return OneOfBuilder::new().item(schema).item(null).into();
        }
    };
    if let SchemaType::Type(only) = kind {
        *kind = SchemaType::from_iter([only.clone(), Type::Null]);
    }
    schema
}
