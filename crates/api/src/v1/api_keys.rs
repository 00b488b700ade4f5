//! API keys of applications.

mod checked;
pub(crate) mod leaked;
pub(crate) mod manage;
pub(crate) mod values;
pub(crate) mod verify;
pub(crate) mod view;

use actix_web::{
    Error, FromRequest, HttpRequest, HttpResponse, delete, dev::Payload, get, http::header::LOCATION, post, web::Data,
};
use futures_util::{FutureExt, future::LocalBoxFuture};
use tessera_apikeys::{
    ApiKeys, GenerateKey,
    model::{AllowedAddresses, KeyDescription, KeyLifetime, KeyLimits, NewRestrictions, Refill, UseCount},
};
use tessera_kernel::{Actor, ApiKeyId, ApplicationId};

use crate::{
    b3os::key_fields::KeyFields,
    extract::{Caller, CheckedBody, Kind, List, PageParameters, PageQuery, PathId, request},
    problem::Problem,
    public_url::{API_BASE, PublicUrl},
    v1::{
        api_keys::{
            checked::{CheckedPermissions, CheckedUses},
            view::{ApiKeyView, GeneratedKeyView},
        },
        permissions::RequestedPermissions,
    },
};

/// List API keys for an application
///
/// For administrators and owners. The list includes revoked and expired keys.
#[utoipa::path(tag = "api-keys", operation_id = "list_api_keys", security(("user_token" = []), ("organization_key" = [])), params(PageParameters),
    responses((status = 200, description = "The keys, ordered by id", body = [ApiKeyView]),
    (status = 404, description = "The application does not exist, or the caller has no access to it")))]
#[get("/apps/{appId}/apikeys")]
pub(crate) async fn list_api_keys(
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    query: PageQuery,
    api_keys: Data<ApiKeys>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let list = List { kind: Kind::ApiKeys, owner: id.as_uuid(), path: format!("{API_BASE}/apps/{id}/apikeys") };
    let now = api_keys.now();
    let page = api_keys.list_keys(&actor, id, query.of(&list)?).await?;
    Ok(query.respond(&list, &page.map(|key| ApiKeyView::of(key, now)), &url))
}

/// The caller of an operation on one key, and the id of the key.
pub(crate) struct OneKey {
    actor: Actor,
    id: ApiKeyId,
    api_keys: Data<ApiKeys>,
}

impl FromRequest for OneKey {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let parts = <(Caller, PathId<ApiKeyId>, Data<ApiKeys>)>::from_request(request, payload);
        async move {
            let (Caller(actor), PathId(id), api_keys) = parts.await?;
            Ok(Self { actor, id, api_keys })
        }
        .boxed_local()
    }
}

request! {
    /// The properties of a new API key.
    struct GenerateKeyRequest {
        /// What the key is for. 1 to 200 characters.
        description: Option<KeyDescription>,
        /// The lifetime of the key in days, 1 to 3650. If absent, `null` or 0, the key never expires.
        expires_in_days: Option<KeyLifetime>,
        /// The permissions of the key: names of the catalogue, or names that the application declares. A key that an
        /// owner generates has all of these, as they are at that time, unless `restrict_permissions` is true.
        permissions: Option<RequestedPermissions>,
        /// Whether a key that an owner generates has only the listed `permissions`. False by default.
        restrict_permissions: Option<bool>,
        /// The limits of the requests in windows of time, at most 5 with different names.
        limits: Option<KeyLimits>,
        /// How often the key can be used. If absent or `null`, the number is not limited.
        remaining_uses: Option<UseCount>,
        /// Sets `remaining_uses` again at the start of each day or month (UTC), from the next one on. It requires
        /// `remaining_uses`.
        refill: Option<Refill>,
        /// The addresses and networks (CIDR) from which the key can be used, at most 50. If absent or empty, it can be used
        /// from everywhere.
        allowed_ips: Option<AllowedAddresses>,
    }
}

impl GenerateKeyRequest {
    fn of(self, application: ApplicationId) -> GenerateKey {
        GenerateKey {
            application,
            description: self.description,
            lifetime: self.expires_in_days.unwrap_or_default(),
            permissions: self.permissions.map(|RequestedPermissions(names)| names).unwrap_or_default(),
            restrict_permissions: self.restrict_permissions.unwrap_or_default(),
            restrictions: NewRestrictions {
                allowed_addresses: self.allowed_ips.unwrap_or_default(),
                limits: self.limits.unwrap_or_default(),
                remaining_uses: self.remaining_uses,
                refill: self.refill,
            },
        }
    }
}

/// Generate an API key for an application
///
/// For administrators and owners. A key with `allowed_ips`, `limits` or `remaining_uses` generates none (403), and one that expires
/// only keys that expire no later. `raw_key` is returned only in this response.
#[utoipa::path(tag = "api-keys", operation_id = "generate_api_key", security(("user_token" = []), ("organization_key" = [])),
    request_body = GenerateKeyRequest, responses(
    (status = 201, description = "The new key and its stored properties", body = GeneratedKeyView,
        headers(("Location" = String, description = "The URL of the created resource"))),
    (status = 404, description = "The application does not exist, or the caller has no access to it"),
    (status = 409, description = "A quota of keys is reached")))]
#[post("/apps/{appId}/apikeys")]
pub(crate) async fn generate_api_key(
    Caller(actor): Caller,
    PathId(application): PathId<ApplicationId>,
    body: CheckedBody<GenerateKeyRequest, KeyFields>,
    api_keys: Data<ApiKeys>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let generated = async { api_keys.generate_key(&actor, body.parse()?.of(application)).await.map_err(Problem::from) };
    let generated = match generated.await {
        Ok(generated) => generated,
        Err(problem) => {
            let check = async |command: GenerateKey| api_keys.check_new_key(&actor, &command).await;
            let permissions = async |fields: CheckedPermissions| {
                if fields.is_absent() { Ok(()) } else { check(fields.of_new_key(application)).await }
            };
            let uses = async |fields: CheckedUses| {
                if fields.is_absent() { Ok(()) } else { check(fields.of_new_key(application)).await }
            };
            return Err(body.complete(body.complete(problem, permissions).await, uses).await);
        }
    };
    let location = url.join(&format!("{API_BASE}/apikeys/{}", generated.0.id));
    let view = GeneratedKeyView::of(generated, api_keys.now());
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(view))
}

/// Revoke an API key
///
/// For administrators and owners, and for members with their own personal keys. The key is invalid from the response on, on
/// other nodes within a second, with all of its secrets. It remains in the list. Repeating the request has no effect.
#[utoipa::path(tag = "api-keys", operation_id = "revoke_api_key", security(("user_token" = []), ("organization_key" = [])), responses(
    (status = 204, description = "The key is revoked"),
    (status = 404, description = "The key does not exist, or the caller has no access to it")))]
#[delete("/apikeys/{keyId}")]
pub(crate) async fn revoke_api_key(OneKey { actor, id, api_keys }: OneKey) -> Result<HttpResponse, Problem> {
    api_keys.revoke_key(&actor, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
