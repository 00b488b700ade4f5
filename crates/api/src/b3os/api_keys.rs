//! API keys of organizations.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use tessera_apikeys::{
    ApiKeys, CreateOrganizationKey,
    model::{AllowedAddresses, KeyDescription, KeyName, NewRestrictions, Refill, UseCount},
};
use tessera_kernel::{ApiKeyId, KeyScope, OrganizationId, ServiceAccountId};

use crate::{
    b3os::{
        envelope::{self, EmptyEnvelope, Envelope, ListEnvelope},
        key_fields::KeyFields,
        key_view::OrganizationKeyView,
        parameters::{Id, OrganizationCaller, OrganizationHeader, SliceParameters, SliceQuery},
        values::{Expiry, Limits},
    },
    extract::{CheckedBody, request},
    problem::Problem,
};

request! {
    /// The properties of a new API key.
    struct CreateOrganizationKeyRequest {
        /// The name of the key. 1 to 100 characters.
        name: KeyName,
        /// The purpose of the key. 1 to 200 characters.
        description: Option<KeyDescription> = "Deploys the game servers",
        /// When the key expires, in the future (RFC 3339). If absent or empty, the key never expires.
        expires_at as "expiresAt": Option<Expiry>,
        /// Whether the key may change anything. `read` by default.
        scope: Option<KeyScope>,
        /// The service account that the key acts as. If absent, the key acts as the caller. An administrator or an owner
        /// who is signed in, or a key of an owner, can name any active service account of the organization; the key of a
        /// service account must name its own.
        service_account_id as "serviceAccountId": Option<ServiceAccountId>,
        /// The limits of the requests in windows of time, at most 5 with different names.
        limits: Option<Limits>,
        /// How often the key can be used. If absent or `null`, the number is not limited.
        remaining_uses as "remainingUses": Option<UseCount>,
        /// Sets `remainingUses` again at the start of each day or month (UTC), from the next one on. It requires
        /// `remainingUses`.
        refill: Option<Refill>,
        /// The addresses and networks (CIDR) from which the key can be used, at most 50. If absent or empty, it can be used
        /// from everywhere.
        allowed_ips as "allowedIps": Option<AllowedAddresses>,
    }
}

request! {
    /// A refill requires remaining uses.
    struct CheckedUses {
        remaining_uses as "remainingUses": Option<UseCount>,
        refill: Option<Refill>,
    }
}

request! {
    /// The field that is checked in storage.
    struct CheckedOwner {
        service_account_id as "serviceAccountId": Option<ServiceAccountId>,
    }
}

impl CreateOrganizationKeyRequest {
    fn of(self, organization: OrganizationId) -> CreateOrganizationKey {
        CreateOrganizationKey {
            organization,
            name: self.name,
            description: self.description,
            expires_at: self.expires_at.and_then(|Expiry(time)| time),
            scope: self.scope.unwrap_or_default(),
            service_account: self.service_account_id,
            restrictions: NewRestrictions {
                allowed_addresses: self.allowed_ips.unwrap_or_default(),
                limits: self.limits.map(|Limits(limits)| limits).unwrap_or_default(),
                remaining_uses: self.remaining_uses,
                refill: self.refill,
            },
        }
    }
}

/// Create a new API key for the current organization
///
/// The key acts as the caller, with the caller's role, or as a service account. A key with `allowed_ips`, `limits` or `remaining_uses`
/// creates none (403), and one that expires only keys that expire no later. `key` is returned only in this response.
#[utoipa::path(tag = "organization-keys", operation_id = "create_organization_key",
    security(("user_token" = []), ("organization_key" = [])), params(OrganizationHeader),
    request_body = CreateOrganizationKeyRequest, responses(
    (status = 200, description = "The new key", body = Envelope<OrganizationKeyView>, example = json!({
        "code": 200,
        "data": {
            "createdAt": "2026-12-01T09:30:00Z",
            "createdBy": "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e",
            "description": "Deploys the game servers",
            "expiresAt": "2097-03-01T09:30:00Z",
            "id": "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e",
            "key": "osk_4fWzTqXn2LkPv7RbYc9MhGd3JsAe5UwKo8ZiBx1NrQt6Vy000",
            "keyPrefix": "osk_4fWz",
            "name": "Deployment",
            "organizationId": "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e",
            "scope": "read",
            "userId": "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e"
        },
        "message": "success",
        "requestId": "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e"
    })),
    (status = 404, description = "The organization does not exist, or the caller has no access to it"),
    (status = 409, description = "A quota of keys is reached")))]
#[post("/api-keys")]
pub(crate) async fn create_organization_key(
    caller: OrganizationCaller,
    body: CheckedBody<CreateOrganizationKeyRequest, KeyFields>,
    api_keys: Data<ApiKeys>,
) -> Result<HttpResponse, Problem> {
    let created = async {
        let command = body.parse()?.of(caller.organization(&api_keys).await?);
        api_keys.create_organization_key(&caller.actor, command).await.map_err(Problem::from)
    };
    match created.await {
        Ok(created) => Ok(envelope::one(caller.request_id(), OrganizationKeyView::of_new(created, api_keys.now()))),
        Err(problem) => {
            let owner = async |CheckedOwner { service_account_id: account }: CheckedOwner| {
                let organization = caller.organization(&api_keys).await?;
                let checked = api_keys.check_owner_of_new_key(&caller.actor, organization, account).await;
                checked.map_err(Problem::from)
            };
            let uses = async |CheckedUses { remaining_uses, refill }: CheckedUses| {
                let restrictions = NewRestrictions { remaining_uses, refill, ..NewRestrictions::default() };
                restrictions.at(api_keys.now()).map(drop).map_err(Problem::from)
            };
            Err(body.complete(body.complete(problem, owner).await, uses).await)
        }
    }
}

/// List API keys
///
/// Administrators, owners and service accounts get all keys of the organization, including revoked and expired ones.
/// Members get their own personal keys.
#[utoipa::path(tag = "organization-keys", operation_id = "list_organization_keys",
    security(("user_token" = []), ("organization_key" = [])), params(OrganizationHeader, SliceParameters), responses(
    (status = 200, description = "The keys, ordered by id", body = ListEnvelope<OrganizationKeyView>),
    (status = 404, description = "The organization does not exist, or the caller has no access to it")))]
#[get("/api-keys")]
pub(crate) async fn list_organization_keys(
    caller: OrganizationCaller,
    SliceQuery(slice): SliceQuery,
    api_keys: Data<ApiKeys>,
) -> Result<HttpResponse, Problem> {
    let organization = caller.organization(&api_keys).await?;
    let found = api_keys.list_organization_keys(&caller.actor, organization, slice).await?;
    let views = found.items.into_iter().map(|key| OrganizationKeyView::of(key, api_keys.now())).collect();
    Ok(envelope::list(caller.request_id(), views, found.has_more))
}

/// Get an API key
///
/// Members can read their own personal keys.
#[utoipa::path(tag = "organization-keys", operation_id = "get_organization_key",
    security(("user_token" = []), ("organization_key" = [])), params(OrganizationHeader), responses(
    (status = 200, description = "The key", body = Envelope<OrganizationKeyView>),
    (status = 404, description = "The key does not exist, or the caller has no access to it")))]
#[get("/api-keys/{id}")]
pub(crate) async fn get_organization_key(
    caller: OrganizationCaller,
    Id(id): Id<ApiKeyId>,
    api_keys: Data<ApiKeys>,
) -> Result<HttpResponse, Problem> {
    let organization = caller.organization(&api_keys).await?;
    let key = api_keys.view_organization_key(&caller.actor, organization, id).await?;
    Ok(envelope::one(caller.request_id(), OrganizationKeyView::of(key, api_keys.now())))
}

/// Revoke an API key by ID
///
/// The key is invalid from the response on, on other nodes within a second. It remains in the list. Repeating the request
/// has no effect. Members can revoke their own personal keys.
#[utoipa::path(tag = "organization-keys", operation_id = "revoke_organization_key",
    security(("user_token" = []), ("organization_key" = [])), params(OrganizationHeader), responses(
    (status = 200, description = "The key is revoked", body = EmptyEnvelope),
    (status = 404, description = "The key does not exist, or the caller has no access to it")))]
#[delete("/api-keys/{id}")]
pub(crate) async fn revoke_organization_key(
    caller: OrganizationCaller,
    Id(id): Id<ApiKeyId>,
    api_keys: Data<ApiKeys>,
) -> Result<HttpResponse, Problem> {
    let organization = caller.organization(&api_keys).await?;
    api_keys.revoke_organization_key(&caller.actor, organization, id).await?;
    Ok(envelope::empty(caller.request_id()))
}
