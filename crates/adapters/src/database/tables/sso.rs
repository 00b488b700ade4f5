//! The store and the transaction of single sign-on.

use async_trait::async_trait;
use diesel::prelude::*;
use tessera_kernel::{SecretHash, SessionId, StoreError, UserId};
use tessera_sso::{
    model::{SsoSession, SsoSessionId},
    ports::{LiveSession, Sessions, SsoCodes, SsoSessions, SsoStore, SsoTransaction},
};
use time::OffsetDateTime;

use super::{sessions, sso_sessions::find};
use crate::database::engine::{
    SqlStore,
    clearing::delete_selected,
    connection::with_connection,
    run_query::RunQueryDsl,
    schema::{sso_codes, sso_sessions},
    transaction::Tx,
    types::DbInstant,
};

diesel::alias! {
    const SESSIONS: Alias<OldSessions> = sso_sessions as old;
    const CODES: Alias<OldCodes> = sso_codes as old;
}

#[async_trait]
impl SsoStore for SqlStore {
    async fn begin(&self) -> Result<Box<dyn SsoTransaction>, StoreError> {
        Ok(Box::new(self.transaction().await?))
    }

    async fn find_sso_session(&self, id: SsoSessionId) -> Result<Option<SsoSession>, StoreError> {
        find(&mut self.reader().await?, id).await
    }

    async fn knows_sso_code(&self, hash: &SecretHash) -> Result<bool, StoreError> {
        let query = sso_codes::table.find(hash.as_bytes().as_slice()).count();
        let count: i64 = with_connection!(&mut self.reader().await?, |c| query.get_result(c).await)?;
        Ok(count > 0)
    }

    async fn delete_ended_sign_ins(&self, before: OffsetDateTime, most: u32) -> Result<u64, StoreError> {
        // Each statement takes its own connection, so that other writers can run in between.
        let sessions = SESSIONS
            .filter(SESSIONS.field(sso_sessions::expires_at).lt(DbInstant(before)))
            .order(SESSIONS.field(sso_sessions::expires_at))
            .limit(most.into())
            .select(SESSIONS.field(sso_sessions::id));
        let deleted = delete_selected!(&mut self.writer().await?, sso_sessions::table, sso_sessions::id, sessions)?;
        let codes = CODES
            .filter(CODES.field(sso_codes::expires_at).lt(DbInstant(before)))
            .order(CODES.field(sso_codes::expires_at))
            .limit(i64::from(most).saturating_sub_unsigned(deleted))
            .select(CODES.field(sso_codes::code_hash));
        Ok(deleted + delete_selected!(&mut self.writer().await?, sso_codes::table, sso_codes::code_hash, codes)?)
    }
}

impl SsoTransaction for Tx {
    tessera_kernel::accessors!(sso_sessions: SsoSessions, sso_codes: SsoCodes);
}

#[async_trait]
impl Sessions for SqlStore {
    async fn find_live_session(&self, user: UserId, id: SessionId) -> Result<Option<LiveSession>, StoreError> {
        let known = sessions::find(&mut self.reader().await?, id).await?;
        let live = known.filter(|known| known.session.user_id == user && known.is_live());
        Ok(live.map(|known| LiveSession { expires_at: known.session.expires_at, at: known.at }))
    }
}
