//! Queries of ceremonies of passkeys.

use diesel::{OptionalExtension, prelude::*};
use tessera_identity::{
    model::{Ceremony, CeremonyPurpose},
    ports::TakenCeremony,
};
use tessera_kernel::{CeremonyId, SessionId, StoreError, UserId};

use crate::database::engine::{
    SqlStore,
    clock::Now,
    connection::with_connection,
    run_query::RunQueryDsl,
    schema::passkey_ceremonies,
    types::{DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = passkey_ceremonies)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct CeremonyRow {
    id: DbId,
    user_id: Option<DbId>,
    session_id: Option<DbId>,
    state: String,
    expires_at: DbInstant,
}

impl From<&Ceremony> for CeremonyRow {
    fn from(ceremony: &Ceremony) -> Self {
        let (user_id, session_id) = match ceremony.purpose {
            CeremonyPurpose::SignIn => (None, None),
            CeremonyPurpose::SecondFactor { user } => (Some(user), None),
            CeremonyPurpose::Add { user, session } => (Some(user), Some(session)),
        };
        Self {
            id: DbId(ceremony.id.as_uuid()),
            user_id: user_id.map(|user| DbId(user.as_uuid())),
            session_id: session_id.map(|session| DbId(session.as_uuid())),
            state: ceremony.state.clone(),
            expires_at: DbInstant(ceremony.expires_at),
        }
    }
}

impl From<CeremonyRow> for Ceremony {
    fn from(row: CeremonyRow) -> Self {
        let user = row.user_id.map(|user| UserId::from_uuid(user.0));
        let session = row.session_id.map(|session| SessionId::from_uuid(session.0));
        let purpose = match (user, session) {
            (None, _) => CeremonyPurpose::SignIn,
            (Some(user), None) => CeremonyPurpose::SecondFactor { user },
            (Some(user), Some(session)) => CeremonyPurpose::Add { user, session },
        };
        let id = CeremonyId::from_uuid(row.id.0);
        Self { id, purpose, state: row.state, expires_at: row.expires_at.0 }
    }
}

pub(super) async fn keep(store: &SqlStore, ceremony: &Ceremony) -> Result<(), StoreError> {
    let insert = diesel::insert_into(passkey_ceremonies::table).values(CeremonyRow::from(ceremony));
    let mut tx = store.single_change().await?;
    with_connection!(&mut tx.lease, |c| insert.execute(c).await)?;
    tx.end_single_change().await
}

pub(super) async fn take(store: &SqlStore, id: CeremonyId) -> Result<Option<TakenCeremony>, StoreError> {
    let id = DbId(id.as_uuid());
    // A client can invent an id. An unknown id must not take the only write lock of SQLite.
    if store.is_sqlite() {
        let known = passkey_ceremonies::table.find(id).count();
        let known: i64 = with_connection!(&mut store.reader().await?, |c| known.get_result(c).await)?;
        if known == 0 {
            return Ok(None);
        }
    }
    let mut lease = store.writer().await?;
    // One statement consumes the ceremony: exactly one caller gets the row, and the deletion is final.
    let delete = diesel::delete(passkey_ceremonies::table.find(id));
    let taken: Option<(CeremonyRow, DbInstant)> = with_connection!(&mut lease, |c| delete
        .returning((CeremonyRow::as_returning(), Now))
        .get_result(c)
        .await
        .optional())?;
    Ok(taken.map(|(row, at)| TakenCeremony { ceremony: row.into(), at: at.0 }))
}
