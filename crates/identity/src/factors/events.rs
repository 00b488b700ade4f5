//! Audit entries of second factors.

use tessera_kernel::{AuditEntry, FactorMethod, Outcome, UserId};

use super::model::FactorKind;

/// Actions that the audit trail records.
#[derive(Debug)]
pub(crate) enum FactorEvent {
    Added { user: UserId, factor: FactorKind },
    Removed { user: UserId, factor: FactorKind },
    Rejected { user: UserId, method: FactorMethod },
    CodesReplaced { user: UserId },
    CodeUsed { user: UserId, left: u64 },
}

impl From<FactorEvent> for AuditEntry {
    fn from(event: FactorEvent) -> Self {
        match event {
            FactorEvent::Added { user, factor } => {
                Self::success("factor.added", user.as_uuid()).with("factor", factor.as_str())
            }
            FactorEvent::Removed { user, factor } => {
                Self::success("factor.removed", user.as_uuid()).with("factor", factor.as_str())
            }
            FactorEvent::Rejected { user, method } => {
                let entry = Self { outcome: Outcome::Refused, ..Self::success("factor.rejected", user.as_uuid()) };
                entry.with("reason", method.as_str())
            }
            FactorEvent::CodesReplaced { user } => Self::success("factor.codes_replaced", user.as_uuid()),
            FactorEvent::CodeUsed { user, left } => {
                Self::success("factor.code_used", user.as_uuid()).with("codes_left", &left)
            }
        }
    }
}
