//! Storage of the mails that contain invitations.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::*;
use tessera_kernel::{InvitationId, MailId, OrganizationId, StoreError};
use tessera_orgs::{
    model::MailDelivery,
    ports::{InvitationMails, MailNote},
};

use crate::database::engine::{
    connection::{PooledConnection, with_connection},
    rows::padded,
    run_query::RunQueryDsl,
    schema::{invitation_mails, mails},
    transaction::Tx,
    types::{DbId, DbInstant},
};

pub(super) async fn list_deliveries(
    lease: &mut PooledConnection,
    invitations: &[InvitationId],
) -> Result<BTreeMap<InvitationId, MailDelivery>, StoreError> {
    let ids = padded(invitations.iter().map(|id| DbId(id.as_uuid())).collect());
    let query = invitation_mails::table
        .left_join(mails::table.on(mails::id.eq(invitation_mails::mail_id)))
        .filter(invitation_mails::invitation_id.eq_any(ids))
        // Ids are in the order of creation. So the latest mail of an invitation comes last and replaces the earlier
        // ones in the map.
        .order(invitation_mails::mail_id)
        .select((
            invitation_mails::invitation_id.assume_not_null(),
            mails::id.nullable(),
            mails::delivered_at.nullable(),
            mails::refused_at.nullable(),
            mails::sealed.is_not_null().nullable(),
        ));
    let rows: Vec<DeliveryRow> = with_connection!(lease, |c| query.load(c).await)?;
    let latest = rows.into_iter().map(|row| (InvitationId::from_uuid(row.0.0), delivery(&row)));
    let latest: BTreeMap<InvitationId, Option<MailDelivery>> = latest.collect();
    Ok(latest.into_iter().filter_map(|(id, delivery)| Some((id, delivery?))).collect())
}

/// An invitation, its mail, when the mail was delivered and refused, and whether it still has content.
type DeliveryRow = (DbId, Option<DbId>, Option<DbInstant>, Option<DbInstant>, Option<bool>);

fn delivery((_, mail, delivered_at, refused_at, waits): &DeliveryRow) -> Option<MailDelivery> {
    mail.as_ref()?;
    Some(match (delivered_at, refused_at) {
        (Some(_), _) => MailDelivery::Sent,
        (None, None) if *waits == Some(true) => MailDelivery::Queued,
        // The content of an expired mail is erased, so the mail cannot be sent any more.
        (None, _) => MailDelivery::Failed,
    })
}

#[async_trait]
impl InvitationMails for Tx {
    async fn carrying(&mut self, invitation: InvitationId) -> Result<Vec<MailId>, StoreError> {
        let query = invitation_mails::table
            .filter(invitation_mails::invitation_id.eq(Some(DbId(invitation.as_uuid()))))
            .order(invitation_mails::mail_id)
            .select(invitation_mails::mail_id);
        let mails: Vec<DbId> = with_connection!(&mut self.lease, |c| query.load(c).await)?;
        Ok(mails.into_iter().map(|id| MailId::from_uuid(id.0)).collect())
    }

    async fn of_organization(&mut self, of: OrganizationId) -> Result<Vec<MailId>, StoreError> {
        let query = invitation_mails::table
            .filter(invitation_mails::organization_id.eq(DbId(of.as_uuid())))
            .order(invitation_mails::mail_id)
            .select(invitation_mails::mail_id);
        let ids: Vec<DbId> = with_connection!(&mut self.lease, |c| query.load(c).await)?;
        Ok(ids.into_iter().map(|id| MailId::from_uuid(id.0)).collect())
    }

    async fn note(&mut self, of: OrganizationId, note: &MailNote<'_>) -> Result<(), StoreError> {
        let insert = diesel::insert_into(invitation_mails::table).values((
            invitation_mails::mail_id.eq(DbId(note.mail.as_uuid())),
            invitation_mails::organization_id.eq(DbId(of.as_uuid())),
            invitation_mails::invitation_id.eq(Some(DbId(note.invitation.as_uuid()))),
            invitation_mails::email_canonical.eq(note.email.canonical()),
            invitation_mails::sent_at.eq(DbInstant(note.at)),
        ));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }
}
