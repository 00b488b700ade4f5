//! Verification of API keys by other services.

use actix_web::{HttpResponse, post, web::Data};
use serde::Serialize;
use tessera_apikeys::{ApiKeys, Verification, VerifyKey, model::ApiKey};
use tessera_kernel::Permission;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    extract::{Body, request},
    problem::Problem,
    v1::{permissions::PermissionName, timestamp::Timestamp},
};

request! {
    /// The key to verify.
    struct VerifyKeyRequest {
        /// The text to verify. It may be any text. White space around it is ignored.
        key: String = "ask_4fWzTqXn2LkPv7RbYc9MhGd3JsAe5UwKo8ZiBx1NrQt6Vy000",
        /// The permission to check. If absent, only the state of the key is checked.
        permission: Option<Permission>,
    }
}

/// The result of a verification.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum VerificationCode {
    Valid,
    NotFound,
    Revoked,
    Expired,
    InsufficientPermissions,
    #[expect(dead_code, reason = "part of the contract; nothing limits rates yet")]
    RateLimited,
}

/// The result of a verification. If the key does not exist, all details are `null` or empty.
#[derive(Serialize, ToSchema)]
#[schema(as = Verification)]
struct VerificationView {
    /// Whether the key is valid and has the permission of the request.
    valid: bool,
    /// The result. `rate_limited` is reserved; the service does not return it yet.
    code: VerificationCode,
    /// The id of the key. `null` if the key does not exist.
    #[schema(required = true)]
    api_key_id: Option<Uuid>,
    /// The id of the key's application. `null` if the key does not exist. Compare it if you check a permission that the
    /// application declares.
    #[schema(required = true)]
    application_id: Option<Uuid>,
    /// The id of the organization that owns the application. `null` if the key does not exist.
    #[schema(required = true)]
    organization_id: Option<Uuid>,
    /// The permissions of the key. Empty if the key does not exist.
    permissions: Vec<PermissionName>,
    /// When the key expires. `null` if it never expires or does not exist.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = "2027-03-01T09:30:00Z")]
    expires_at: Option<Timestamp>,
}

impl VerificationView {
    fn new(code: VerificationCode, key: Option<&ApiKey>) -> Self {
        let permissions = key.map(|key| key.permissions.iter().map(PermissionName::from).collect());
        Self {
            valid: matches!(code, VerificationCode::Valid),
            code,
            api_key_id: key.map(|key| key.id.as_uuid()),
            application_id: key.map(|key| key.application_id.as_uuid()),
            organization_id: key.map(|key| key.organization_id.as_uuid()),
            permissions: permissions.unwrap_or_default(),
            expires_at: key.and_then(|key| key.expires_at).map(Timestamp::from),
        }
    }
}

impl From<Verification> for VerificationView {
    fn from(verification: Verification) -> Self {
        match verification {
            Verification::Valid(key) => Self::new(VerificationCode::Valid, Some(&key)),
            Verification::NotFound => Self::new(VerificationCode::NotFound, None),
            Verification::Revoked(key) => Self::new(VerificationCode::Revoked, Some(&key)),
            Verification::Expired(key) => Self::new(VerificationCode::Expired, Some(&key)),
            Verification::InsufficientPermissions(key) => {
                Self::new(VerificationCode::InsufficientPermissions, Some(&key))
            }
        }
    }
}

/// Verify an API key
///
/// The status is 200 for every well-formed request. The result is in `code`.
#[utoipa::path(tag = "api-keys", operation_id = "verify_api_key", request_body = VerifyKeyRequest, responses(
    (status = 200, description = "The result of the verification", body = VerificationView)))]
#[post("/apikeys/verify")]
pub(crate) async fn verify_api_key(
    Body(body): Body<VerifyKeyRequest>,
    api_keys: Data<ApiKeys>,
) -> Result<HttpResponse, Problem> {
    let question = VerifyKey { key: body.key, permission: body.permission };
    let verification = api_keys.verify_key(question).await?;
    Ok(HttpResponse::Ok().json(VerificationView::from(verification)))
}
