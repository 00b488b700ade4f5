//! Mails that contain invitations.

use tessera_kernel::{MailId, OrganizationId, QuotaExceeded, SecretHash, StoreError};
use tessera_outbox::{Envelope, SealedMail};

use crate::{
    Orgs,
    model::{Invitation, InvitationToken, Invited, Organization, Profile},
    ports::{MailNote, OrgTransaction},
};

/// A mail ready for the outbox, with the hash of the token that it contains.
pub(super) struct PreparedMail {
    mail: SealedMail,
    pub(super) token_hash: SecretHash,
}

impl Orgs {
    /// Generates a token and renders the mail that contains it.
    pub(super) fn prepare_mail(
        &self,
        invitation: &Invitation,
        organization: Organization,
        inviter: Profile,
    ) -> Result<PreparedMail, StoreError> {
        let token = InvitationToken::generate(&*self.ports.system.entropy);
        let about = Invited { invitation: invitation.clone(), organization, inviter, account: None };
        let mail = self.ports.mail_templates.invitation(&about, &token);
        let envelope = Envelope {
            id: MailId::generate(&self.ports.system),
            created_at: self.ports.system.now(),
            expires_at: invitation.expires_at,
        };
        let mail = self.ports.seal.seal(envelope, &mail)?;
        Ok(PreparedMail { mail, token_hash: self.ports.digest.digest(token.expose()) })
    }

    /// Checks that the organization may have another pending invitation.
    pub(super) async fn check_invitation_quota<E>(
        &self,
        tx: &mut dyn OrgTransaction,
        organization: OrganizationId,
    ) -> Result<(), E>
    where
        E: From<StoreError> + From<QuotaExceeded>,
    {
        if self.quotas.open_invitations.maximum().is_some() {
            let pending = tx.invitations().count_pending(organization, self.ports.system.now()).await?;
            self.quotas.open_invitations.admit(pending)?;
        }
        Ok(())
    }

    /// Adds the mail to the outbox and records it for the invitation.
    pub(super) async fn send_mail(
        &self,
        tx: &mut dyn OrgTransaction,
        invitation: &Invitation,
        PreparedMail { mail, .. }: &PreparedMail,
    ) -> Result<(), StoreError> {
        tx.outbox().add(mail).await?;
        let note = MailNote { mail: mail.id, invitation: invitation.id, email: &invitation.email, at: mail.created_at };
        tx.invitation_mails().note(invitation.organization_id, &note).await
    }
}
