//! Examples of bodies, assembled from the examples of their properties.

use serde_json::Value;
use utoipa::openapi::{
    KnownFormat, RefOr, Schema, SchemaFormat, Type,
    path::Operation,
    schema::{ArrayItems, Components, Object, SchemaType},
};

/// The example of all ids.
const ID: &str = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e";
/// The example of all times.
const TIME: &str = "2026-12-01T09:30:00Z";

/// Adds an example to each JSON body of a request or of a success.
pub(super) fn add(operation: &mut Operation, components: &Components) {
    let request = operation.request_body.iter_mut().filter_map(inline).flat_map(|body| body.content.values_mut());
    let responses = operation.responses.responses.iter_mut().filter(|(status, _)| status.starts_with('2'));
    let responses = responses.filter_map(|(_, response)| inline(response));
    for content in request.chain(responses.flat_map(|response| response.content.values_mut())).filter_map(inline) {
        if content.example.is_none() {
            content.example = content.schema.as_ref().and_then(|schema| of(schema, components));
        }
    }
}

fn inline<T>(value: &mut RefOr<T>) -> Option<&mut T> {
    match value {
        RefOr::T(value) => Some(value),
        RefOr::Ref(_) => None,
    }
}

/// Returns an example of a value with this schema. Returns `None` if a part of it has no example.
fn of(schema: &RefOr<Schema>, components: &Components) -> Option<Value> {
    let schema = match schema {
        RefOr::Ref(reference) => {
            return of(components.schemas.get(reference.ref_location.rsplit('/').next()?)?, components);
        }
        RefOr::T(schema) => schema,
    };
    match schema {
        Schema::Object(object) => own(object.example.as_ref(), &object.examples)
            .or_else(|| scalar(object))
            .or_else(|| of_members(object, components)),
        Schema::Array(array) => own(array.example.as_ref(), &array.examples).or_else(|| match &array.items {
            ArrayItems::RefOrSchema(entry) => Some(Value::from(vec![of(entry, components)?])),
            ArrayItems::False => None,
        }),
        Schema::OneOf(one) => one.items.iter().find_map(|variant| of(variant, components)),
        _ => None,
    }
}

fn own(example: Option<&Value>, examples: &[Value]) -> Option<Value> {
    example.or(examples.first()).cloned()
}

/// The example of a type that needs none of its own.
fn scalar(object: &Object) -> Option<Value> {
    if let Some(values) = &object.enum_values {
        return values.first().cloned();
    }
    match &object.format {
        Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)) => return Some(ID.into()),
        Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)) => return Some(TIME.into()),
        _ => {}
    }
    (object.schema_type == SchemaType::Type(Type::Boolean)).then(|| true.into())
}

fn of_members(object: &Object, components: &Components) -> Option<Value> {
    if object.properties.is_empty() {
        return None;
    }
    let shown = object.properties.iter().filter(|(_, schema)| !is_absent(schema));
    let members = shown.map(|(name, schema)| Some((name.clone(), of(schema, components)?)));
    members.collect::<Option<_>>().map(Value::Object)
}

/// Removes the examples that leave a member out of the examples of bodies: they are no values of the member.
pub(super) fn remove_absent(components: &mut Components) {
    for schema in components.schemas.values_mut() {
        let RefOr::T(Schema::Object(object)) = schema else { continue };
        for member in object.properties.values_mut().filter(|member| is_absent(member)) {
            if let RefOr::T(Schema::Object(member)) = member {
                member.example = None;
                member.examples.clear();
            }
        }
    }
}

/// Returns whether a member is left out of examples: it is never `null`, and its example is.
fn is_absent(schema: &RefOr<Schema>) -> bool {
    let RefOr::T(Schema::Object(object)) = schema else { return false };
    let nullable = matches!(&object.schema_type, SchemaType::Array(types) if types.contains(&Type::Null));
    !nullable && own(object.example.as_ref(), &object.examples).is_some_and(|example| example.is_null())
}
