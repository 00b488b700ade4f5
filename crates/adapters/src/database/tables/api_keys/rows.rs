//! Rows of API keys.

use diesel::prelude::*;
use tessera_apikeys::model::{ApiKey, KeyOwner, KeyState, KeyUse, StoredKey};
use tessera_kernel::{ApiKeyId, ApplicationId, CreatorId, OrganizationId, ServiceAccountId, StoreError, UserId};

use crate::database::{
    engine::{
        rows::{corrupt, parse, parse_optional, sha256},
        schema::api_keys,
        types::{DbDocument, DbId, DbInstant},
    },
    tables::apps,
};

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = api_keys)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(super) struct KeyRow {
    id: DbId,
    application_id: Option<DbId>,
    organization_id: DbId,
    created_by: DbId,
    description: Option<String>,
    key_prefix: String,
    key_hash: Vec<u8>,
    permissions: DbDocument,
    created_at: DbInstant,
    expires_at: Option<DbInstant>,
    revoked_at: Option<DbInstant>,
    last_used: Option<DbInstant>,
    rotated_from: Option<DbId>,
    user_id: Option<DbId>,
    /// When the membership of the user began. It is set for a user only.
    pub(super) member_since: Option<DbInstant>,
    service_account_id: Option<DbId>,
    name: Option<String>,
    scope: String,
    last_used_ip: Option<String>,
    last_used_user_agent: Option<String>,
}

impl TryFrom<&StoredKey> for KeyRow {
    type Error = StoreError;

    fn try_from(StoredKey { key, hash }: &StoredKey) -> Result<Self, StoreError> {
        let last = key.last_use.as_ref();
        Ok(Self {
            id: DbId(key.id.as_uuid()),
            application_id: key.application().map(|id| DbId(id.as_uuid())),
            organization_id: DbId(key.organization_id.as_uuid()),
            created_by: DbId(key.created_by.as_uuid()),
            description: key.description.as_ref().map(ToString::to_string),
            key_prefix: key.key_prefix.clone(),
            key_hash: hash.as_bytes().to_vec(),
            permissions: apps::permissions_document(key.permissions.iter())?,
            created_at: DbInstant(key.created_at),
            expires_at: key.expires_at.map(DbInstant),
            revoked_at: key.revoked_at().map(DbInstant),
            last_used: last.map(|used| DbInstant(used.at)),
            rotated_from: key.rotated_from.map(|id| DbId(id.as_uuid())),
            user_id: key.user().map(|id| DbId(id.as_uuid())),
            member_since: None,
            service_account_id: key.service_account().map(|id| DbId(id.as_uuid())),
            name: key.name.as_ref().map(ToString::to_string),
            scope: key.scope.to_string(),
            last_used_ip: last.and_then(|used| used.address).map(|address| address.to_string()),
            last_used_user_agent: last.and_then(|used| used.user_agent.clone()),
        })
    }
}

impl KeyRow {
    fn owner(&self) -> Result<KeyOwner, StoreError> {
        match (self.application_id, self.user_id, self.service_account_id) {
            (Some(id), None, None) => Ok(KeyOwner::Application(ApplicationId::from_uuid(id.0))),
            (None, Some(id), None) => Ok(KeyOwner::User(UserId::from_uuid(id.0))),
            (None, None, Some(id)) => Ok(KeyOwner::ServiceAccount(ServiceAccountId::from_uuid(id.0))),
            _ => Err(corrupt("api_keys", "a key must have one owner")),
        }
    }

    fn last_use(&self) -> Result<Option<KeyUse>, StoreError> {
        let Some(at) = self.last_used else { return Ok(None) };
        let address = parse_optional("api_keys.last_used_ip", self.last_used_ip.as_deref())?;
        Ok(Some(KeyUse { at: at.0, address, user_agent: self.last_used_user_agent.clone() }))
    }
}

impl TryFrom<KeyRow> for StoredKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        let (owner, last_use) = (row.owner()?, row.last_use()?);
        let key = ApiKey {
            id: ApiKeyId::from_uuid(row.id.0),
            owner,
            organization_id: OrganizationId::from_uuid(row.organization_id.0),
            created_by: CreatorId::from_uuid(row.created_by.0),
            name: parse_optional("api_keys.name", row.name.as_deref())?,
            description: parse_optional("api_keys.description", row.description.as_deref())?,
            scope: parse("api_keys.scope", &row.scope)?,
            key_prefix: row.key_prefix,
            permissions: apps::permissions_of("api_keys.permissions", &row.permissions)?,
            state: row.revoked_at.map_or(KeyState::Active, |at| KeyState::Revoked { at: at.0 }),
            created_at: row.created_at.0,
            expires_at: row.expires_at.map(|at| at.0),
            last_use,
            rotated_from: row.rotated_from.map(|id| ApiKeyId::from_uuid(id.0)),
        };
        Ok(Self { key, hash: sha256("api_keys.key_hash", row.key_hash)? })
    }
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        StoredKey::try_from(row).map(|stored| stored.key)
    }
}
