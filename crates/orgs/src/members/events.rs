//! Audit entries of members.

use tessera_kernel::{AuditEntry, OrganizationId, Role, UserId};

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum MemberEvent {
    Added { organization: OrganizationId, user: UserId, role: Role },
    RoleChanged { organization: OrganizationId, user: UserId, from: Role, to: Role },
    Removed { organization: OrganizationId, user: UserId, role: Role },
}

impl From<MemberEvent> for AuditEntry {
    fn from(event: MemberEvent) -> Self {
        match event {
            MemberEvent::Added { organization, user, role } => {
                Self::success("member.added", user.as_uuid()).within(organization).with("role", &role)
            }
            MemberEvent::RoleChanged { organization, user, from, to } => {
                let entry = Self::success("member.role_changed", user.as_uuid()).within(organization);
                entry.with("from", &from).with("to", &to)
            }
            MemberEvent::Removed { organization, user, role } => {
                Self::success("member.removed", user.as_uuid()).within(organization).with("role", &role)
            }
        }
    }
}
