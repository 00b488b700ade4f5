//! The store and the transaction of single sign-on.

use async_trait::async_trait;
use diesel::prelude::*;
use tessera_kernel::{SecretHash, SessionId, StoreError, UserId};
use tessera_sso::{
    model::{SsoSession, SsoSessionId},
    ports::{LiveSession, Sessions, SsoCodes, SsoSessions, SsoStore, SsoTransaction},
};

use super::{sessions, sso_sessions::find};
use crate::database::engine::{
    SqlStore, connection::with_connection, run_query::RunQueryDsl, schema::sso_codes, transaction::Tx,
};

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
