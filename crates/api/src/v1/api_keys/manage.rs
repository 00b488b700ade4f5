//! Reading, changes and rotation of one API key of any kind.

use actix_web::{HttpResponse, get, patch, post};
use tessera_apikeys::{
    EditKey,
    model::{AllowedAddresses, KeyDescription, KeyLimits, OverlapSeconds, Refill, UseCount},
};

use super::{
    OneKey,
    checked::{CheckedPermissions, CheckedUses},
    view::{ApiKeyView, RotatedKeyView},
};
use crate::{
    b3os::key_fields::KeyFields,
    extract::{CheckedBody, Patch, ResourceBody, request},
    problem::Problem,
    v1::permissions::RequestedPermissions,
};

/// Get an API key
///
/// For administrators and owners, for members with their own personal keys, and for keys with these rights. `secrets` shows which secret of a rotated key
/// is still used, and from where.
#[utoipa::path(tag = "api-keys", operation_id = "get_api_key", security(("user_token" = []), ("organization_key" = [])),
    responses((status = 200, description = "The key", body = ApiKeyView),
    (status = 404, description = "The key does not exist, or the caller has no access to it")))]
#[get("/apikeys/{keyId}")]
pub(crate) async fn get_api_key(OneKey { actor, id, api_keys }: OneKey) -> Result<HttpResponse, Problem> {
    let key = api_keys.view_key(&actor, id).await?;
    Ok(HttpResponse::Ok().json(ApiKeyView::of(key, api_keys.now())))
}

request! {
    /// The changes of an API key. Absent fields keep their value. `null` removes the description, the remaining uses or the
    /// refill.
    struct UpdateKeyRequest {
        /// What the key is for. 1 to 200 characters.
        description: Patch<KeyDescription>,
        /// The permissions of an application key, which replace all present ones. The caller must have them. A key of an
        /// organization has no permissions of its own.
        permissions: Option<RequestedPermissions>,
        /// Whether the key can be used. A disabled key can be enabled again.
        enabled: Option<bool>,
        /// The limits of the requests in windows of time, at most 5 with different names. They replace all present ones. A
        /// limit that keeps its name and its `window_seconds` keeps the count of its open window.
        limits: Option<KeyLimits>,
        /// How often the key can be used from now on.
        remaining_uses: Patch<UseCount>,
        /// Sets `remaining_uses` again at the start of each day or month (UTC), from the next one on.
        refill: Patch<Refill>,
        /// The addresses and networks (CIDR) from which the key can be used, at most 50. They replace all present ones. An
        /// empty list allows every address.
        allowed_ips: Option<AllowedAddresses>,
    }
}

impl From<UpdateKeyRequest> for EditKey {
    fn from(request: UpdateKeyRequest) -> Self {
        Self {
            description: request.description,
            permissions: request.permissions.map(|RequestedPermissions(names)| names),
            enabled: request.enabled,
            allowed_addresses: request.allowed_ips,
            limits: request.limits,
            remaining_uses: request.remaining_uses,
            refill: request.refill,
        }
    }
}

/// Change an API key
///
/// For administrators and owners, for members with their own personal keys, and for keys with these rights. The rights of the caller must cover those of
/// the key. A key with `allowed_ips`, `limits` or `remaining_uses` changes only descriptions and permissions (403), and one that expires
/// enables, disables and restricts only keys that expire no later. The changes apply from the response on, on other nodes within a
/// second.
#[utoipa::path(tag = "api-keys", operation_id = "update_api_key",
    security(("user_token" = []), ("organization_key" = [])), request_body = UpdateKeyRequest, responses(
    (status = 200, description = "The key", body = ApiKeyView),
    (status = 404, description = "The key does not exist, or the caller has no access to it"),
    (status = 409, description = "The key is revoked")))]
#[patch("/apikeys/{keyId}")]
pub(crate) async fn update_api_key(
    OneKey { actor, id, api_keys }: OneKey,
    body: CheckedBody<UpdateKeyRequest, KeyFields>,
) -> Result<HttpResponse, Problem> {
    let edited = async { api_keys.edit_key(&actor, id, body.parse()?.into()).await.map_err(Problem::from) };
    let key = match edited.await {
        Ok(key) => key,
        Err(problem) => {
            let permissions = async |fields: CheckedPermissions| {
                if fields.is_absent() { Ok(()) } else { api_keys.check_edit(&actor, id, fields.into()).await }
            };
            let uses = async |fields: CheckedUses| {
                if fields.is_absent() { Ok(()) } else { api_keys.check_edit(&actor, id, fields.into()).await }
            };
            return Err(body.complete(body.complete(problem, permissions).await, uses).await);
        }
    };
    Ok(HttpResponse::Ok().json(ApiKeyView::of(key, api_keys.now())))
}

request! {
    /// How to rotate an API key.
    struct RotateKeyRequest {
        /// How long the previous secret stays valid, in seconds, up to 30 days. One day by default. With 0, it ends at once.
        overlap_seconds: Option<OverlapSeconds>,
    }
}

/// Rotate an API key
///
/// Gives the key a new secret. The key keeps its id, its permissions, its limits and its usage. The previous secret is valid
/// until the overlap ends. A rotation requires the right to generate such a key: administrators and owners have it for applications
/// and service accounts, and each member for their own personal keys. A key with `allowed_ips`, `limits` or `remaining_uses` rotates only
/// itself (403), and one that expires only keys that expire no later. `raw_key` is returned only in this response.
#[utoipa::path(tag = "api-keys", operation_id = "rotate_api_key",
    security(("user_token" = []), ("organization_key" = [])), request_body = RotateKeyRequest, responses(
    (status = 201, description = "The key and its new secret", body = RotatedKeyView),
    (status = 404, description = "The key does not exist, or the caller has no access to it"),
    (status = 409, description = "The previous secret is still valid (`rotation_in_progress`), or the key is revoked or has \
        expired")))]
#[post("/apikeys/{keyId}/rotate")]
pub(crate) async fn rotate_api_key(
    OneKey { actor, id, api_keys }: OneKey,
    ResourceBody(body, _): ResourceBody<RotateKeyRequest, KeyFields>,
) -> Result<HttpResponse, Problem> {
    let rotated = api_keys.rotate_key(&actor, id, body.overlap_seconds.unwrap_or_default()).await?;
    Ok(HttpResponse::Created().json(RotatedKeyView::of(rotated, api_keys.now())))
}

/// End the overlap of a rotation
///
/// For administrators and owners, for members with their own personal keys, and for keys with these rights. The previous secret is invalid from the
/// response on, on other nodes within a second. Repeating the request has no effect.
#[utoipa::path(tag = "api-keys", operation_id = "finish_api_key_rotation",
    security(("user_token" = []), ("organization_key" = [])), responses(
    (status = 200, description = "The key, with one valid secret", body = ApiKeyView),
    (status = 404, description = "The key does not exist, or the caller has no access to it"),
    (status = 409, description = "The key is revoked")))]
#[post("/apikeys/{keyId}/rotate/finish")]
pub(crate) async fn finish_api_key_rotation(OneKey { actor, id, api_keys }: OneKey) -> Result<HttpResponse, Problem> {
    let key = api_keys.finish_rotation(&actor, id).await?;
    Ok(HttpResponse::Ok().json(ApiKeyView::of(key, api_keys.now())))
}
