//! The OpenAPI document, derived from the served routes.

pub(crate) mod complete;
mod example;
pub(crate) mod extensions;
pub(crate) mod idempotency;
pub(crate) mod schema;

use actix_web::web::Bytes;
use utoipa::{
    OpenApi as _,
    openapi::{OpenApi, Server},
};
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Tessera",
        description = "Self-hosted user accounts: users, organizations, applications, API keys and inventories.\n\n\
            Bodies are I-JSON (RFC 7493) of at most 64 KiB (256 KiB where a document is stored), 64 levels, \
            1000 entries in an array and 500 members in an \
            object. Beyond that, fields that are not described are ignored, except for fields of the resource that the \
            operation cannot set: they are rejected as `read_only`. \
            Problems are `application/problem+json` (RFC 9457). Every response has an `X-Request-Id`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
        contact(name = "The operator of this installation"),
    ),
    servers((url = "/")),
    tags(
        (name = "auth", description = "Registration, sign-in, sign-out and service tokens"),
        (name = "sso", description = "Web3 single sign-on for applications"),
        (name = "users", description = "The caller's own account"),
        (name = "organizations", description = "Organizations"),
        (name = "members", description = "Members of an organization and their roles"),
        (name = "invitations", description = "Invitations to an organization by mail"),
        (name = "applications", description = "The applications of an organization"),
        (name = "api-keys", description = "API keys of applications"),
        (name = "organization-keys", description = "API keys of organizations (B3OS API)"),
        (name = "service-accounts", description = "Service accounts of organizations (B3OS API)"),
        (name = "inventory", description = "Items that applications store"),
        (name = "system-data", description = "Data that an organization and its applications store about members"),
        (name = "operations", description = "Health and keys, for operators and other services"),
    )
)]
struct Frame;

/// The document without its operations.
pub(crate) fn frame() -> OpenApi {
    Frame::openapi()
}

/// Sets the path of the operations. It is relative to the address of the document, so that the page at `/docs` works
/// under every host name.
pub(crate) fn set_server(document: &mut OpenApi, path: &str) {
    document.servers = Some(vec![Server::new(if path.is_empty() { "/" } else { path })]);
}

/// The document as it is served and committed.
pub(crate) fn json(document: &OpenApi) -> Bytes {
    document.to_pretty_json().unwrap_or_default().into()
}
