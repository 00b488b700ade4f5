//! Which operations an `Idempotency-Key` applies to, and what the document says about it.

use utoipa::openapi::{
    ObjectBuilder, Ref, RefOr, Required, Response, Type,
    path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn},
};

use crate::{b3os, public_url::API_BASE};

/// The request header.
const KEY: &str = "Idempotency-Key";

/// The header of a repeated response.
pub(crate) const REPLAYED: &str = "Idempotent-Replayed";

/// These open sessions, consume one-time tokens, or store nothing. They ignore the key.
const IGNORING: [&str; 3] = ["/auth/", "/sso/", "/apikeys/verify"];

/// The operation below `/auth/` to which a key applies.
const REGISTRATION: &str = "/auth/register";

const DESCRIPTION: &str = "A key that you choose for this request: 1 to 255 visible ASCII characters, bare or in double \
    quotes. The same request with the same key is executed once: for 24 hours, it returns the stored response with \
    `Idempotent-Replayed: true`. After an error, the key can be used again.";

/// Returns whether the operation with this method and path executes a request with a key once. It holds for every operation
/// that may change something, also for later ones.
fn applies(method: &HttpMethod, path: &str) -> bool {
    if *method == HttpMethod::Get {
        return false;
    }
    let Some(path) = path.strip_prefix(API_BASE) else { return b3os::has(path) };
    path == REGISTRATION || !IGNORING.iter().any(|ignoring| path.starts_with(ignoring))
}

/// Returns whether the completed document says that the operation takes a key.
pub(crate) fn takes_idempotency_key(operation: &Operation) -> bool {
    let parameters = operation.parameters.iter().flatten();
    parameters.into_iter().any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == KEY))
}

/// Adds the header of the request, and the responses that it can cause.
pub(crate) fn describe(method: &HttpMethod, path: &str, operation: &mut Operation) {
    if !applies(method, path) {
        return;
    }
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter()));
    let responses = &mut operation.responses.responses;
    for (status, description) in [
        ("409", "Another request with the same Idempotency-Key is running, or its response was lost"),
        ("422", "The Idempotency-Key was used for another request"),
    ] {
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(Response::new(description)));
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response
            && status.starts_with('2')
        {
            let header = Ref::new(format!("#/components/headers/{REPLAYED}"));
            response.headers.insert(REPLAYED.to_owned(), RefOr::Ref(header));
        }
    }
}

fn parameter() -> Parameter {
    // Two more characters for the quotes.
    let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(257));
    ParameterBuilder::new()
        .name(KEY)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(DESCRIPTION))
        .schema(Some(schema))
        .example(Some("b9a3e1c4-5f0d-4c1e-8a57-2f6d1c0e9b7a".into()))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_applies_to_all_changes_but_those_that_ignore_it() {
        for (path, expected) in [
            ("/api/v1/orgs", true),
            ("/api/v1/auth/register", true),
            ("/api/v1/auth/login", false),
            ("/api/v1/auth/password/reset", false),
            ("/api/v1/sso/token", false),
            ("/api/v1/apikeys/verify", false),
            ("/api/v1/apikeys/leaked", true),
            ("/api/v1/admin/users/{userId}", true),
            ("/v1/api-keys", true),
            ("/health/live", false),
        ] {
            for method in [HttpMethod::Post, HttpMethod::Put, HttpMethod::Patch, HttpMethod::Delete] {
                assert_eq!(applies(&method, path), expected, "{path}");
            }
            assert!(!applies(&HttpMethod::Get, path), "{path}");
        }
    }
}
