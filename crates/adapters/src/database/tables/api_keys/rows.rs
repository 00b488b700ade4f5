//! Rows of API keys.

use diesel::prelude::*;
use tessera_apikeys::model::{ApiKey, KeyOwner, KeyState, KeyUse, PreviousSecret, StoredKey};
use tessera_kernel::{ApiKeyId, ApplicationId, CreatorId, OrganizationId, ServiceAccountId, StoreError, UserId};

use super::restrictions;
use crate::database::{
    engine::{
        rows::{corrupt, parse, parse_optional, sha256},
        schema::{api_keys, previous_key_secrets},
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
    pub(super) disabled_at: Option<DbInstant>,
    pub(super) restrictions: DbDocument,
    pub(super) remaining_uses: Option<i64>,
    pub(super) uses_since: Option<DbInstant>,
    rotated_at: Option<DbInstant>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = previous_key_secrets)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(super) struct PreviousRow {
    key_prefix: String,
    created_at: DbInstant,
    expires_at: DbInstant,
    last_used: Option<DbInstant>,
    last_used_ip: Option<String>,
    last_used_user_agent: Option<String>,
}

impl TryFrom<PreviousRow> for PreviousSecret {
    type Error = StoreError;

    fn try_from(row: PreviousRow) -> Result<Self, StoreError> {
        Ok(Self {
            key_prefix: row.key_prefix,
            created_at: row.created_at.0,
            expires_at: row.expires_at.0,
            last_use: last_use(row.last_used, row.last_used_ip.as_deref(), row.last_used_user_agent)?,
        })
    }
}

/// A key with its previous secret.
#[derive(Queryable, Selectable)]
#[diesel(check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(super) struct FullRow {
    #[diesel(embed)]
    key: KeyRow,
    #[diesel(embed)]
    previous: Option<PreviousRow>,
}

impl TryFrom<FullRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: FullRow) -> Result<Self, StoreError> {
        let stored: StoredKey = row.key.try_into()?;
        let previous = row.previous.map(PreviousSecret::try_from).transpose()?;
        Ok(Self { previous, ..stored.key })
    }
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
            disabled_at: disabled_at(key).map(DbInstant),
            restrictions: restrictions::to_column(&key.restrictions)?,
            remaining_uses: key.restrictions.uses.map(|uses| i64::from(uses.remaining.get())),
            uses_since: key.restrictions.uses.map(|uses| DbInstant(uses.since)),
            rotated_at: key.rotated_at.map(DbInstant),
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

    fn state(&self) -> KeyState {
        match (self.revoked_at, self.disabled_at) {
            (Some(at), _) => KeyState::Revoked { at: at.0 },
            (None, Some(at)) => KeyState::Disabled { at: at.0 },
            (None, None) => KeyState::Active,
        }
    }
}

fn last_use(at: Option<DbInstant>, ip: Option<&str>, user_agent: Option<String>) -> Result<Option<KeyUse>, StoreError> {
    let Some(at) = at else { return Ok(None) };
    Ok(Some(KeyUse { at: at.0, address: parse_optional("last_used_ip", ip)?, user_agent }))
}

/// When the key was disabled. `None` if it is not.
pub(super) const fn disabled_at(key: &ApiKey) -> Option<time::OffsetDateTime> {
    match key.state {
        KeyState::Disabled { at } => Some(at),
        KeyState::Active | KeyState::Revoked { .. } => None,
    }
}

impl TryFrom<KeyRow> for StoredKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        let (owner, state) = (row.owner()?, row.state());
        let uses = (row.remaining_uses, row.uses_since);
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
            state,
            restrictions: restrictions::of_columns(&row.restrictions, uses)?,
            created_at: row.created_at.0,
            expires_at: row.expires_at.map(|at| at.0),
            last_use: last_use(row.last_used, row.last_used_ip.as_deref(), row.last_used_user_agent)?,
            rotated_at: row.rotated_at.map(|at| at.0),
            previous: None,
            rotated_from: row.rotated_from.map(|id| ApiKeyId::from_uuid(id.0)),
        };
        Ok(Self { key, hash: sha256("api_keys.key_hash", row.key_hash)? })
    }
}
