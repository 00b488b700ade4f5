//! The applications of an organization.

use actix_web::{HttpResponse, delete, get, http::header::LOCATION, post, put, web::Data};
use serde::Serialize;
use tessera_apps::{
    Apps, CreateApplication, UpdateApplication,
    model::{Application, ApplicationDescription, ApplicationName, DeclaredPermissions, RedirectUris},
};
use tessera_kernel::{ApplicationId, OrganizationId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    extract::{Caller, Kind, List, PageParameters, PageQuery, Patch, PathId, ResourceBody, request},
    problem::Problem,
    public_url::{API_BASE, PublicUrl},
    v1::{permissions::PermissionName, timestamp::Timestamp},
};

/// An application.
#[derive(Serialize, ToSchema)]
#[schema(as = Application)]
struct ApplicationView {
    /// The id of the application.
    id: Uuid,
    /// The id of the organization that owns the application.
    organization_id: Uuid,
    /// The display name.
    #[schema(example = "Tide Pools")]
    name: String,
    /// The description. `null` if it is not set.
    #[schema(required = true, example = "A puzzle game.")]
    description: Option<String>,
    /// The redirect URIs that sign-ins of the application may use.
    #[schema(example = json!(["https://tide-pools.example.com/callback"]))]
    redirect_uris: Vec<String>,
    /// The permissions that the application declares.
    #[schema(example = json!(["match:record"]))]
    permissions: Vec<PermissionName>,
    /// When the application was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the application was last updated, even if the update changed nothing.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Application> for ApplicationView {
    fn from(application: Application) -> Self {
        Self {
            id: application.id.as_uuid(),
            organization_id: application.organization_id.as_uuid(),
            name: application.name.to_string(),
            description: application.description.map(|text| text.to_string()),
            redirect_uris: application.redirect_uris.iter().map(ToString::to_string).collect(),
            permissions: application.permissions.iter().map(PermissionName::from).collect(),
            created_at: application.created_at.into(),
            updated_at: application.updated_at.into(),
        }
    }
}

/// List applications within an organization
///
/// Every member can read the list.
#[utoipa::path(tag = "applications", operation_id = "list_applications", security(("user_token" = []), ("organization_key" = [])),
    params(PageParameters), responses(
    (status = 200, description = "The applications, ordered by id", body = [ApplicationView]),
    (status = 404, description = "The organization does not exist, or the caller is not a member")))]
#[get("/orgs/{orgId}/apps")]
pub(crate) async fn list_applications(
    Caller(actor): Caller,
    PathId(id): PathId<OrganizationId>,
    query: PageQuery,
    apps: Data<Apps>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let list = List { kind: Kind::Applications, owner: id.as_uuid(), path: format!("{API_BASE}/orgs/{id}/apps") };
    let page = apps.list_applications(&actor, id, query.of(&list)?).await?;
    Ok(query.respond(&list, &page.map(ApplicationView::from), &url))
}

request! {
    /// The properties of a new application.
    struct CreateApplicationRequest {
        /// The display name. 1 to 100 characters.
        name: ApplicationName,
        /// The description. 1 to 1000 characters in one or more lines.
        description: Option<ApplicationDescription>,
        /// The redirect URIs that sign-ins of the application may use. At most 20.
        redirect_uris: Option<RedirectUris>,
        /// The permissions that the application adds to the catalogue of the service. At most 100. Its API keys can get
        /// them.
        permissions: Option<DeclaredPermissions>,
    }
}

/// Create an application within an organization
///
/// For administrators and owners. The organization owns the application and its API keys.
#[utoipa::path(tag = "applications", operation_id = "create_application", security(("user_token" = []), ("organization_key" = [])),
    request_body = CreateApplicationRequest, responses(
    (status = 201, description = "The application", body = ApplicationView,
        headers(("Location" = String, description = "The URL of the created resource"))),
    (status = 404, description = "The organization does not exist, or the caller is not a member"),
    (status = 409, description = "The quota of applications is reached")))]
#[post("/orgs/{orgId}/apps")]
pub(crate) async fn create_application(
    Caller(actor): Caller,
    PathId(organization): PathId<OrganizationId>,
    ResourceBody(body, _): ResourceBody<CreateApplicationRequest, ApplicationView>,
    apps: Data<Apps>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let CreateApplicationRequest { name, description, redirect_uris, permissions } = body;
    let (redirect_uris, permissions) = (redirect_uris.unwrap_or_default(), permissions.unwrap_or_default());
    let command = CreateApplication { organization, name, description, redirect_uris, permissions };
    let view = ApplicationView::from(apps.create_application(&actor, command).await?);
    let location = url.join(&format!("{API_BASE}/apps/{}", view.id));
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(view))
}

/// Get application details
///
/// Every member of the organization can read the application.
#[utoipa::path(tag = "applications", operation_id = "get_application", security(("user_token" = []), ("organization_key" = [])), responses(
    (status = 200, description = "The application", body = ApplicationView),
    (status = 404, description = "The application does not exist, or the caller has no access to it")))]
#[get("/apps/{appId}")]
pub(crate) async fn get_application(
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    apps: Data<Apps>,
) -> Result<HttpResponse, Problem> {
    let application = apps.view_application(&actor, id).await?;
    Ok(HttpResponse::Ok().json(ApplicationView::from(application)))
}

request! {
    /// The changes to an application. Absent fields keep their value. `null` removes the description.
    struct UpdateApplicationRequest {
        /// The new display name. 1 to 100 characters.
        name: Option<ApplicationName>,
        /// The new description. 1 to 1000 characters in one or more lines.
        description: Patch<ApplicationDescription>,
        /// The new list of redirect URIs, at most 20. It replaces the old list.
        redirect_uris: Option<RedirectUris>,
        /// The new list of declared permissions, at most 100. It replaces the old list. Keys keep the permissions that
        /// they have.
        permissions: Option<DeclaredPermissions>,
    }
}

/// Update application details
///
/// For administrators and owners. Absent fields keep their value. A removed redirect URI is rejected at once, also in
/// sign-ins that have started.
#[utoipa::path(tag = "applications", operation_id = "update_application", security(("user_token" = []), ("organization_key" = [])),
    request_body = UpdateApplicationRequest, responses(
    (status = 200, description = "The application", body = ApplicationView),
    (status = 404, description = "The application does not exist, or the caller has no access to it")))]
#[put("/apps/{appId}")]
pub(crate) async fn update_application(
    Caller(actor): Caller,
    PathId(application): PathId<ApplicationId>,
    ResourceBody(body, _): ResourceBody<UpdateApplicationRequest, ApplicationView>,
    apps: Data<Apps>,
) -> Result<HttpResponse, Problem> {
    let UpdateApplicationRequest { name, description, redirect_uris, permissions } = body;
    let command = UpdateApplication { application, name, description, redirect_uris, permissions };
    let application = apps.update_application(&actor, command).await?;
    Ok(HttpResponse::Ok().json(ApplicationView::from(application)))
}

/// Delete an application
///
/// For administrators and owners. The keys of the application become invalid with the response, on other
/// nodes within a second.
#[utoipa::path(tag = "applications", operation_id = "delete_application", security(("user_token" = []), ("organization_key" = [])), responses(
    (status = 204, description = "The application is deleted"),
    (status = 404, description = "The application does not exist, or the caller has no access to it")))]
#[delete("/apps/{appId}")]
pub(crate) async fn delete_application(
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    apps: Data<Apps>,
) -> Result<HttpResponse, Problem> {
    apps.delete_application(&actor, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
