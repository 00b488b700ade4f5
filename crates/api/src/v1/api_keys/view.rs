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
    /// The id of the application that the key authenticates.
    #[schema(value_type = Uuid)]
    application_id: Option<Uuid>,
    /// When the key was generated.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The user or the service account that generated the key. The key belongs to the application, so a user may have
    /// left the organization since.
    created_by: Uuid,
    /// What the key is for. `null` if it is not set.
    #[schema(required = true, example = "Game server")]
    description: Option<String>,
    /// When the key expires. `null` if it never expires.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = "2027-03-01T09:30:00Z")]
    expires_at: Option<Timestamp>,
    /// The id of the key. It is not a credential.
    id: Uuid,
    /// The first characters of the key.
    #[schema(example = "ask_4fWz")]
    key_prefix: String,
    /// When the key was last used, accurate to about one minute. `null` if it was never used.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_used: Option<Timestamp>,
    /// The permissions of the key.
    permissions: Vec<PermissionName>,
    /// When the key was revoked. `null` if it is not revoked.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = json!(null))]
    revoked_at: Option<Timestamp>,
    /// The key that this key replaces. `null` if it replaces none.
    #[schema(required = true, example = json!(null))]
    rotated_from: Option<Uuid>,
}

impl From<ApiKey> for ApiKeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            application_id: key.application().map(|id| id.as_uuid()),
            created_at: key.created_at.into(),
            created_by: key.created_by.as_uuid(),
            expires_at: key.expires_at.map(Timestamp::from),
            id: key.id.as_uuid(),
            last_used: key.last_used().map(Timestamp::from),
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
    /// The stored properties of the key.
    api_key_details: ApiKeyView,
    /// The key itself. It is returned only in this response.
    #[schema(pattern = "^ask_[0-9A-Za-z]{49}$", example = "ask_4fWzTqXn2LkPv7RbYc9MhGd3JsAe5UwKo8ZiBx1NrQt6Vy000")]
    raw_key: String,
}

impl From<(ApiKey, RawKey)> for GeneratedKeyView {
    fn from((key, raw): (ApiKey, RawKey)) -> Self {
        Self { api_key_details: key.into(), raw_key: raw.expose().to_owned() }
    }
}
