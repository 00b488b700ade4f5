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
    extract::{Authenticated, Kind, List, PageParameters, PageQuery, Patch, PathId, ResourceBody, request},
    problem::Problem,
    public_url::{API_BASE, PublicUrl},
    v1::{permissions::PermissionName, timestamp::Timestamp},
};

/// An application.
#[derive(Serialize, ToSchema)]
#[schema(as = Application)]
struct ApplicationView {
    id: Uuid,
    organization_id: Uuid,
    name: String,
    #[schema(required = true)]
    description: Option<String>,
    redirect_uris: Vec<String>,
    /// The permissions that the application declares.
    permissions: Vec<PermissionName>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
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
#[utoipa::path(tag = "applications", operation_id = "list_applications", security(("user_token" = [])),
    params(PageParameters), responses(
    (status = 200, description = "The applications, ordered by id", body = [ApplicationView]),
    (status = 404, description = "The organization does not exist, or the caller is not a member")))]
#[get("/orgs/{orgId}/apps")]
pub(crate) async fn list_applications(
    Authenticated(actor): Authenticated,
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
        name: ApplicationName,
        description: Option<ApplicationDescription>,
        /// The redirect URIs that sign-ins of the application may use.
        redirect_uris: Option<RedirectUris>,
        /// The permissions that the application adds to the catalogue of the service. Its API keys can get them.
        permissions: Option<DeclaredPermissions>,
    }
}

/// Create an application within an organization
#[utoipa::path(tag = "applications", operation_id = "create_application", security(("user_token" = [])),
    request_body = CreateApplicationRequest, responses(
    (status = 201, description = "The application", body = ApplicationView,
        headers(("Location" = String, description = "The URL of the created resource"))),
    (status = 404, description = "The organization does not exist, or the caller is not a member"),
    (status = 409, description = "The quota of applications is reached")))]
#[post("/orgs/{orgId}/apps")]
pub(crate) async fn create_application(
    Authenticated(actor): Authenticated,
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
#[utoipa::path(tag = "applications", operation_id = "get_application", security(("user_token" = [])), responses(
    (status = 200, description = "The application", body = ApplicationView),
    (status = 404, description = "The application does not exist, or the caller has no access to it")))]
#[get("/apps/{appId}")]
pub(crate) async fn get_application(
    Authenticated(actor): Authenticated,
    PathId(id): PathId<ApplicationId>,
    apps: Data<Apps>,
) -> Result<HttpResponse, Problem> {
    let application = apps.view_application(&actor, id).await?;
    Ok(HttpResponse::Ok().json(ApplicationView::from(application)))
}

request! {
    /// The changes to an application. Absent fields keep their value. `null` removes the description.
    struct UpdateApplicationRequest {
        name: Option<ApplicationName>,
        description: Patch<ApplicationDescription>,
        /// The new list of redirect URIs. It replaces the old list.
        redirect_uris: Option<RedirectUris>,
        /// The new list of declared permissions. It replaces the old list. Keys keep the permissions that they have.
        permissions: Option<DeclaredPermissions>,
    }
}

/// Update application details
#[utoipa::path(tag = "applications", operation_id = "update_application", security(("user_token" = [])),
    request_body = UpdateApplicationRequest, responses(
    (status = 200, description = "The application", body = ApplicationView),
    (status = 404, description = "The application does not exist, or the caller has no access to it")))]
#[put("/apps/{appId}")]
pub(crate) async fn update_application(
    Authenticated(actor): Authenticated,
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
/// The keys of the application become invalid at once on every node.
#[utoipa::path(tag = "applications", operation_id = "delete_application", security(("user_token" = [])), responses(
    (status = 204, description = "The application is deleted"),
    (status = 404, description = "The application does not exist, or the caller has no access to it")))]
#[delete("/apps/{appId}")]
pub(crate) async fn delete_application(
    Authenticated(actor): Authenticated,
    PathId(id): PathId<ApplicationId>,
    apps: Data<Apps>,
) -> Result<HttpResponse, Problem> {
    apps.delete_application(&actor, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
