//! The table of the mails that invitations cause.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tessera_kernel::{InvitationId, MailId, OrganizationId, ROWS_PER_STEP, StoreError};
use tessera_orgs::ports::{InvitationMails, MailNote};
use time::OffsetDateTime;

use super::{
    clearing::delete_selected,
    connection::on,
    schema::invitation_mails,
    transaction::Tx,
    types::{DbId, DbInstant},
};

diesel::alias!(const OLD: Alias<Old> = invitation_mails as old);

#[async_trait]
impl InvitationMails for Tx {
    async fn carrying(&mut self, invitation: InvitationId) -> Result<Vec<MailId>, StoreError> {
        let query = invitation_mails::table
            .filter(invitation_mails::invitation_id.eq(Some(DbId(invitation.as_uuid()))))
            .order(invitation_mails::mail_id)
            .select(invitation_mails::mail_id);
        let mails: Vec<DbId> = on!(&mut self.lease, |c| query.load(c).await)?;
        Ok(mails.into_iter().map(|id| MailId::from_uuid(id.0)).collect())
    }

    async fn note(&mut self, of: OrganizationId, note: &MailNote<'_>, since: OffsetDateTime) -> Result<(), StoreError> {
        // Not all of them at once: one request must not pay for all that came before it.
        let old = OLD
            .filter(OLD.field(invitation_mails::organization_id).eq(DbId(of.as_uuid())))
            .filter(OLD.field(invitation_mails::sent_at).le(DbInstant(since)))
            .order((OLD.field(invitation_mails::email_canonical), OLD.field(invitation_mails::sent_at)))
            .limit(ROWS_PER_STEP.into())
            .select(OLD.field(invitation_mails::mail_id));
        delete_selected!(&mut self.lease, invitation_mails::table, invitation_mails::mail_id, old)?;
        let insert = diesel::insert_into(invitation_mails::table).values((
            invitation_mails::mail_id.eq(DbId(note.mail.as_uuid())),
            invitation_mails::organization_id.eq(DbId(of.as_uuid())),
            invitation_mails::invitation_id.eq(Some(DbId(note.invitation.as_uuid()))),
            invitation_mails::email_canonical.eq(note.email.canonical()),
            invitation_mails::sent_at.eq(DbInstant(note.at)),
        ));
        on!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }
}
