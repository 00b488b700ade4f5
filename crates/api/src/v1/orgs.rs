//! Organizations.

use actix_web::{HttpRequest, HttpResponse, delete, get, http::header::LOCATION, post, put, web::Data};
use serde::Serialize;
use tessera_kernel::{OrganizationId, Role};
use tessera_orgs::{
    CreateOrganization, DeleteOrganization, Orgs, UpdateOrganization,
    model::{Organization, OrganizationName, Slug},
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    extract::{
        Authenticated, Caller, Kind, List, PageParameters, PageQuery, PathId, ResourceBody, pairs, request,
        single_value,
    },
    problem::Problem,
    public_url::{API_BASE, PublicUrl},
    v1::{enums::RoleName, timestamp::Timestamp},
};

/// An organization and the caller's role in it.
#[derive(Serialize, ToSchema)]
#[schema(as = Organization)]
struct OrganizationView {
    /// The id of the organization.
    id: Uuid,
    /// The display name.
    #[schema(example = "Blue Heron Games")]
    name: String,
    /// The short name for URLs. It is unique in the service.
    #[schema(example = "blue-heron-games")]
    slug: String,
    /// The role of the caller. `null` for a service account, which has permissions instead.
    #[schema(required = true)]
    role: Option<RoleName>,
    /// When the organization was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the organization was last updated, even if the update changed nothing.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// Whether members need a session with two factors. API keys do not.
    #[schema(example = false)]
    mfa_required: bool,
}

impl From<(Organization, Option<Role>)> for OrganizationView {
    fn from((organization, role): (Organization, Option<Role>)) -> Self {
        Self {
            id: organization.id.as_uuid(),
            name: organization.name.to_string(),
            slug: organization.slug.to_string(),
            role: role.map(RoleName::from),
            created_at: organization.created_at.into(),
            updated_at: organization.updated_at.into(),
            mfa_required: organization.mfa_required,
        }
    }
}

request! {
    /// The properties of a new organization.
    struct CreateOrganizationRequest {
        /// The display name. 1 to 100 characters.
        name: OrganizationName,
        /// The short name for URLs, unique in the service. 1 to 63 of `a` to `z` and `0` to `9`, in groups joined by
        /// single hyphens. If absent, it is derived from the name.
        slug: Option<Slug>,
    }
}

/// Create a new organization
///
/// The caller becomes its owner.
#[utoipa::path(tag = "organizations", operation_id = "create_organization", security(("user_token" = [])),
    request_body = CreateOrganizationRequest, responses(
    (status = 201, description = "The organization", body = OrganizationView,
        headers(("Location" = String, description = "The URL of the created resource"))),
    (status = 409, description = "The slug is taken, or the quota of owned organizations is reached")))]
#[post("/orgs")]
pub(crate) async fn create_organization(
    Authenticated(actor): Authenticated,
    ResourceBody(body, _): ResourceBody<CreateOrganizationRequest, OrganizationView>,
    orgs: Data<Orgs>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let command = CreateOrganization { name: body.name, slug: body.slug };
    let (organization, role) = orgs.create_organization(&actor, command).await?;
    let view = OrganizationView::from((organization, Some(role)));
    let location = url.join(&format!("{API_BASE}/orgs/{}", view.id));
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(view))
}

/// List my organizations
///
/// Returns the organizations of which the caller is a member, each with the caller's role. For a key of an organization,
/// returns this organization.
#[utoipa::path(tag = "organizations", operation_id = "list_organizations", security(("user_token" = []), ("organization_key" = [])),
    params(PageParameters), responses(
    (status = 200, description = "The caller's organizations, ordered by id", body = [OrganizationView])))]
#[get("/orgs")]
pub(crate) async fn list_organizations(
    Caller(actor): Caller,
    query: PageQuery,
    orgs: Data<Orgs>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let list = List::of_caller(Kind::Organizations, &actor, "/orgs");
    let page = orgs.list_organizations(&actor, query.of(&list)?).await?;
    Ok(query.respond(&list, &page.map(OrganizationView::from), &url))
}

/// Get organization details
///
/// Every member can read the organization. The response has the caller's role.
#[utoipa::path(tag = "organizations", operation_id = "get_organization", security(("user_token" = []), ("organization_key" = [])), responses(
    (status = 200, description = "The organization", body = OrganizationView),
    (status = 404, description = "The organization does not exist, or the caller is not a member")))]
#[get("/orgs/{orgId}")]
pub(crate) async fn get_organization(
    Caller(actor): Caller,
    PathId(id): PathId<OrganizationId>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let found = orgs.view_organization(&actor, id).await?;
    Ok(HttpResponse::Ok().json(OrganizationView::from(found)))
}

request! {
    /// The changes to an organization. Absent fields keep their value.
    struct UpdateOrganizationRequest {
        /// The new display name. 1 to 100 characters.
        name: Option<OrganizationName> = "Blue Heron Studios",
        /// The new short name for URLs, unique in the service. 1 to 63 of `a` to `z` and `0` to `9`, in groups joined
        /// by single hyphens. Only an owner may change it.
        slug: Option<Slug> = "blue-heron-studios",
        /// Whether members need a session with two factors. Only an owner who is signed in may change it. Turning it on
        /// requires that the session has two factors, turning it off a session that was authenticated in the last 5
        /// minutes.
        mfa_required: Option<bool> = false,
    }
}

/// Update an organization
///
/// Administrators can change the name. Owners can change the slug too, and whether MFA is required. A member whose session
/// has only one factor then gets 403 `organization_requires_mfa` for everything in the organization except leaving it.
#[utoipa::path(tag = "organizations", operation_id = "update_organization", security(("user_token" = []), ("organization_key" = [])),
    request_body = UpdateOrganizationRequest, responses(
    (status = 200, description = "The organization", body = OrganizationView),
    (status = 404, description = "The organization does not exist, or the caller is not a member"),
    (status = 409, description = "The slug is taken")))]
#[put("/orgs/{orgId}")]
pub(crate) async fn update_organization(
    Caller(actor): Caller,
    PathId(organization): PathId<OrganizationId>,
    ResourceBody(body, _): ResourceBody<UpdateOrganizationRequest, OrganizationView>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let UpdateOrganizationRequest { name, slug, mfa_required } = body;
    let command = UpdateOrganization { organization, name, slug, mfa_required };
    let updated = orgs.update_organization(&actor, command).await?;
    Ok(HttpResponse::Ok().json(OrganizationView::from(updated)))
}

/// The query parameter of a deletion.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described; the handler reads the query")]
struct DeleteOrganizationParameters {
    /// The current slug of the organization, as a confirmation.
    #[param(min_length = 1, max_length = 63)]
    slug: String,
}

/// Delete an organization
///
/// The organization is deleted with its applications, API keys, settings, system data, invitations and memberships. The
/// keys are invalid from the response on, on other nodes within a second. All owners are notified. For owners, with a
/// session that was authenticated within the last 5 minutes.
#[utoipa::path(tag = "organizations", operation_id = "delete_organization", security(("user_token" = [])),
    params(DeleteOrganizationParameters), responses(
    (status = 204, description = "The organization is deleted"),
    (status = 400, description = "`slug` is missing or is not the slug of the organization"),
    (status = 404, description = "The organization does not exist, or the caller is not a member")))]
#[delete("/orgs/{orgId}")]
pub(crate) async fn delete_organization(
    Authenticated(actor): Authenticated,
    PathId(organization): PathId<OrganizationId>,
    request: HttpRequest,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let pairs = pairs(request.query_string())?;
    // A missing slug is judged like a wrong one, after the role: it says nothing about the organization.
    let slug = single_value(&pairs, "slug")?.unwrap_or_default().to_owned();
    orgs.delete_organization(&actor, DeleteOrganization { organization, slug }).await?;
    Ok(HttpResponse::NoContent().finish())
}
