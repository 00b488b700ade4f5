//! Audit entries of invitations.

use tessera_kernel::{AuditEntry, EmailAddress, InvitationId, OrganizationId, Role, UserId};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum InvitationEvent {
    Sent { organization: OrganizationId, invitation: InvitationId, email: EmailAddress, role: Role },
    Resent { organization: OrganizationId, invitation: InvitationId },
    Withdrawn { organization: OrganizationId, invitation: InvitationId },
    Declined { organization: OrganizationId, invitation: InvitationId },
    Accepted { organization: OrganizationId, invitation: InvitationId, user: UserId },
}

impl From<InvitationEvent> for AuditEntry {
    fn from(event: InvitationEvent) -> Self {
        match event {
            InvitationEvent::Sent { organization, invitation, email, role } => {
                let entry = Self::success("invitation.sent", invitation.as_uuid()).within(organization);
                entry.with("email", &email).with("role", &role)
            }
            InvitationEvent::Resent { organization, invitation } => {
                Self::success("invitation.resent", invitation.as_uuid()).within(organization)
            }
            InvitationEvent::Withdrawn { organization, invitation } => {
                Self::success("invitation.withdrawn", invitation.as_uuid()).within(organization)
            }
            InvitationEvent::Declined { organization, invitation } => {
                Self::success("invitation.declined", invitation.as_uuid()).within(organization)
            }
            InvitationEvent::Accepted { organization, invitation, user } => {
                Self::success("invitation.accepted", invitation.as_uuid()).within(organization).with("user_id", &user)
            }
        }
    }
}
