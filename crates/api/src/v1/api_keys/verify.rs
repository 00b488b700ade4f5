//! Verification of API keys by other services.

use actix_web::{HttpResponse, post, web::Data};
use serde::Serialize;
use tessera_apikeys::{ApiKeys, Verification, VerificationCode, VerifyKey, model::ApiKey};
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
#[schema(as = VerificationCode)]
enum CodeName {
    Valid,
    NotFound,
    Revoked,
    Expired,
    Disabled,
    InsufficientPermissions,
    #[expect(dead_code, reason = "part of the contract; nothing limits rates yet")]
    RateLimited,
}

impl From<VerificationCode> for CodeName {
    fn from(code: VerificationCode) -> Self {
        match code {
            VerificationCode::Valid => Self::Valid,
            VerificationCode::NotFound => Self::NotFound,
            VerificationCode::Revoked => Self::Revoked,
            VerificationCode::Expired => Self::Expired,
            VerificationCode::Disabled => Self::Disabled,
            VerificationCode::InsufficientPermissions => Self::InsufficientPermissions,
        }
    }
}

/// The result of a verification. If the key does not exist, all details are `null` or empty.
#[derive(Serialize, ToSchema)]
#[schema(as = Verification)]
struct VerificationView {
    /// Whether the key is valid and has the permission of the request.
    valid: bool,
    /// The result. `rate_limited` is reserved; the service does not return it yet.
    code: CodeName,
    /// The id of the key. `null` if the key does not exist.
    #[schema(required = true)]
    api_key_id: Option<Uuid>,
    /// The id of the key's application. `null` if the key does not exist or belongs to no application. Compare it if you
    /// check a permission that the application declares.
    #[schema(required = true)]
    application_id: Option<Uuid>,
    /// The id of the organization of the key. `null` if the key does not exist.
    #[schema(required = true)]
    organization_id: Option<Uuid>,
    /// The id of the service account that the key acts as. `null` if it acts as none.
    #[schema(required = true)]
    service_account_id: Option<Uuid>,
    /// The id of the user that a personal key acts as. `null` for other keys. Its rights are those of the user.
    #[schema(required = true)]
    user_id: Option<Uuid>,
    /// The permissions of the key, or of its service account. Empty if the key does not exist, and for a personal key.
    permissions: Vec<PermissionName>,
    /// When the key expires. `null` if it never expires or does not exist.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = "2027-03-01T09:30:00Z")]
    expires_at: Option<Timestamp>,
}

impl From<Verification> for VerificationView {
    fn from(Verification { code, key }: Verification) -> Self {
        let key = key.as_ref();
        let permissions = key.map(|key| key.permissions.iter().map(PermissionName::from).collect());
        Self {
            valid: code == VerificationCode::Valid,
            code: code.into(),
            api_key_id: key.map(|key| key.id.as_uuid()),
            application_id: key.and_then(ApiKey::application).map(|id| id.as_uuid()),
            organization_id: key.map(|key| key.organization_id.as_uuid()),
            service_account_id: key.and_then(ApiKey::service_account).map(|id| id.as_uuid()),
            user_id: key.and_then(ApiKey::user).map(|id| id.as_uuid()),
            permissions: permissions.unwrap_or_default(),
            expires_at: key.and_then(|key| key.expires_at).map(Timestamp::from),
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
