//! Audit entries of the organizations domain.

use tessera_kernel::{AuditEntry, EmailAddress, InvitationId, OrganizationId, Role, UserId};

/// Audited actions of this domain.
#[derive(Debug)]
pub(crate) enum OrgEvent {
    OrganizationCreated { organization: OrganizationId },
    MemberAdded { organization: OrganizationId, user: UserId, role: Role },
    RoleChanged { organization: OrganizationId, user: UserId, from: Role, to: Role },
    MemberRemoved { organization: OrganizationId, user: UserId, role: Role },
    SettingsUpdated { organization: OrganizationId, version: i64 },
    SystemDataWritten { organization: OrganizationId, user: UserId, version: i64 },
    InvitationSent { organization: OrganizationId, invitation: InvitationId, email: EmailAddress, role: Role },
    InvitationResent { organization: OrganizationId, invitation: InvitationId },
    InvitationWithdrawn { organization: OrganizationId, invitation: InvitationId },
    InvitationAccepted { organization: OrganizationId, invitation: InvitationId, user: UserId },
}

impl From<OrgEvent> for AuditEntry {
    fn from(event: OrgEvent) -> Self {
        match event {
            OrgEvent::OrganizationCreated { organization } => {
                Self::success("organization.created", organization.as_uuid()).within(organization)
            }
            OrgEvent::MemberAdded { organization, user, role } => {
                Self::success("member.added", user.as_uuid()).within(organization).with("role", &role)
            }
            OrgEvent::RoleChanged { organization, user, from, to } => {
                let said = Self::success("member.role_changed", user.as_uuid()).within(organization);
                said.with("from", &from).with("to", &to)
            }
            OrgEvent::MemberRemoved { organization, user, role } => {
                Self::success("member.removed", user.as_uuid()).within(organization).with("role", &role)
            }
            OrgEvent::SettingsUpdated { organization, version } => {
                let said = Self::success("organization.settings_updated", organization.as_uuid());
                said.within(organization).with("version", &version)
            }
            OrgEvent::SystemDataWritten { organization, user, version } => {
                Self::success("system_data.written", user.as_uuid()).within(organization).with("version", &version)
            }
            OrgEvent::InvitationSent { organization, invitation, email, role } => {
                let said = Self::success("invitation.sent", invitation.as_uuid()).within(organization);
                said.with("email", &email).with("role", &role)
            }
            OrgEvent::InvitationResent { organization, invitation } => {
                Self::success("invitation.resent", invitation.as_uuid()).within(organization)
            }
            OrgEvent::InvitationWithdrawn { organization, invitation } => {
                Self::success("invitation.withdrawn", invitation.as_uuid()).within(organization)
            }
            OrgEvent::InvitationAccepted { organization, invitation, user } => {
                Self::success("invitation.accepted", invitation.as_uuid()).within(organization).with("user_id", &user)
            }
        }
    }
}
