//! Service accounts of organizations.

use actix_web::{HttpResponse, delete, get, patch, post, web::Data};
use serde::Serialize;
use tessera_apikeys::{
    ApiKeys, CreateServiceAccount, UpdateServiceAccount,
    model::{KeyDescription, KeyName, ServiceAccount},
};
use tessera_kernel::ServiceAccountId;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    b3os::{
        envelope::{self, Envelope, ListEnvelope},
        parameters::{Id, OrganizationCaller, OrganizationHeader, SliceParameters, SliceQuery},
        values::{AccountPermissions, PermissionName},
    },
    extract::{Patch, ResourceBody, request},
    problem::Problem,
    v1::timestamp::Timestamp,
};

/// Whether a service account is active.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ServiceAccountStatus, example = "active")]
enum StatusName {
    /// The keys of the account are valid.
    Active,
    /// The keys of the account are invalid.
    Disabled,
}

/// A service account of an organization. Values that are not set are absent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceAccount)]
struct ServiceAccountView {
    /// When the account was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The id of the user or of the service account that created this one.
    created_by: Uuid,
    /// The purpose of the account. Absent if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "Imports the stock every night")]
    description: Option<String>,
    /// When the account was disabled. Absent if it is active.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false, example = json!(null))]
    disabled_at: Option<Timestamp>,
    /// The id of the account.
    id: Uuid,
    /// The name of the account.
    #[schema(example = "Importer")]
    name: String,
    /// The id of the organization.
    organization_id: Uuid,
    /// The permissions of the account in the organization. A change holds for its existing keys too.
    #[schema(value_type = Vec<PermissionName>)]
    permissions: Vec<String>,
    /// Whether the account is active.
    status: StatusName,
    /// When the account was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<ServiceAccount> for ServiceAccountView {
    fn from(account: ServiceAccount) -> Self {
        let disabled_at = account.disabled_at();
        Self {
            created_at: account.created_at.into(),
            created_by: account.created_by.as_uuid(),
            description: account.description.map(|text| text.to_string()),
            disabled_at: disabled_at.map(Timestamp::from),
            id: account.id.as_uuid(),
            name: account.name.to_string(),
            organization_id: account.organization_id.as_uuid(),
            permissions: account.permissions.iter().map(ToString::to_string).collect(),
            status: if disabled_at.is_some() { StatusName::Disabled } else { StatusName::Active },
            updated_at: account.updated_at.into(),
        }
    }
}

request! {
    /// The properties of a new service account.
    struct CreateServiceAccountRequest {
        /// The name of the account. 1 to 100 characters.
        name: KeyName = "Importer",
        /// The purpose of the account. 1 to 200 characters.
        description: Option<KeyDescription> = "Imports the stock every night",
        /// The permissions of the account in the organization. The caller must have these permissions.
        permissions: AccountPermissions,
    }
}

/// Create a service account for the current organization
///
/// For administrators and owners, and for keys with the permission `api_keys:write`. The account has no key yet.
#[utoipa::path(tag = "service-accounts", operation_id = "create_service_account",
    security(("user_token" = []), ("organization_key" = [])), params(OrganizationHeader),
    request_body = CreateServiceAccountRequest, responses(
    (status = 200, description = "The service account", body = Envelope<ServiceAccountView>),
    (status = 404, description = "The organization does not exist, or the caller has no access to it"),
    (status = 409, description = "The quota of service accounts is reached")))]
#[post("/service-accounts")]
pub(crate) async fn create_service_account(
    caller: OrganizationCaller,
    ResourceBody(body, _): ResourceBody<CreateServiceAccountRequest, ServiceAccountView>,
    api_keys: Data<ApiKeys>,
) -> Result<HttpResponse, Problem> {
    let AccountPermissions(permissions) = body.permissions;
    let organization = caller.organization(&api_keys).await?;
    let command = CreateServiceAccount { organization, name: body.name, description: body.description, permissions };
    let created = api_keys.create_service_account(&caller.actor, command).await?;
    Ok(envelope::one(caller.request_id(), ServiceAccountView::from(created)))
}

/// List service accounts
///
/// For administrators and owners, and for keys with the permission `api_keys:read`. The list includes disabled accounts.
#[utoipa::path(tag = "service-accounts", operation_id = "list_service_accounts",
    security(("user_token" = []), ("organization_key" = [])), params(OrganizationHeader, SliceParameters), responses(
    (status = 200, description = "The service accounts, ordered by id", body = ListEnvelope<ServiceAccountView>),
    (status = 404, description = "The organization does not exist, or the caller has no access to it")))]
#[get("/service-accounts")]
pub(crate) async fn list_service_accounts(
    caller: OrganizationCaller,
    SliceQuery(slice): SliceQuery,
    api_keys: Data<ApiKeys>,
) -> Result<HttpResponse, Problem> {
    let organization = caller.organization(&api_keys).await?;
    let found = api_keys.list_service_accounts(&caller.actor, organization, slice).await?;
    let views = found.items.into_iter().map(ServiceAccountView::from).collect();
    Ok(envelope::list(caller.request_id(), views, found.has_more))
}

/// Get a single service account by ID
///
/// For administrators and owners, and for keys with the permission `api_keys:read`.
#[utoipa::path(tag = "service-accounts", operation_id = "get_service_account",
    security(("user_token" = []), ("organization_key" = [])), params(OrganizationHeader), responses(
    (status = 200, description = "The service account", body = Envelope<ServiceAccountView>),
    (status = 404, description = "The service account does not exist, or the caller has no access to it")))]
#[get("/service-accounts/{id}")]
pub(crate) async fn get_service_account(
    caller: OrganizationCaller,
    Id(id): Id<ServiceAccountId>,
    api_keys: Data<ApiKeys>,
) -> Result<HttpResponse, Problem> {
    let organization = caller.organization(&api_keys).await?;
    let account = api_keys.view_service_account(&caller.actor, organization, id).await?;
    Ok(envelope::one(caller.request_id(), ServiceAccountView::from(account)))
}

request! {
    /// The change of a service account.
    struct UpdateServiceAccountRequest {
        /// The new name of the account. 1 to 100 characters.
        name: KeyName = "Importer",
        /// The new purpose of the account, 1 to 200 characters. If absent, it stays; `null` removes it.
        description: Patch<KeyDescription> = "Imports the stock every hour",
        /// The new permissions of the account, which replace all present ones. They apply to its existing keys from the response on, on other
        /// nodes within a second.
        permissions: AccountPermissions,
    }
}

/// Update name, description, permissions
///
/// For administrators and owners, and for keys with the permission `api_keys:write`. The caller must have all permissions
/// that the account has before and after the change.
#[utoipa::path(tag = "service-accounts", operation_id = "update_service_account",
    security(("user_token" = []), ("organization_key" = [])), params(OrganizationHeader),
    request_body = UpdateServiceAccountRequest, responses(
    (status = 200, description = "The service account", body = Envelope<ServiceAccountView>),
    (status = 404, description = "The service account does not exist, or the caller has no access to it")))]
#[patch("/service-accounts/{id}")]
pub(crate) async fn update_service_account(
    caller: OrganizationCaller,
    Id(account): Id<ServiceAccountId>,
    ResourceBody(body, _): ResourceBody<UpdateServiceAccountRequest, ServiceAccountView>,
    api_keys: Data<ApiKeys>,
) -> Result<HttpResponse, Problem> {
    let organization = caller.organization(&api_keys).await?;
    let UpdateServiceAccountRequest { name, description, permissions: AccountPermissions(permissions) } = body;
    let command = UpdateServiceAccount { organization, account, name, description, permissions };
    let updated = api_keys.update_service_account(&caller.actor, command).await?;
    Ok(envelope::one(caller.request_id(), ServiceAccountView::from(updated)))
}

/// Disable a service account
///
/// The keys of the account are invalid from the response on, on other nodes within a second. The record stays. Repeating
/// the request has no effect.
#[utoipa::path(tag = "service-accounts", operation_id = "disable_service_account",
    security(("user_token" = []), ("organization_key" = [])), params(OrganizationHeader), responses(
    (status = 200, description = "The service account is disabled", body = Envelope<ServiceAccountView>),
    (status = 404, description = "The service account does not exist, or the caller has no access to it")))]
#[delete("/service-accounts/{id}")]
pub(crate) async fn disable_service_account(
    caller: OrganizationCaller,
    Id(id): Id<ServiceAccountId>,
    api_keys: Data<ApiKeys>,
) -> Result<HttpResponse, Problem> {
    let organization = caller.organization(&api_keys).await?;
    let account = api_keys.disable_service_account(&caller.actor, organization, id).await?;
    Ok(envelope::one(caller.request_id(), ServiceAccountView::from(account)))
}
