//! JSON forms of API keys.

use serde::Serialize;
use tessera_apikeys::model::{ApiKey, RawKey};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::v1::{permissions::PermissionName, timestamp::Timestamp};

/// An API key without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(super) struct ApiKeyView {
    application_id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The user who generated the key. The key belongs to the application, so this user may have left the organization
    /// since.
    created_by: Uuid,
    #[schema(required = true)]
    description: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    expires_at: Option<Timestamp>,
    id: Uuid,
    /// The first characters of the key.
    #[schema(example = "ask_4fWz")]
    key_prefix: String,
    /// When the key was last used, accurate to about one minute.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_used: Option<Timestamp>,
    permissions: Vec<PermissionName>,
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    revoked_at: Option<Timestamp>,
    /// The key that this key replaces.
    #[schema(required = true)]
    rotated_from: Option<Uuid>,
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            application_id: key.application_id.as_uuid(),
            created_at: key.created_at.into(),
            created_by: key.created_by.as_uuid(),
            expires_at: key.expires_at.map(Timestamp::from),
            id: key.id.as_uuid(),
            last_used: key.last_used.map(Timestamp::from),
            permissions: key.permissions.iter().map(PermissionName::from).collect(),
            revoked_at: key.revoked_at().map(Timestamp::from),
            rotated_from: key.rotated_from.map(|id| id.as_uuid()),
            description: key.description.map(|text| text.to_string()),
            key_prefix: key.key_prefix,
        }
    }
}

/// A new API key: its stored properties and the key itself.
#[derive(Serialize, ToSchema)]
#[schema(as = GeneratedKey)]
pub(super) struct GeneratedKeyView {
    api_key_details: ApiKeyView,
    /// The key itself. It is returned only in this response.
    #[schema(pattern = "^ask_[0-9A-Za-z]{49}$")]
    raw_key: String,
}

impl From<(ApiKey, RawKey)> for GeneratedKeyView {
    fn from((key, raw): (ApiKey, RawKey)) -> Self {
        Self { api_key_details: key.into(), raw_key: raw.expose().to_owned() }
    }
}
