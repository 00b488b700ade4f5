//! API keys of organizations.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use serde::Serialize;
use tessera_apikeys::{
    ApiKeys, CreateOrganizationKey,
    model::{ApiKey, KeyDescription, KeyName, RawKey},
};
use tessera_kernel::{ApiKeyId, KeyScope, ServiceAccountId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    b3os::{
        envelope::{self, EmptyEnvelope, Envelope, ListEnvelope},
        parameters::{Id, OrganizationCaller, OrganizationHeader, SliceParameters, SliceQuery},
        values::Expiry,
    },
    extract::{ResourceBody, request},
    problem::Problem,
    v1::{enums::ScopeName, timestamp::Timestamp},
};

/// An API key of an organization. Values that are not set are absent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrganizationKey)]
struct OrganizationKeyView {
    /// When the key was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The id of the user or of the service account that created the key.
    created_by: Uuid,
    /// The purpose of the key. Absent if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "Deploys the game servers")]
    description: Option<String>,
    /// When the key expires. Absent if it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    expires_at: Option<Timestamp>,
    /// The id of the key. It is not a credential.
    id: Uuid,
    /// The key itself. It is present only in the response to its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, pattern = "^osk_[0-9A-Za-z]{49}$", example = json!(null))]
    key: Option<String>,
    /// The first characters of the key.
    #[schema(example = "osk_4fWz")]
    key_prefix: String,
    /// When the key was last used, accurate to about one minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    last_used_at: Option<Timestamp>,
    /// The address of the client that used the key last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "203.0.113.7")]
    last_used_ip: Option<String>,
    /// The `User-Agent` of the client that used the key last, at most 512 bytes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "deployer/1.4")]
    last_used_user_agent: Option<String>,
    /// The name of the key.
    #[schema(example = "Deployment")]
    name: String,
    /// The id of the organization.
    organization_id: Uuid,
    /// When the key was revoked. Absent if it is not revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false, example = json!(null))]
    revoked_at: Option<Timestamp>,
    /// Whether the key may change anything.
    scope: ScopeName,
    /// The service account that the key acts as. Absent for a personal key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = json!(null))]
    service_account_id: Option<Uuid>,
    /// The user that a personal key acts as. Absent for a key of a service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    user_id: Option<Uuid>,
}

impl From<ApiKey> for OrganizationKeyView {
    fn from(key: ApiKey) -> Self {
        let last = key.latest_use().cloned();
        Self {
            created_at: key.created_at.into(),
            created_by: key.created_by.as_uuid(),
            expires_at: key.expires_at.map(Timestamp::from),
            id: key.id.as_uuid(),
            key: None,
            last_used_at: last.as_ref().map(|used| used.at.into()),
            last_used_ip: last.as_ref().and_then(|used| used.address).map(|address| address.to_string()),
            name: key.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            organization_id: key.organization_id.as_uuid(),
            revoked_at: key.revoked_at().map(Timestamp::from),
            scope: key.scope.into(),
            service_account_id: key.service_account().map(|id| id.as_uuid()),
            user_id: key.user().map(|id| id.as_uuid()),
            description: key.description.map(|text| text.to_string()),
            key_prefix: key.key_prefix,
            last_used_user_agent: last.and_then(|used| used.user_agent),
        }
    }
}

impl From<(ApiKey, RawKey)> for OrganizationKeyView {
    fn from((key, raw): (ApiKey, RawKey)) -> Self {
        Self { key: Some(raw.expose().to_owned()), ..key.into() }
    }
}

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
    }
}

/// Create a new API key for the current organization
///
/// The key acts as the caller, with the caller's role, or as a service account. `key` is returned only in this response.
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
    ResourceBody(body, _): ResourceBody<CreateOrganizationKeyRequest, OrganizationKeyView>,
    api_keys: Data<ApiKeys>,
) -> Result<HttpResponse, Problem> {
    let command = CreateOrganizationKey {
        organization: caller.organization(&api_keys).await?,
        name: body.name,
        description: body.description,
        expires_at: body.expires_at.and_then(|Expiry(time)| time),
        scope: body.scope.unwrap_or_default(),
        service_account: body.service_account_id,
    };
    let created = api_keys.create_organization_key(&caller.actor, command).await?;
    Ok(envelope::one(caller.request_id(), OrganizationKeyView::from(created)))
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
    let views = found.items.into_iter().map(OrganizationKeyView::from).collect();
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
    Ok(envelope::one(caller.request_id(), OrganizationKeyView::from(key)))
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
