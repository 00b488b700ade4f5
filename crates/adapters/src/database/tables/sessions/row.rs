//! The row of a session.

use diesel::prelude::*;
use tessera_identity::model::{
    DeviceLabel, DeviceName, RefreshChain, RefreshSecretId, RefreshUses, Session, SessionState, SignInMethods,
};
use tessera_kernel::{SessionId, StoreError, UserId};
use time::OffsetDateTime;

use crate::database::engine::{
    rows::{corrupt, parse_optional, sha256},
    schema::sessions,
    types::{DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = sessions)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(super) struct SessionRow {
    pub(super) id: DbId,
    pub(super) user_id: DbId,
    pub(super) created_at: DbInstant,
    pub(super) expires_at: DbInstant,
    pub(super) ended_at: Option<DbInstant>,
    pub(super) last_used_at: Option<DbInstant>,
    pub(super) authenticated_at: Option<DbInstant>,
    pub(super) methods: i16,
    pub(super) name: Option<String>,
    pub(super) device: Option<String>,
    pub(super) address: Option<String>,
    pub(super) refresh_family: Option<Vec<u8>>,
    pub(super) refresh_secret: Option<i32>,
    pub(super) refresh_generation: Option<i64>,
    pub(super) refresh_uses: Option<Vec<u8>>,
}

impl From<&Session> for SessionRow {
    fn from(session: &Session) -> Self {
        let ended_at = match session.state {
            SessionState::Open => None,
            SessionState::Ended { at } => Some(DbInstant(at)),
        };
        let chain = session.refresh.as_ref();
        Self {
            id: DbId(session.id.as_uuid()),
            user_id: DbId(session.user_id.as_uuid()),
            created_at: DbInstant(session.created_at),
            expires_at: DbInstant(session.expires_at),
            ended_at,
            last_used_at: Some(DbInstant(session.last_used_at)),
            authenticated_at: Some(DbInstant(session.authenticated_at)),
            methods: session.methods.bits().into(),
            name: session.name.as_ref().map(ToString::to_string),
            device: Some(session.device.to_string()),
            address: session.address.map(|address| address.to_string()),
            refresh_family: chain.map(|chain| chain.family.as_bytes().to_vec()),
            refresh_secret: chain.map(|chain| chain.secret.0.into()),
            refresh_generation: chain.map(|chain| chain.generation.into()),
            refresh_uses: chain.map(|chain| to_bytes(&chain.uses)),
        }
    }
}

impl TryFrom<SessionRow> for Session {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let refresh = chain(&row)?;
        let methods = u8::try_from(row.methods).ok().and_then(SignInMethods::from_bits);
        Ok(Self {
            id: SessionId::from_uuid(row.id.0),
            user_id: UserId::from_uuid(row.user_id.0),
            state: row.ended_at.map_or(SessionState::Open, |at| SessionState::Ended { at: at.0 }),
            created_at: row.created_at.0,
            // A version without the columns has inserted the session.
            last_used_at: row.last_used_at.unwrap_or(row.created_at).0,
            authenticated_at: row.authenticated_at.unwrap_or(row.created_at).0,
            expires_at: row.expires_at.0,
            methods: methods.ok_or_else(|| corrupt("sessions.methods", "must be known methods"))?,
            name: parse_optional::<DeviceName>("sessions.name", row.name.as_deref())?,
            device: row.device.map(DeviceLabel::from_stored).unwrap_or_default(),
            address: parse_optional("sessions.address", row.address.as_deref())?,
            refresh,
        })
    }
}

fn chain(row: &SessionRow) -> Result<Option<RefreshChain>, StoreError> {
    let Some(family) = &row.refresh_family else { return Ok(None) };
    let secret = row.refresh_secret.and_then(|secret| u16::try_from(secret).ok());
    let generation = row.refresh_generation.and_then(|generation| u32::try_from(generation).ok());
    Ok(Some(RefreshChain {
        family: sha256("sessions.refresh_family", family.clone())?,
        secret: secret.map(RefreshSecretId).ok_or_else(|| corrupt("sessions.refresh_secret", "must be an id"))?,
        generation: generation.ok_or_else(|| corrupt("sessions.refresh_generation", "must be a number"))?,
        uses: from_bytes(row.refresh_uses.as_deref().unwrap_or_default())
            .ok_or_else(|| corrupt("sessions.refresh_uses", "must be generations with times"))?,
    }))
}

/// Four bytes for the generation and eight for the microseconds since 1970.
const ENTRY: usize = 12;

fn to_bytes(uses: &RefreshUses) -> Vec<u8> {
    let entry = |(generation, at): &(u32, OffsetDateTime)| {
        let micros = i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(i64::MAX);
        generation.to_be_bytes().into_iter().chain(micros.to_be_bytes())
    };
    uses.entries().iter().flat_map(entry).collect()
}

fn from_bytes(bytes: &[u8]) -> Option<RefreshUses> {
    let (entries, []) = bytes.as_chunks::<ENTRY>() else { return None };
    let entry = |entry: &[u8; ENTRY]| {
        let (generation, micros) = entry.split_first_chunk::<4>()?;
        let micros = i64::from_be_bytes(micros.try_into().ok()?);
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).ok()?;
        Some((u32::from_be_bytes(*generation), at))
    };
    entries.iter().map(entry).collect::<Option<Vec<_>>>().map(RefreshUses::from_stored)
}
