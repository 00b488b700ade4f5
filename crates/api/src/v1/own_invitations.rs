//! The invitations of the caller.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use serde::Serialize;
use tessera_kernel::InvitationId;
use tessera_orgs::{
    Orgs,
    model::{Invitation, InvitationStatus, Organization},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    extract::{Authenticated, Kind, List, PageParameters, PageQuery, PathId},
    problem::Problem,
    public_url::PublicUrl,
    v1::{
        enums::RoleName,
        invitations::{AcceptedView, StatusName},
        timestamp::Timestamp,
    },
};

/// A pending invitation to the verified address of the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnInvitation)]
struct OwnInvitationView {
    /// The id of the invitation.
    id: Uuid,
    /// The id of the organization.
    organization_id: Uuid,
    /// The display name of the organization.
    #[schema(example = "Blue Heron Games")]
    organization_name: String,
    /// The invited address.
    #[schema(example = "ada@example.com")]
    email: String,
    /// The role that the caller gets.
    role: RoleName,
    /// Always `pending`.
    status: StatusName,
    /// The user who sent or last resent the invitation.
    invited_by: Uuid,
    /// When the invitation expires.
    #[schema(value_type = String, format = DateTime, example = "2026-12-08T09:30:00Z")]
    expires_at: Timestamp,
    /// When the invitation was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<(Invitation, Organization)> for OwnInvitationView {
    fn from((invitation, organization): (Invitation, Organization)) -> Self {
        Self {
            id: invitation.id.as_uuid(),
            organization_id: organization.id.as_uuid(),
            organization_name: organization.name.to_string(),
            email: invitation.email.to_string(),
            role: invitation.role.into(),
            status: InvitationStatus::Pending.into(),
            invited_by: invitation.invited_by.as_uuid(),
            expires_at: invitation.expires_at.into(),
            created_at: invitation.created_at.into(),
        }
    }
}

/// List my pending invitations
///
/// The list is empty if the caller has not verified an email address. A page may have fewer entries than `limit`
/// although there is a next page.
#[utoipa::path(tag = "invitations", operation_id = "list_own_invitations", security(("user_token" = [])),
    params(PageParameters), responses(
    (status = 200, description = "The pending invitations to the caller's verified address, ordered by id",
        body = [OwnInvitationView])))]
#[get("/users/me/invitations")]
pub(crate) async fn list_own_invitations(
    Authenticated(actor): Authenticated,
    query: PageQuery,
    orgs: Data<Orgs>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let list = List::of_caller(Kind::OwnInvitations, &actor, "/users/me/invitations");
    let page = orgs.list_own_invitations(&actor, query.of(&list)?).await?;
    Ok(query.respond(&list, &page.map(OwnInvitationView::from), &url))
}

/// Accept one of my invitations
///
/// An existing member keeps the current role.
#[utoipa::path(tag = "invitations", operation_id = "accept_own_invitation", security(("user_token" = [])), responses(
    (status = 200, description = "The membership", body = AcceptedView, example = json!({
        "organization_id": "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e",
        "user_id": "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e",
        "role": "member",
        "new_user": false,
        "profile_completion_required": false,
        "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTk4YzJmMCJ9.c2lnbmF0dXJl",
    })),
    (status = 404, description = "There is no pending invitation with this id to the caller's verified address"),
    (status = 409, description = "A quota is reached, or another request is accepting the invitation")))]
#[post("/users/me/invitations/{invitationId}/accept")]
pub(crate) async fn accept_own_invitation(
    Authenticated(actor): Authenticated,
    PathId(id): PathId<InvitationId>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let accepted = orgs.accept_own_invitation(&actor, id).await?;
    Ok(HttpResponse::Ok().json(AcceptedView::from(accepted)))
}

/// Decline one of my invitations
///
/// The members of the organization see it as `withdrawn`.
#[utoipa::path(tag = "invitations", operation_id = "decline_own_invitation", security(("user_token" = [])), responses(
    (status = 204, description = "The invitation is declined"),
    (status = 404, description = "There is no pending invitation with this id to the caller's verified address")))]
#[delete("/users/me/invitations/{invitationId}")]
pub(crate) async fn decline_own_invitation(
    Authenticated(actor): Authenticated,
    PathId(id): PathId<InvitationId>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    orgs.decline_invitation(&actor, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
