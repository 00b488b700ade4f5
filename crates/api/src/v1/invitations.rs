//! Invitations to an organization by mail, and their acceptance.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use serde::Serialize;
use tessera_identity::model::DisplayName;
use tessera_kernel::{EmailAddress, InvitationId, OrganizationId, Role, Secret};
use tessera_orgs::{
    AcceptInvitation, AcceptedInvitation, Invite, Orgs,
    model::{Invitation, InvitationStatus, ListedInvitation, MailDelivery},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    extract::{
        Authenticated, Body, Kind, List, OptionalUser, PageParameters, PageQuery, PathId, ResourceBody, UserAgent,
        request,
    },
    problem::{Code, Problem},
    public_url::{API_BASE, PublicUrl},
    v1::{enums::RoleName, timestamp::Timestamp},
};

/// The status of an invitation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InvitationStatus)]
pub(super) enum StatusName {
    Pending,
    Accepted,
    Expired,
    Withdrawn,
}

impl From<InvitationStatus> for StatusName {
    fn from(status: InvitationStatus) -> Self {
        match status {
            InvitationStatus::Pending => Self::Pending,
            InvitationStatus::Accepted => Self::Accepted,
            InvitationStatus::Expired => Self::Expired,
            InvitationStatus::Withdrawn => Self::Withdrawn,
        }
    }
}

/// The delivery status of a mail.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MailDelivery)]
enum DeliveryName {
    Queued,
    Sent,
    Failed,
}

impl From<MailDelivery> for DeliveryName {
    fn from(delivery: MailDelivery) -> Self {
        match delivery {
            MailDelivery::Queued => Self::Queued,
            MailDelivery::Sent => Self::Sent,
            MailDelivery::Failed => Self::Failed,
        }
    }
}

/// An invitation. The response does not contain the token, which is only in the mail.
#[derive(Serialize, ToSchema)]
#[schema(as = Invitation)]
struct InvitationView {
    /// The id of the invitation.
    id: Uuid,
    /// The id of the organization.
    organization_id: Uuid,
    /// The invited address.
    #[schema(example = "grace@example.com")]
    email: String,
    /// The role that the invitee gets.
    role: RoleName,
    /// Only a `pending` invitation can be accepted. An invitation is `withdrawn` also if the invitee declined it, if
    /// another invitation to the same address replaced it, or if the membership of the invitee or the inviter changed.
    status: StatusName,
    /// The delivery status of the latest mail: `queued`, `sent` if a mail server accepted it, or `failed` if it will
    /// not be delivered. `null` if the mail was cancelled with the invitation, or if its record no longer exists.
    #[schema(required = true)]
    delivery: Option<DeliveryName>,
    /// The user who sent or last resent the invitation. When the invitation is accepted, this user must still have the
    /// permission to give the role.
    invited_by: Uuid,
    /// When the invitation expires: seven days after its latest mail was requested.
    #[schema(value_type = String, format = DateTime, example = "2026-12-08T09:30:00Z")]
    expires_at: Timestamp,
    /// When the invitation was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// For an invitation whose mail this request has put into the outbox.
impl From<(Invitation, InvitationStatus)> for InvitationView {
    fn from((invitation, status): (Invitation, InvitationStatus)) -> Self {
        ListedInvitation { invitation, status, delivery: Some(MailDelivery::Queued) }.into()
    }
}

impl From<ListedInvitation> for InvitationView {
    fn from(ListedInvitation { invitation, status, delivery }: ListedInvitation) -> Self {
        Self {
            id: invitation.id.as_uuid(),
            organization_id: invitation.organization_id.as_uuid(),
            email: invitation.email.to_string(),
            role: invitation.role.into(),
            status: status.into(),
            delivery: delivery.map(DeliveryName::from),
            invited_by: invitation.invited_by.as_uuid(),
            expires_at: invitation.expires_at.into(),
            created_at: invitation.created_at.into(),
        }
    }
}

/// List an organization's invitations
///
/// For administrators and owners. The list also has accepted, expired and withdrawn invitations, until they are deleted
/// 90 days after their end.
#[utoipa::path(tag = "invitations", operation_id = "list_invitations", security(("user_token" = [])),
    params(PageParameters), responses(
    (status = 200, description = "The invitations in every status, ordered by id", body = [InvitationView]),
    (status = 404, description = "The organization does not exist, or the caller is not a member")))]
#[get("/orgs/{orgId}/invitations")]
pub(crate) async fn list_invitations(
    Authenticated(actor): Authenticated,
    PathId(id): PathId<OrganizationId>,
    query: PageQuery,
    orgs: Data<Orgs>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let list = List { kind: Kind::Invitations, owner: id.as_uuid(), path: format!("{API_BASE}/orgs/{id}/invitations") };
    let page = orgs.list_invitations(&actor, id, query.of(&list)?).await?;
    Ok(query.respond(&list, &page.map(InvitationView::from), &url))
}

request! {
    /// The address to invite, and the role.
    struct InviteRequest {
        /// The address to invite. It may have no account yet.
        email: EmailAddress = "grace@example.com",
        /// The role that the invitee gets. At most the caller's own.
        role: Role,
    }
}

/// Send an invitation to join an organization
///
/// For administrators and owners. The mail is sent as soon as a mail server accepts it. A second invitation to the same
/// address replaces the first. Inviting an owner requires authentication within the last 5 minutes.
#[utoipa::path(tag = "invitations", operation_id = "send_invitation", security(("user_token" = [])),
    request_body = InviteRequest, responses(
    (status = 201, description = "The invitation", body = InvitationView),
    (status = 404, description = "The organization does not exist, or the caller is not a member"),
    (status = 409, description = "The address belongs to a member, or the quota of open invitations is reached"),
    (status = 429, description = "A rate limit of invitations is reached")))]
#[post("/orgs/{orgId}/invitations")]
pub(crate) async fn send_invitation(
    Authenticated(actor): Authenticated,
    PathId(organization): PathId<OrganizationId>,
    ResourceBody(body, _): ResourceBody<InviteRequest, InvitationView>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let command = Invite { organization, email: body.email, role: body.role };
    let invited = orgs.invite(&actor, command).await?;
    Ok(HttpResponse::Created().json(InvitationView::from(invited)))
}

/// Resend an invitation
///
/// For administrators and owners, up to their own role. The new mail contains a new token, and the previous token
/// becomes invalid. The invitation is valid for seven days from now, and the caller becomes its inviter. Resending the
/// invitation of an owner requires authentication within the last 5 minutes.
#[utoipa::path(tag = "invitations", operation_id = "resend_invitation", security(("user_token" = [])), responses(
    (status = 200, description = "The invitation", body = InvitationView),
    (status = 404, description = "The organization or the invitation does not exist, or the caller has no access to it"),
    (status = 409, description = "The address is a member's, the invitation was accepted or withdrawn, or the quota of \
        open invitations is reached"),
    (status = 429, description = "A rate limit of invitations is reached")))]
#[post("/orgs/{orgId}/invitations/{invitationId}/resend")]
pub(crate) async fn resend_invitation(
    Authenticated(actor): Authenticated,
    PathId(organization): PathId<OrganizationId>,
    PathId(id): PathId<InvitationId>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let sent = orgs.resend_invitation(&actor, organization, id).await?;
    Ok(HttpResponse::Ok().json(InvitationView::from(sent)))
}

/// Withdraw an invitation
///
/// For administrators and owners. The token of the invitation becomes invalid, and a mail that is still queued is not
/// delivered. Repeating the request has no effect.
#[utoipa::path(tag = "invitations", operation_id = "withdraw_invitation", security(("user_token" = [])), responses(
    (status = 204, description = "The invitation is withdrawn"),
    (status = 404, description = "The organization or the invitation does not exist, or the caller has no access to it"),
    (status = 409, description = "The invitation was accepted")))]
#[delete("/orgs/{orgId}/invitations/{invitationId}")]
pub(crate) async fn withdraw_invitation(
    Authenticated(actor): Authenticated,
    PathId(organization): PathId<OrganizationId>,
    PathId(id): PathId<InvitationId>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    orgs.withdraw_invitation(&actor, organization, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

request! {
    /// The invitation token, and the properties of a new user. If the address has an account that has not verified it,
    /// the request must contain that account's password or the user's own token. Either of them verifies the address.
    /// An account that has verified the address needs neither.
    struct AcceptRequest {
        /// The token from the mail.
        token: String = "q3yWn0oHk7Rz2TfVbXc5LdPs8MjGa1Ue4NiQw6KxYh9",
        /// The password of the account. For a new account: 8 to 128 characters, or a higher minimum that the operator
        /// configured, and not easy to guess. A new account may have no password.
        password: Option<Secret<String>>,
        /// The display name of a new account. 1 to 100 characters. Ignored if the account exists.
        display_name: Option<DisplayName> = "Grace",
    }
}

/// The membership that results from an invitation.
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedInvitation)]
pub(super) struct AcceptedView {
    /// The id of the organization.
    organization_id: Uuid,
    /// The id of the user who became a member.
    user_id: Uuid,
    /// The role of the member.
    role: RoleName,
    /// Whether this request created the account.
    new_user: bool,
    /// Whether the account lacks an email address or a display name.
    #[schema(example = false)]
    profile_completion_required: bool,
    /// A user token, if this request created the account or carried that user's own token.
    #[schema(required = true, example = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTk4YzJmMCJ9.c2lnbmF0dXJl")]
    token: Option<String>,
}

impl From<AcceptedInvitation> for AcceptedView {
    fn from(accepted: AcceptedInvitation) -> Self {
        Self {
            organization_id: accepted.membership.organization_id.as_uuid(),
            user_id: accepted.membership.user_id.as_uuid(),
            role: accepted.membership.role.into(),
            new_user: accepted.account.created,
            profile_completion_required: !accepted.account.profile_complete,
            token: accepted.token.map(|token| token.expose().clone()),
        }
    }
}

/// Accept an organization invitation
///
/// The request needs no credential if the address is new or verified, because the caller has read the mail. An account
/// that has not verified the address may belong to another person, so its password or that user's own token is
/// required. An existing member keeps the current role.
#[utoipa::path(tag = "invitations", operation_id = "accept_invitation", security((), ("user_token" = [])),
    request_body = AcceptRequest, responses(
    (status = 200, description = "The membership", body = AcceptedView),
    (status = 400, description = "The body is invalid, or the invitation is not valid or has expired \
        (`invitation_invalid`)"),
    (status = 409, description = "The access token is another user's (`invitation_for_another_address`), the account \
        of the address has not verified it and neither its password nor its access token was sent \
        (`email_not_verified`), another request is accepting the invitation (`invitation_in_progress`), or a quota is \
        reached (`quota_exceeded`). This request leaves the invitation open")))]
#[post("/invitations/accept")]
pub(crate) async fn accept_invitation(
    OptionalUser { actor, origin }: OptionalUser,
    UserAgent(user_agent): UserAgent,
    Body(body): Body<AcceptRequest>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let AcceptRequest { token, password, display_name } = body;
    let token = token.parse().map_err(|_| Code::InvitationInvalid)?;
    let display_name = display_name.map(|name| name.to_string());
    let command = AcceptInvitation { token, password, display_name, actor, user_agent, origin };
    Ok(HttpResponse::Ok().json(AcceptedView::from(orgs.accept_invitation(command).await?)))
}
