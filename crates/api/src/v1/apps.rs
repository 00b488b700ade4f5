//! The applications of an organization.

use actix_web::{HttpResponse, delete, get, http::header::LOCATION, post, put, web::Data};
use serde::Serialize;
use serde_json::Value;
use tessera_apps::{
    Apps, CreateApplication, UpdateApplication,
    model::{Application, ApplicationDescription, ApplicationName, DeclaredPermissions, RedirectUri, RedirectUris},
};
use tessera_kernel::{ApplicationId, OrganizationId, PermissionSet};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    extract::{
        Authenticated, Body, FieldResult, Fields, Kind, List, PageParameters, PageQuery, PathId, Request, ValueError,
        list, text,
    },
    openapi::schema,
    problem::Problem,
    public_url::{API_BASE, PublicUrl},
    v1::{
        permissions::{PermissionName, permissions, permissions_or_null},
        timestamp::Timestamp,
    },
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

fn redirect_uris(value: &Value) -> FieldResult<RedirectUris> {
    let uris = list(RedirectUris::MAX, text::<RedirectUri>)(value)?;
    uris.try_into().map_err(|error| ValueError::of(&error).into())
}

/// The number of permissions that an application may declare.
const MOST: usize = DeclaredPermissions::MAX;

fn declared(value: &Value) -> FieldResult<DeclaredPermissions> {
    let names: PermissionSet = permissions::<MOST>(value)?.into_iter().collect();
    names.try_into().map_err(|error| ValueError::of(&error).into())
}

/// The properties of a new application.
#[derive(ToSchema)]
struct CreateApplicationRequest {
    #[schema(schema_with = schema::line::<100>)]
    name: ApplicationName,
    #[schema(schema_with = schema::lines_or_null::<1000>)]
    description: Option<ApplicationDescription>,
    /// The redirect URIs that sign-ins of the application may use.
    #[schema(schema_with = schema::redirect_uris_or_null, required = false)]
    redirect_uris: RedirectUris,
    /// The permissions that the application adds to the catalogue of the service. Its API keys can get them.
    #[schema(schema_with = permissions_or_null::<MOST>, required = false)]
    permissions: DeclaredPermissions,
}

impl Request for CreateApplicationRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", text);
        let description = fields.optional("description", text);
        let redirect_uris = fields.optional("redirect_uris", redirect_uris).unwrap_or_default();
        let permissions = fields.optional("permissions", declared).unwrap_or_default();
        Some(Self { name: name?, description, redirect_uris, permissions })
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
    Body(body): Body<CreateApplicationRequest>,
    apps: Data<Apps>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let CreateApplicationRequest { name, description, redirect_uris, permissions } = body;
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

/// The changes to an application. Absent fields keep their value. `null` removes the description.
#[expect(clippy::option_option, reason = "absent, removed and replaced are three answers")]
#[derive(ToSchema)]
struct UpdateApplicationRequest {
    #[schema(schema_with = schema::line_or_null::<100>)]
    name: Option<ApplicationName>,
    #[schema(schema_with = schema::lines_or_null::<1000>)]
    description: Option<Option<ApplicationDescription>>,
    /// The new list of redirect URIs. It replaces the old list.
    #[schema(schema_with = schema::redirect_uris_or_null)]
    redirect_uris: Option<RedirectUris>,
    /// The new list of declared permissions. It replaces the old list. Keys keep the permissions that they have.
    #[schema(schema_with = permissions_or_null::<MOST>)]
    permissions: Option<DeclaredPermissions>,
}

impl Request for UpdateApplicationRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.optional("name", text);
        let description = fields.patch("description", text);
        let redirect_uris = fields.optional("redirect_uris", redirect_uris);
        let permissions = fields.optional("permissions", declared);
        Some(Self { name, description, redirect_uris, permissions })
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
    Body(body): Body<UpdateApplicationRequest>,
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
