//! Port for the texts of mails.

use tessera_kernel::EmailAddress;
use tessera_outbox::{Mail, NoticeContext};

use crate::model::{DirectAddition, InvitationToken, Invited, NewOwner, OrganizationDeletion};

/// Writes the mails of organizations.
pub trait MailTemplates: Send + Sync {
    /// Returns the mail that invites the recipient and contains the token.
    fn invitation(&self, about: &Invited, token: &InvitationToken) -> Mail;

    /// Returns the mail that notifies an owner of a new owner, or the new owner of the new role. It contains no secret.
    fn new_owner(&self, to: &EmailAddress, about: &NewOwner<'_>, context: NoticeContext) -> Mail;

    /// Returns the mail that notifies an owner that the organization was deleted. It contains no secret.
    fn organization_deleted(&self, to: &EmailAddress, about: &OrganizationDeletion<'_>, context: NoticeContext)
    -> Mail;

    /// Returns the mail that notifies a user who was added to an organization directly. It contains no secret.
    fn added_directly(&self, to: &EmailAddress, about: &DirectAddition<'_>, context: NoticeContext) -> Mail;
}
