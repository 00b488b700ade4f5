//! Rows without a domain type.

use tessera_identity::model::InterruptedOperation;
use tessera_kernel::{InvitationId, MailId, SecretHash};
use tessera_orgs::model::MailDelivery;
use tessera_outbox::{MailRefusal, SealedMail};
use time::OffsetDateTime;

/// The counter of one limit and subject.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LimitCounter {
    pub(super) expires_at: Option<OffsetDateTime>,
    pub(super) events: u32,
    pub(super) rejections: u32,
}

#[derive(Debug, Clone)]
pub(super) struct StoredMail {
    pub(super) mail: SealedMail,
    pub(super) attempts: u32,
    pub(super) due_at: OffsetDateTime,
    pub(super) delivered: bool,
    pub(super) refused: Option<(MailRefusal, OffsetDateTime)>,
}

impl StoredMail {
    pub(super) fn waits(&self) -> bool {
        !self.mail.sealed.is_empty()
    }

    pub(super) fn delivery(&self) -> MailDelivery {
        match (self.delivered, self.refused) {
            (true, _) => MailDelivery::Sent,
            (false, None) if self.waits() => MailDelivery::Queued,
            (false, _) => MailDelivery::Failed,
        }
    }

    pub(super) fn ended(&self) -> bool {
        self.delivered || self.refused.is_some()
    }
}

/// An interrupted operation, and the number of its attempts.
#[derive(Debug, Clone)]
pub(super) struct WaitingOperation {
    pub(super) operation: InterruptedOperation,
    pub(super) attempts: u8,
}

/// A mail that contains an invitation.
#[derive(Debug, Clone)]
pub(super) struct NotedMail {
    pub(super) mail: MailId,
    pub(super) invitation: InvitationId,
}

/// A request with an idempotency key.
#[derive(Debug, Clone)]
pub(super) struct ClaimedKey {
    pub(super) owner: u128,
    pub(super) fingerprint: SecretHash,
    pub(super) marked: bool,
    pub(super) response: Option<Vec<u8>>,
    pub(super) leased_until: OffsetDateTime,
    pub(super) expires_at: OffsetDateTime,
}
