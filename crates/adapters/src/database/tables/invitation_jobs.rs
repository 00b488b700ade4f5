//! The jobs that delete old invitations.

use async_trait::async_trait;
use diesel::prelude::*;
use tessera_kernel::StoreError;
use tessera_orgs::ports::InvitationJobs;
use time::OffsetDateTime;

use crate::database::engine::{
    SqlStore,
    clearing::delete_selected,
    run_query::RunQueryDsl,
    schema::{invitation_mails, invitations},
    types::{DbInstant, coalesce},
};

diesel::alias! {
    const OLD: Alias<Old> = invitations as old;
    const NOTES: Alias<Notes> = invitation_mails as notes;
}

#[async_trait]
impl InvitationJobs for SqlStore {
    async fn delete_invitations(&self, ended_until: OffsetDateTime, most: u32) -> Result<u64, StoreError> {
        let ended_at = || coalesce(OLD.field(invitations::ended_at), OLD.field(invitations::expires_at));
        let old = OLD
            .filter(ended_at().le(DbInstant(ended_until)))
            .order(ended_at())
            .limit(most.into())
            .select(OLD.field(invitations::id));
        delete_selected!(&mut self.writer().await?, invitations::table, invitations::id, old)
    }

    async fn delete_mail_notes(&self, written_until: OffsetDateTime, most: u32) -> Result<u64, StoreError> {
        let old = NOTES
            .filter(NOTES.field(invitation_mails::sent_at).le(DbInstant(written_until)))
            .order(NOTES.field(invitation_mails::sent_at))
            .limit(most.into())
            .select(NOTES.field(invitation_mails::mail_id));
        delete_selected!(&mut self.writer().await?, invitation_mails::table, invitation_mails::mail_id, old)
    }
}
