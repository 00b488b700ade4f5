//! Additions to the OpenAPI document that apply to many operations.

use std::mem;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Content, ObjectBuilder, OpenApi, PathItem, Ref, RefOr, Required, Response, Schema, Type,
        header::Header,
        path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{ArrayItems, Components},
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

use crate::{
    b3os::{self, envelope::FailureEnvelope},
    extract::ADDRESS,
    openapi::{
        example,
        extensions::counts,
        idempotency::{self, REPLAYED, takes_idempotency_key},
        schema,
    },
    problem::{PROBLEM_JSON, ProblemView},
};

/// Name of the security scheme of user tokens.
const USER_TOKEN: &str = "user_token";
/// Name of the security scheme of keys of applications.
pub(crate) const API_KEY: &str = "api_key";
/// Name of the security scheme of keys of organizations.
pub(crate) const ORGANIZATION_KEY: &str = "organization_key";

/// The header of every response.
const REQUEST_ID: &str = "X-Request-Id";
/// The header of 401 responses.
const CHALLENGE: &str = "WWW-Authenticate";
/// The headers of responses to requests that a rate limit has counted.
const RATE_LIMITS: [&str; 2] = ["RateLimit-Policy", "RateLimit"];
/// The header of responses after which a client waits.
const RETRY_AFTER: &str = "Retry-After";
/// The header of list responses.
const NEXT_PAGE: &str = "Link";

/// Completes the document that was derived from the routes.
pub(crate) fn complete(document: &mut OpenApi) {
    let components = document.components.get_or_insert_with(Components::new);
    add_components(components);
    components.schemas.values_mut().for_each(move_descriptions);
    refer_in_envelopes(components);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            add_path_parameters(path, operation);
            idempotency::describe(&method, path, operation);
            add_problems(path, operation);
            example::add(operation, components);
            // Without this, tools cannot tell a public operation from one whose security is not described.
            operation.security.get_or_insert_default();
            add_header(operation, REQUEST_ID, |_| true);
            add_header(operation, CHALLENGE, |status| status == "401");
            let takes_key = takes_idempotency_key(operation);
            add_header(operation, RETRY_AFTER, |status| {
                ["429", "503"].contains(&status) || takes_key && status == "409"
            });
            for name in RATE_LIMITS {
                add_header(operation, name, |status| status == "429");
            }
            if is_list(operation) {
                add_header(operation, NEXT_PAGE, |status| status == "200");
            }
        }
    }
    example::remove_absent(components);
}

/// utoipa repeats the schema of the data in each envelope. A reference is shorter, and generators give it one type.
fn refer_in_envelopes(components: &mut Components) {
    for (name, schema) in &mut components.schemas {
        let (Some((_, data)), RefOr::T(Schema::Object(envelope))) = (name.split_once("Envelope_"), schema) else {
            continue;
        };
        match envelope.properties.get_mut("data") {
            Some(RefOr::T(Schema::Array(list))) => {
                list.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(data).into()));
            }
            Some(one) => {
                let mut reference = Ref::from_schema_name(data);
                "The result.".clone_into(&mut reference.description);
                *one = reference.into();
            }
            None => {}
        }
    }
}

fn add_components(components: &mut Components) {
    let mut schemas = vec![(ProblemView::name().into_owned(), ProblemView::schema())];
    schemas.push((FailureEnvelope::name().into_owned(), FailureEnvelope::schema()));
    ProblemView::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let id = ObjectBuilder::new().schema_type(Type::String).max_length(Some(128));
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
    for (name, schema, description) in [
        (REQUEST_ID, id, "The request's id: the caller's own when it was well-formed"),
        (CHALLENGE, text(), "The accepted scheme, and why the credential is not valid (RFC 6750 section 3)"),
        (RETRY_AFTER, seconds, "How many seconds the client should wait, from 1"),
        (
            RATE_LIMITS[0],
            text(),
            "The quota `q` and the window `w`, in seconds, of a limit. Other responses have it too",
        ),
        (
            RATE_LIMITS[1],
            text(),
            "How many requests `r` the limit admits in the next `t` seconds. Other responses have it too",
        ),
        (REPLAYED, text(), "`true` if this is the stored response to an earlier request with the same Idempotency-Key"),
        (NEXT_PAGE, text(), "The next page, as `rel=\"next\"` (RFC 8288); absent on the last one"),
    ] {
        let mut header = Header::new(schema);
        header.description = Some(description.to_owned());
        components.headers.insert(name.to_owned(), header.into());
    }
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("JWT".to_owned());
    bearer.description =
        Some("A user token from a sign-in. Operations that accept an API key accept it here too".to_owned());
    components.add_security_scheme(USER_TOKEN, SecurityScheme::Http(bearer));
    for (name, description) in [
        (API_KEY, "An API key of an application (`ask_…`)"),
        (ORGANIZATION_KEY, "An API key of an organization (`osk_…`), which acts as a user or a service account"),
    ] {
        let key = ApiKeyValue::with_description("X-API-Key", description);
        components.add_security_scheme(name, SecurityScheme::ApiKey(ApiKey::Header(key)));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let all = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Delete, &mut item.delete),
        (HttpMethod::Patch, &mut item.patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Every path parameter is an identifier or a wallet address.
fn add_path_parameters(path: &str, operation: &mut Operation) {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameters = names.map(|name| {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
        let schema = if name == ADDRESS { schema::wallet_address() } else { identifier(path, name) };
        RefOr::T(parameter.schema(Some(schema)).description(parameter_description(path, name)).build())
    });
    let mut all: Vec<RefOr<Parameter>> = parameters.collect();
    all.extend(operation.parameters.take().unwrap_or_default());
    operation.parameters = (!all.is_empty()).then_some(all);
}

/// Under `/users`, `me` is accepted instead of an id.
fn identifier(path: &str, name: &str) -> ObjectBuilder {
    if accepts_me(path, name) { schema::id_or_me() } else { schema::id() }
}

fn accepts_me(path: &str, name: &str) -> bool {
    path.contains(&format!("/users/{{{name}}}"))
}

/// A test fails if a parameter is missing here.
fn parameter_description(path: &str, name: &str) -> Option<&'static str> {
    Some(match name {
        "orgId" => "The id of the organization. Upper and lower case are equivalent.",
        "appId" => "The id of the application. Upper and lower case are equivalent.",
        "keyId" => "The id of the API key. Upper and lower case are equivalent.",
        "invitationId" => "The id of the invitation. Upper and lower case are equivalent.",
        "sessionId" => "The id of the session. Upper and lower case are equivalent.",
        "passkeyId" => "The id of the passkey. Upper and lower case are equivalent.",
        "userId" if accepts_me(path, name) => "The id of the user, or `me` for the caller.",
        "userId" => "The id of the user. Upper and lower case are equivalent.",
        "id" if path.contains("/api-keys/") => "The id of the API key. Upper and lower case are equivalent.",
        "id" => "The id of the service account. Upper and lower case are equivalent.",
        ADDRESS => "The address of a linked wallet.",
        _ => return None,
    })
}

/// utoipa describes a nullable reference inside of `oneOf`, where generators do not look for it.
fn move_descriptions(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::Object(object)) = schema else { return };
    for property in object.properties.values_mut() {
        let RefOr::T(Schema::OneOf(one)) = property else { continue };
        for variant in &mut one.items {
            if let RefOr::Ref(reference) = variant
                && !reference.description.is_empty()
            {
                one.description = Some(mem::take(&mut reference.description));
            }
        }
    }
}

/// Adds the problems that follow from the inputs of an operation, and the problem schema of all error responses.
fn add_problems(path: &str, operation: &mut Operation) {
    let secured = operation.security.as_ref().is_some_and(|security| !security.is_empty());
    let key = |name| SecurityRequirement::new(name, [""; 0]);
    let accepts_keys = operation
        .security
        .as_ref()
        .is_some_and(|ways| [API_KEY, ORGANIZATION_KEY].into_iter().any(|name| ways.contains(&key(name))));
    let takes_input = operation.parameters.is_some() || operation.request_body.is_some();
    let mut problems = vec![("500", "The service failed")];
    if secured || takes_input {
        problems.push(("503", "The service is busy, or a component that it needs is not available"));
    }
    if takes_input {
        problems.push(("400", "The path, the query or the body is invalid"));
    }
    if operation.request_body.is_some() {
        problems.push(("408", "The body arrived at less than 1 KiB/s after the first 5 seconds"));
        problems.push(("413", "The body has more than 64 KiB, or 256 KiB if the operation stores a document"));
        problems.push(("415", "The body is not JSON in UTF-8"));
    }
    if secured {
        problems.push(("401", "The credential is missing or not valid"));
        problems.push((
            "403",
            "The role, the key or the kind of credential does not allow this, or the key must not be used from this address \
             or has no uses left",
        ));
    }
    if counts(operation) || accepts_keys {
        problems.push(("429", "A rate limit is reached. `limit` names it"));
    }
    let responses = &mut operation.responses.responses;
    for (status, description) in problems {
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(Response::new(description)));
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
        {
            let (media, schema) = if b3os::has(path) {
                ("application/json", FailureEnvelope::name())
            } else {
                (PROBLEM_JSON, ProblemView::name())
            };
            let content = Content::new(Some(Ref::from_schema_name(schema)));
            response.content.insert(media.to_owned(), content.into());
        }
    }
}

/// Only lists accept a cursor.
fn is_list(operation: &Operation) -> bool {
    let parameters = operation.parameters.iter().flatten();
    parameters.into_iter().any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "cursor"))
}

fn add_header(operation: &mut Operation, name: &str, carried_by: impl Fn(&str) -> bool) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && carried_by(status)
        {
            let header = Ref::new(format!("#/components/headers/{name}"));
            response.headers.insert(name.to_owned(), RefOr::Ref(header));
        }
    }
}
