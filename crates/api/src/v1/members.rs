//! The members of an organization and their roles.

use actix_web::{HttpResponse, delete, get, http::header::LOCATION, post, put, web::Data};
use serde::Serialize;
use tessera_kernel::{OrganizationId, Role, UserId};
use tessera_orgs::{AddMember, Candidate, ChangeRole, Orgs, model::Member};
use utoipa::{ToSchema, openapi::ObjectBuilder};
use uuid::Uuid;

use crate::{
    extract::{Caller, Fields, Kind, List, PageParameters, PageQuery, PathId, Request, ResourceBody, request},
    openapi::schema,
    problem::{FieldErrorCode, Problem},
    public_url::{API_BASE, PublicUrl},
    v1::{enums::RoleName, timestamp::Timestamp},
};

/// A member of an organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Member)]
struct MemberView {
    /// The id of the organization.
    organization_id: Uuid,
    /// The id of the user.
    user_id: Uuid,
    /// The email address. It is `null` for other members, like `display_name`, if the user was added by id and has not
    /// made a request inside the organization since.
    #[schema(required = true, example = "grace@example.com")]
    email: Option<String>,
    /// The display name. `null` if the user has none, or if `email` is hidden.
    #[schema(required = true, example = "Grace")]
    display_name: Option<String>,
    /// The role of the member.
    role: RoleName,
    /// When the user became a member.
    #[schema(value_type = String, format = DateTime)]
    joined_at: Timestamp,
    /// Whether the account of the member has a second factor. `null` unless the caller is an administrator or an owner.
    #[schema(required = true, example = true)]
    mfa_enabled: Option<bool>,
}

impl From<Member> for MemberView {
    fn from(Member { membership, profile, mfa_enabled }: Member) -> Self {
        Self {
            organization_id: membership.organization_id.as_uuid(),
            user_id: membership.user_id.as_uuid(),
            email: profile.email,
            display_name: profile.display_name,
            role: membership.role.into(),
            joined_at: membership.joined_at.into(),
            mfa_enabled,
        }
    }
}

/// List members of an organization
///
/// Every member can read the list.
#[utoipa::path(tag = "members", operation_id = "list_members", security(("user_token" = []), ("organization_key" = [])), params(PageParameters),
    responses((status = 200, description = "The members, ordered by id", body = [MemberView]),
    (status = 404, description = "The organization does not exist, or the caller is not a member")))]
#[get("/orgs/{orgId}/members")]
pub(crate) async fn list_members(
    Caller(actor): Caller,
    PathId(id): PathId<OrganizationId>,
    query: PageQuery,
    orgs: Data<Orgs>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let list = List { kind: Kind::Members, owner: id.as_uuid(), path: format!("{API_BASE}/orgs/{id}/members") };
    let page = orgs.list_members(&actor, id, query.of(&list)?).await?;
    Ok(query.respond(&list, &page.map(MemberView::from), &url))
}

/// The user to add, by `user_id` or by `email`, and the role.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AddMemberRequest)]
#[expect(dead_code, reason = "it is only described; NewMember reads the body")]
enum AddMemberSchema {
    ById(AddMemberById),
    ByEmail(AddMemberByEmail),
}

/// Add a user by id.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"user_id": "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e", "role": "member"}))]
struct AddMemberById {
    #[schema(schema_with = candidate_id)]
    user_id: Uuid,
    #[schema(schema_with = schema::null, required = false)]
    email: (),
    /// The role of the new member. At most the caller's own.
    role: RoleName,
}

fn candidate_id() -> ObjectBuilder {
    schema::id().description(Some("The id of the user. Upper and lower case are equivalent."))
}

fn candidate_email() -> ObjectBuilder {
    schema::email().description(Some("The verified email address of the user. Upper and lower case are equivalent."))
}

/// Add a user by email address.
#[derive(Serialize, ToSchema)]
struct AddMemberByEmail {
    #[schema(schema_with = schema::null, required = false)]
    user_id: (),
    #[schema(schema_with = candidate_email)]
    email: String,
    /// The role of the new member. At most the caller's own.
    role: RoleName,
}

struct NewMember {
    candidate: Candidate,
    role: Role,
}

impl Request for NewMember {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        match (fields.has("user_id"), fields.has("email")) {
            (true, true) => fields.fault("", FieldErrorCode::Conflicting, "must have user_id or email, not both"),
            (false, false) => fields.fault("", FieldErrorCode::Required, "must have user_id or email"),
            (true, false) | (false, true) => {}
        }
        let user = fields.optional("user_id").map(Candidate::User);
        let email = fields.optional("email").map(Candidate::Email);
        let role = fields.required("role");
        Some(Self { candidate: user.or(email)?, role: role? })
    }
}

/// Directly add an existing user
///
/// For administrators and owners. `email` finds an account only if the account has verified the address. The user is
/// notified by mail. The email address and the name of a user who was added by id are `null` for others until that user
/// makes a request inside the organization. Adding an owner requires authentication within the last 5 minutes.
#[utoipa::path(tag = "members", operation_id = "add_member", security(("user_token" = []), ("organization_key" = [])),
    request_body = AddMemberSchema, responses(
    (status = 201, description = "The member", body = MemberView,
        headers(("Location" = String, description = "The URL of the created resource"))),
    (status = 404, description = "The organization or the user does not exist, or the caller has no access to it"),
    (status = 409, description = "The user is a member already, left less than 30 days ago (`user_left`; send an \
        invitation), or a quota is reached"),
    (status = 429, description = "The limit `add-member` of the caller is reached")))]
#[post("/orgs/{orgId}/members")]
pub(crate) async fn add_member(
    Caller(actor): Caller,
    PathId(id): PathId<OrganizationId>,
    ResourceBody(body, _): ResourceBody<NewMember, MemberView>,
    orgs: Data<Orgs>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let command = AddMember { organization: id, candidate: body.candidate, role: body.role };
    let view = MemberView::from(orgs.add_member(&actor, command).await?);
    let location = url.join(&format!("{API_BASE}/orgs/{id}/members/{}", view.user_id));
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(view))
}

/// Remove a member
///
/// Administrators and owners can remove members up to their own role. Every member can leave. The request also ends the
/// open invitation to the member's address, and the invitations that the member sent.
#[utoipa::path(tag = "members", operation_id = "remove_member", security(("user_token" = []), ("organization_key" = [])), responses(
    (status = 204, description = "The user is no longer a member"),
    (status = 404, description = "The organization or the member does not exist, or the caller has no access to it"),
    (status = 409, description = "The organization would have no owner")))]
#[delete("/orgs/{orgId}/members/{userId}")]
pub(crate) async fn remove_member(
    Caller(actor): Caller,
    PathId(id): PathId<OrganizationId>,
    PathId(user): PathId<UserId>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    orgs.remove_member(&actor, id, user).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Get a specific member's details
///
/// Every member can read the membership of another one.
#[utoipa::path(tag = "members", operation_id = "get_member", security(("user_token" = []), ("organization_key" = [])), responses(
    (status = 200, description = "The member", body = MemberView),
    (status = 404, description = "The organization or the member does not exist, or the caller has no access to it")))]
#[get("/orgs/{orgId}/members/{userId}")]
pub(crate) async fn get_member(
    Caller(actor): Caller,
    PathId(id): PathId<OrganizationId>,
    PathId(user): PathId<UserId>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let member = orgs.view_member(&actor, id, user).await?;
    Ok(HttpResponse::Ok().json(MemberView::from(member)))
}

request! {
    /// The new role.
    struct ChangeRoleRequest {
        /// The new role. At most the caller's own.
        role: Role,
    }
}

/// Update a member's role
///
/// For administrators and owners. Giving the role of an owner requires authentication within the last 5 minutes. The
/// request also ends the open invitation to the member's address, and the invitations that the member sent for roles
/// that the new role may not give.
#[utoipa::path(tag = "members", operation_id = "update_member_role", security(("user_token" = []), ("organization_key" = [])),
    request_body = ChangeRoleRequest, responses(
    (status = 200, description = "The member", body = MemberView),
    (status = 404, description = "The organization or the member does not exist, or the caller has no access to it"),
    (status = 409, description = "The organization would have no owner, or the quota of owned organizations is reached")))]
#[put("/orgs/{orgId}/members/{userId}")]
pub(crate) async fn update_member_role(
    Caller(actor): Caller,
    PathId(organization): PathId<OrganizationId>,
    PathId(user): PathId<UserId>,
    ResourceBody(body, _): ResourceBody<ChangeRoleRequest, MemberView>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let command = ChangeRole { organization, user, role: body.role };
    let member = orgs.change_role(&actor, command).await?;
    Ok(HttpResponse::Ok().json(MemberView::from(member)))
}
