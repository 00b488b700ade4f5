//! Storage of wallet challenges.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use tessera_identity::{
    model::{Challenge, Nonce, Purpose},
    ports::{Challenges, Taken},
};
use tessera_kernel::{SessionId, StoreError, UserId};

use crate::database::engine::{
    SqlStore,
    clock::Now,
    connection::with_connection,
    rows::parse,
    run_query::RunQueryDsl,
    schema::wallet_challenges,
    types::{DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = wallet_challenges)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct ChallengeRow {
    nonce: String,
    user_id: Option<DbId>,
    session_id: Option<DbId>,
    account: String,
    message: String,
    issued_at: DbInstant,
    expires_at: DbInstant,
}

impl From<&Challenge> for ChallengeRow {
    fn from(challenge: &Challenge) -> Self {
        let (user_id, session_id) = match challenge.purpose {
            Purpose::SignIn => (None, None),
            Purpose::Link { user, session } => (Some(DbId(user.as_uuid())), Some(DbId(session.as_uuid()))),
        };
        Self {
            nonce: challenge.nonce.to_string(),
            user_id,
            session_id,
            account: challenge.account.to_string(),
            message: challenge.message.clone(),
            issued_at: DbInstant(challenge.issued_at),
            expires_at: DbInstant(challenge.expires_at),
        }
    }
}

impl TryFrom<ChallengeRow> for Challenge {
    type Error = StoreError;

    fn try_from(row: ChallengeRow) -> Result<Self, StoreError> {
        let purpose = match (row.user_id, row.session_id) {
            (Some(user), Some(session)) => {
                Purpose::Link { user: UserId::from_uuid(user.0), session: SessionId::from_uuid(session.0) }
            }
            _ => Purpose::SignIn,
        };
        Ok(Self {
            nonce: parse("wallet_challenges.nonce", &row.nonce)?,
            purpose,
            account: parse("wallet_challenges.account", &row.account)?,
            message: row.message,
            issued_at: row.issued_at.0,
            expires_at: row.expires_at.0,
        })
    }
}

#[async_trait]
impl Challenges for SqlStore {
    async fn keep(&self, challenge: &Challenge) -> Result<(), StoreError> {
        let insert = diesel::insert_into(wallet_challenges::table).values(ChallengeRow::from(challenge));
        let mut tx = self.single_change().await?;
        with_connection!(&mut tx.lease, |c| insert.execute(c).await)?;
        tx.end_single_change().await
    }

    async fn take(&self, nonce: &Nonce) -> Result<Option<Taken>, StoreError> {
        // A client can invent a nonce. An unknown nonce must not take the only write lock of SQLite.
        if self.is_sqlite() {
            let known = wallet_challenges::table.find(nonce.as_str()).count();
            let known: i64 = with_connection!(&mut self.reader().await?, |c| known.get_result(c).await)?;
            if known == 0 {
                return Ok(None);
            }
        }
        let mut lease = self.writer().await?;
        // One statement consumes the challenge. There is no transaction that a cancelled caller could leave open:
        // exactly one caller gets the row, and the deletion is final.
        let delete = diesel::delete(wallet_challenges::table.find(nonce.as_str()));
        let taken: Option<(ChallengeRow, DbInstant)> = with_connection!(&mut lease, |c| delete
            .returning((ChallengeRow::as_returning(), Now))
            .get_result(c)
            .await
            .optional())?;
        taken.map(|(row, at)| Ok(Taken { challenge: row.try_into()?, at: at.0 })).transpose()
    }
}
