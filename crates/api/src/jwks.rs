//! The JWKS endpoint with the public keys of service tokens.

use actix_web::{
    HttpResponse, get,
    http::header::{EntityTag, IfNoneMatch},
    web::{self, Data},
};
use serde::Serialize;
use tessera_sso::{
    PublishedKey, ServiceTokens,
    model::{JWKS_MAX_AGE, KeyId},
};
use utoipa::ToSchema;

use crate::{cacheable, problem::Problem};

/// A JSON Web Key (RFC 7517).
#[derive(Serialize, ToSchema)]
#[schema(as = JsonWebKey)]
struct KeyView {
    /// The key type.
    #[schema(pattern = "^RSA$", example = "RSA")]
    kty: &'static str,
    /// The modulus, in base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]+$", example = "u1W4kqFJ0f5mC2yZr8Xh3TnPdVwLsAeGiBoQcKxYtRj")]
    n: String,
    /// The exponent, in base64url.
    #[schema(pattern = "^[A-Za-z0-9_-]+$", example = "AQAB")]
    e: String,
    /// The key's thumbprint (RFC 7638).
    #[schema(pattern = "^[A-Za-z0-9_-]+$", example = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")]
    kid: String,
    /// The use of the key: signatures.
    #[serde(rename = "use")]
    #[schema(pattern = "^sig$", example = "sig")]
    usage: &'static str,
    /// The algorithm of the signatures.
    #[schema(pattern = "^RS256$", example = "RS256")]
    alg: &'static str,
}

impl From<PublishedKey> for KeyView {
    fn from(key: PublishedKey) -> Self {
        let (n, e) = (key.public.modulus, key.public.exponent);
        Self { kty: "RSA", n, e, kid: key.id.to_string(), usage: "sig", alg: "RS256" }
    }
}

/// The keys of all service tokens that are valid now or will be issued soon.
#[derive(Serialize, ToSchema)]
#[schema(as = JsonWebKeySet)]
struct KeySetView {
    /// The keys. Find the key of a token by its `kid`.
    keys: Vec<KeyView>,
}

/// Get the keys that verify service tokens
///
/// Clients may cache the keys for the time in `Cache-Control`. In a rotation, the next key is published at least that
/// long before it signs a token. The first key of an installation signs at once, and so does the key of an emergency
/// replacement.
#[utoipa::path(tag = "auth", operation_id = "get_jwks", responses(
    (status = 200, description = "The keys", body = KeySetView,
        headers(("ETag" = String, description = "Changes with the keys"))),
    (status = 304, description = "The keys have not changed")))]
#[get("/.well-known/jwks.json")]
pub(crate) async fn get_jwks(
    tokens: Data<ServiceTokens>,
    seen: Option<web::Header<IfNoneMatch>>,
) -> Result<HttpResponse, Problem> {
    let keys = tokens.published_keys().await?;
    let tag = tag_of(keys.iter().map(|key| &key.id));
    let view = KeySetView { keys: keys.into_iter().map(KeyView::from).collect() };
    Ok(cacheable::respond(seen.as_deref(), tag, JWKS_MAX_AGE, &view))
}

/// A key id is a digest of the key, so the list of ids identifies the key set.
fn tag_of<'a>(ids: impl Iterator<Item = &'a KeyId>) -> EntityTag {
    EntityTag::new_strong(ids.map(KeyId::as_str).collect::<Vec<_>>().join("."))
}
