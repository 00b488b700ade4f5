//! Storage of authorization codes.

use async_trait::async_trait;
use diesel::{OptionalExtension, prelude::*};
use tessera_kernel::{ApplicationId, OrganizationId, SecretHash, StoreError, UserId};
use tessera_sso::{
    model::{AuthorizationCode, CodeChallenge, RelyingParty, SsoCodeState},
    ports::SsoCodes,
};
use time::OffsetDateTime;

use super::relying_parties::lock_relying_party;
use crate::database::engine::{
    connection::with_connection,
    rows::{parse, parse_optional, sha256},
    run_query::RunQueryDsl,
    schema::sso_codes,
    transaction::Tx,
    types::{DbId, DbInstant},
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = sso_codes)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
struct SsoCodeRow {
    code_hash: Vec<u8>,
    application_id: DbId,
    organization_id: DbId,
    user_id: DbId,
    redirect_uri: String,
    code_challenge: Vec<u8>,
    nonce: Option<String>,
    account: String,
    created_at: DbInstant,
    expires_at: DbInstant,
    redeemed_at: Option<DbInstant>,
}

impl From<&AuthorizationCode> for SsoCodeRow {
    fn from(code: &AuthorizationCode) -> Self {
        let redeemed_at = match code.state {
            SsoCodeState::Open => None,
            SsoCodeState::Redeemed { at } => Some(DbInstant(at)),
        };
        Self {
            code_hash: code.hash.as_bytes().to_vec(),
            application_id: DbId(code.application.as_uuid()),
            organization_id: DbId(code.organization.as_uuid()),
            user_id: DbId(code.user.as_uuid()),
            redirect_uri: code.redirect_uri.clone(),
            code_challenge: code.code_challenge.hash().as_bytes().to_vec(),
            nonce: code.nonce.as_ref().map(|nonce| nonce.as_str().to_owned()),
            account: code.account.to_string(),
            created_at: DbInstant(code.created_at),
            expires_at: DbInstant(code.expires_at),
            redeemed_at,
        }
    }
}

impl TryFrom<SsoCodeRow> for AuthorizationCode {
    type Error = StoreError;

    fn try_from(row: SsoCodeRow) -> Result<Self, StoreError> {
        Ok(Self {
            hash: sha256("sso_codes.code_hash", row.code_hash)?,
            application: ApplicationId::from_uuid(row.application_id.0),
            organization: OrganizationId::from_uuid(row.organization_id.0),
            redirect_uri: row.redirect_uri,
            code_challenge: CodeChallenge::from_hash(sha256("sso_codes.code_challenge", row.code_challenge)?),
            nonce: parse_optional("sso_codes.nonce", row.nonce.as_deref())?,
            user: UserId::from_uuid(row.user_id.0),
            account: parse("sso_codes.account", &row.account)?,
            state: row.redeemed_at.map_or(SsoCodeState::Open, |at| SsoCodeState::Redeemed { at: at.0 }),
            created_at: row.created_at.0,
            expires_at: row.expires_at.0,
        })
    }
}

#[async_trait]
impl SsoCodes for Tx {
    async fn insert(&mut self, code: &AuthorizationCode) -> Result<(), StoreError> {
        let insert = diesel::insert_into(sso_codes::table).values(SsoCodeRow::from(code));
        with_connection!(&mut self.lease, |c| insert.execute(c).await).map(|_| ())
    }

    async fn lock(&mut self, hash: &SecretHash) -> Result<Option<(AuthorizationCode, RelyingParty)>, StoreError> {
        let of = sso_codes::table.find(hash.as_bytes().as_slice()).select(sso_codes::application_id);
        let Some(of): Option<DbId> = with_connection!(&mut self.lease, |c| of.first(c).await.optional())? else {
            return Ok(None);
        };
        let Some(party) = lock_relying_party(&mut self.lease, of).await? else { return Ok(None) };
        let query = sso_codes::table.find(hash.as_bytes().as_slice());
        let row: Option<SsoCodeRow> = with_connection!(&mut self.lease, |c|
            postgres: query.select(SsoCodeRow::as_select()).for_update().first(c).await.optional(),
            sqlite: query.select(SsoCodeRow::as_select()).first(c).await.optional())?;
        row.map(|row| AuthorizationCode::try_from(row).map(|code| (code, party))).transpose()
    }

    async fn redeem(&mut self, hash: &SecretHash, at: OffsetDateTime) -> Result<bool, StoreError> {
        let open = sso_codes::table.find(hash.as_bytes().as_slice()).filter(sso_codes::redeemed_at.is_null());
        let update = diesel::update(open).set(sso_codes::redeemed_at.eq(DbInstant(at)));
        with_connection!(&mut self.lease, |c| update.execute(c).await).map(|rows| rows > 0)
    }
}
