//! The JSON form of a key of an organization.

use serde::Serialize;
use tessera_apikeys::model::{ApiKey, RawKey};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::values::LimitView;
use crate::v1::{api_keys::values::RefillView, enums::ScopeName, timestamp::Timestamp};

/// An API key of an organization. Values that are not set are absent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrganizationKey)]
pub(crate) struct OrganizationKeyView {
    /// The addresses and networks from which the key can be used. Absent if it can be used from everywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["203.0.113.0/24"]))]
    allowed_ips: Vec<String>,
    /// When the key was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The id of the user or of the service account that created the key.
    created_by: Uuid,
    /// The purpose of the key. Absent if it is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "Deploys the game servers")]
    description: Option<String>,
    /// When the key expires. Absent if it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    expires_at: Option<Timestamp>,
    /// The id of the key. It is not a credential.
    id: Uuid,
    /// The key itself. It is present only in the response to its creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, pattern = "^osk_[0-9A-Za-z]{49}$", example = json!(null))]
    key: Option<String>,
    /// The first characters of the key.
    #[schema(example = "osk_4fWz")]
    key_prefix: String,
    /// When the key was last used, accurate to about one minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    last_used_at: Option<Timestamp>,
    /// The address of the client that used the key last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "203.0.113.7")]
    last_used_ip: Option<String>,
    /// The `User-Agent` of the client that used the key last, at most 512 bytes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "deployer/1.4")]
    last_used_user_agent: Option<String>,
    /// The limits of the requests in windows of time. Absent if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    limits: Vec<LimitView>,
    /// The name of the key.
    #[schema(example = "Deployment")]
    name: String,
    /// The id of the organization.
    organization_id: Uuid,
    /// When `remainingUses` is set again. Absent if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    refill: Option<RefillView>,
    /// How often the key can still be used. Absent if the number is not limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, minimum = 0, maximum = 1_000_000_000, example = 10_000)]
    remaining_uses: Option<u32>,
    /// When the key was revoked. Absent if it is not revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false, example = json!(null))]
    revoked_at: Option<Timestamp>,
    /// Whether the key may change anything.
    scope: ScopeName,
    /// The service account that the key acts as. Absent for a personal key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = json!(null))]
    service_account_id: Option<Uuid>,
    /// The user that a personal key acts as. Absent for a key of a service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    user_id: Option<Uuid>,
}

impl OrganizationKeyView {
    /// The key at a time, with the refill of its uses that is due.
    pub(super) fn of(key: ApiKey, now: OffsetDateTime) -> Self {
        let last = key.latest_use().cloned();
        let uses = key.restrictions.uses.map(|uses| uses.at(now));
        Self {
            allowed_ips: key.restrictions.allowed_addresses.iter().map(ToString::to_string).collect(),
            limits: key.restrictions.limits.iter().map(LimitView::from).collect(),
            refill: uses.and_then(|uses| uses.refill).map(RefillView::from),
            remaining_uses: uses.map(|uses| uses.remaining.get()),
            created_at: key.created_at.into(),
            created_by: key.created_by.as_uuid(),
            expires_at: key.expires_at.map(Timestamp::from),
            id: key.id.as_uuid(),
            key: None,
            last_used_at: last.as_ref().map(|used| used.at.into()),
            last_used_ip: last.as_ref().and_then(|used| used.address).map(|address| address.to_string()),
            name: key.name.as_ref().map(ToString::to_string).unwrap_or_default(),
            organization_id: key.organization_id.as_uuid(),
            revoked_at: key.revoked_at().map(Timestamp::from),
            scope: key.scope.into(),
            service_account_id: key.service_account().map(|id| id.as_uuid()),
            user_id: key.user().map(|id| id.as_uuid()),
            description: key.description.map(|text| text.to_string()),
            key_prefix: key.key_prefix,
            last_used_user_agent: last.and_then(|used| used.user_agent),
        }
    }

    pub(super) fn of_new((key, raw): (ApiKey, RawKey), now: OffsetDateTime) -> Self {
        Self { key: Some(raw.expose().to_owned()), ..Self::of(key, now) }
    }
}
