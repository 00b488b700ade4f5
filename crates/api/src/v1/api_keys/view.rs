//! JSON forms of API keys.

use serde::Serialize;
use tessera_apikeys::{
    RotatedKey,
    model::{ApiKey, KeyState, KeyUse, PreviousSecret, RawKey},
};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::values::{KeyLimitView, RefillView};
use crate::v1::{permissions::PermissionName, timestamp::Timestamp};

/// A secret of an API key, without the secret itself.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKeySecret)]
struct SecretView {
    /// The first characters of the secret.
    #[schema(example = "ask_4fWz")]
    key_prefix: String,
    /// When the secret was generated.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the overlap of a rotation ends, or ended, for the previous secret. `null` for the present one, which expires
    /// with the key.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = json!(null))]
    expires_at: Option<Timestamp>,
    /// When the secret was last used, accurate to about one minute. `null` if it was never used.
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    last_used: Option<Timestamp>,
    /// The address of the client that used the secret last. `null` if it is unknown.
    #[schema(required = true, example = "203.0.113.7")]
    last_used_ip: Option<String>,
    /// The `User-Agent` of the client that used the secret last, at most 512 bytes of it. `null` if it is unknown.
    #[schema(required = true, example = "game-server/2.1")]
    last_used_user_agent: Option<String>,
}

impl SecretView {
    fn new(
        key_prefix: String,
        created_at: OffsetDateTime,
        expires_at: Option<OffsetDateTime>,
        last: Option<KeyUse>,
    ) -> Self {
        let last_used_ip = last.as_ref().and_then(|last| last.address).map(|address| address.to_string());
        Self {
            key_prefix,
            created_at: created_at.into(),
            expires_at: expires_at.map(Timestamp::from),
            last_used: last.as_ref().map(|last| last.at.into()),
            last_used_ip,
            last_used_user_agent: last.and_then(|last| last.user_agent),
        }
    }
}

/// An API key without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyView {
    /// The id of the application that the key authenticates. `null` for the key of an organization.
    #[schema(required = true)]
    application_id: Option<Uuid>,
    /// The id of the organization of the key. `GET /v1/api-keys/{id}` shows whose key of the organization it is.
    organization_id: Uuid,
    /// When the key was generated.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The user or the service account that generated the key. The key of an application stays valid after its user has left
    /// the organization.
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
    /// The permissions of the key. Empty for the key of an organization, whose rights are those of its owner.
    permissions: Vec<PermissionName>,
    /// Whether the key can be used. `false` is reversible, unlike a revocation.
    #[schema(example = true)]
    enabled: bool,
    /// The addresses and networks from which the key can be used. Empty if it can be used from everywhere.
    #[schema(example = json!(["203.0.113.0/24"]))]
    allowed_ips: Vec<String>,
    /// The limits of the requests in windows of time.
    limits: Vec<KeyLimitView>,
    /// How often the key can still be used. Uses that a node has reserved count as used; it returns those that it does not
    /// need within 5 seconds. `null` if the number is not limited.
    #[schema(required = true, minimum = 0, maximum = 1_000_000_000, example = 10_000)]
    remaining_uses: Option<u32>,
    /// When `remaining_uses` is set again. `null` if it is not.
    #[schema(required = true)]
    refill: Option<RefillView>,
    /// The secrets of the key: the present one, and the one before the latest rotation if there was one.
    secrets: Vec<SecretView>,
    /// When the key was revoked. `null` if it is not revoked.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = json!(null))]
    revoked_at: Option<Timestamp>,
    /// The key that this key replaces. `null` if it replaces none. A rotation keeps the key, so it does not set this.
    #[schema(required = true, example = json!(null))]
    rotated_from: Option<Uuid>,
}

impl ApiKeyView {
    /// The key at a time, with the refill of its uses that is due.
    pub(super) fn of(key: ApiKey, now: OffsetDateTime) -> Self {
        let uses = key.restrictions.uses.map(|uses| uses.at(now));
        let last_used = key.last_used().map(Timestamp::from);
        let created_at = key.rotated_at.unwrap_or(key.created_at);
        let present = SecretView::new(key.key_prefix.clone(), created_at, None, key.last_use.clone());
        let previous = key.previous.clone().map(|previous| {
            let PreviousSecret { key_prefix, created_at, expires_at, last_use } = previous;
            SecretView::new(key_prefix, created_at, Some(expires_at), last_use)
        });
        Self {
            application_id: key.application().map(|id| id.as_uuid()),
            organization_id: key.organization_id.as_uuid(),
            enabled: !matches!(key.state, KeyState::Disabled { .. }),
            allowed_ips: key.restrictions.allowed_addresses.iter().map(ToString::to_string).collect(),
            limits: key.restrictions.limits.iter().map(KeyLimitView::from).collect(),
            remaining_uses: uses.map(|uses| uses.remaining.get()),
            refill: uses.and_then(|uses| uses.refill).map(RefillView::from),
            secrets: std::iter::once(present).chain(previous).collect(),
            created_at: key.created_at.into(),
            created_by: key.created_by.as_uuid(),
            expires_at: key.expires_at.map(Timestamp::from),
            id: key.id.as_uuid(),
            last_used,
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

impl GeneratedKeyView {
    pub(super) fn of((key, raw): (ApiKey, RawKey), now: OffsetDateTime) -> Self {
        Self { api_key_details: ApiKeyView::of(key, now), raw_key: raw.expose().to_owned() }
    }
}

/// A rotated API key: its stored properties and its new secret.
#[derive(Serialize, ToSchema)]
#[schema(as = RotatedKey)]
pub(super) struct RotatedKeyView {
    /// The stored properties of the key.
    api_key_details: ApiKeyView,
    /// The new secret. It is returned only in this response.
    #[schema(
        pattern = "^(ask|osk)_[0-9A-Za-z]{49}$",
        example = "ask_4fWzTqXn2LkPv7RbYc9MhGd3JsAe5UwKo8ZiBx1NrQt6Vy000"
    )]
    raw_key: String,
    /// When the previous secret stops being valid.
    #[schema(value_type = String, format = DateTime, example = "2026-12-02T09:30:00Z")]
    previous_expires_at: Timestamp,
}

impl RotatedKeyView {
    pub(super) fn of(rotated: RotatedKey, now: OffsetDateTime) -> Self {
        Self {
            api_key_details: ApiKeyView::of(rotated.key, now),
            raw_key: rotated.raw.expose().to_owned(),
            previous_expires_at: rotated.previous_expires_at.into(),
        }
    }
}
