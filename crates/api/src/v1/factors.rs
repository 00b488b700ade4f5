//! Second factors: the status, authenticator apps and recovery codes.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use serde::Serialize;
use tessera_identity::{
    Identity, StartedTotp,
    model::{FactorStatus, RecoveryCode},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    extract::{Authenticated, Body, request},
    problem::Problem,
    v1::timestamp::Timestamp,
};

/// The second factors of the caller.
#[derive(Serialize, ToSchema)]
#[schema(as = FactorStatus)]
struct FactorStatusView {
    /// The authenticator app. `null` if there is none.
    #[schema(required = true)]
    totp: Option<TotpView>,
    /// The number of passkeys.
    #[schema(minimum = 0, example = 1)]
    passkeys: u64,
    /// The number of recovery codes that are left.
    #[schema(minimum = 0, example = 10)]
    recovery_codes_left: u64,
    /// The ids of the caller's organizations that require MFA.
    required_by: Vec<Uuid>,
}

/// An authenticator app.
#[derive(Serialize, ToSchema)]
#[schema(as = TotpFactor)]
struct TotpView {
    /// When the authenticator app was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<FactorStatus> for FactorStatusView {
    fn from(status: FactorStatus) -> Self {
        Self {
            totp: status.totp.map(|at| TotpView { created_at: at.into() }),
            passkeys: status.passkeys,
            recovery_codes_left: status.recovery_codes_left,
            required_by: status.required_by.into_iter().map(|id| id.as_uuid()).collect(),
        }
    }
}

/// Get current user's second factors
///
/// An account has MFA if it has an authenticator app or a passkey.
#[utoipa::path(tag = "users", operation_id = "get_factors", security(("user_token" = [])), responses(
    (status = 200, description = "The second factors", body = FactorStatusView)))]
#[get("/users/me/mfa")]
pub(crate) async fn get_factors(
    Authenticated(actor): Authenticated,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let status = identity.view_factors(&actor).await?;
    Ok(HttpResponse::Ok().json(FactorStatusView::from(status)))
}

/// A secret for an authenticator app. It is not shown again.
#[derive(Serialize, ToSchema)]
#[schema(as = TotpEnrollment)]
struct TotpEnrollmentView {
    /// The secret in base32 (RFC 6238; SHA-1, 6 digits, 30 s).
    #[schema(pattern = "^[A-Z2-7]{32}$", example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: String,
    /// The same as a URL, for a QR code.
    #[schema(
        format = "uri",
        example = "otpauth://totp/Tessera:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Tessera"
    )]
    otpauth_url: String,
    /// Until when the secret can be confirmed: ten minutes after its creation.
    #[schema(value_type = String, format = DateTime, example = "2026-12-01T09:40:00Z")]
    expires_at: Timestamp,
}

impl From<StartedTotp> for TotpEnrollmentView {
    fn from(StartedTotp { provisioning, expires_at }: StartedTotp) -> Self {
        Self {
            secret: provisioning.secret.expose().clone(),
            otpauth_url: provisioning.url.expose().clone(),
            expires_at: expires_at.into(),
        }
    }
}

/// Start adding an authenticator app
///
/// The app is not used before it is confirmed. A new start replaces a secret that was not confirmed. The session must have
/// been authenticated in the last 5 minutes.
#[utoipa::path(tag = "users", operation_id = "start_totp", security(("user_token" = [])), responses(
    (status = 201, description = "The secret", body = TotpEnrollmentView),
    (status = 409, description = "The user has an authenticator app")))]
#[post("/users/me/mfa/totp")]
pub(crate) async fn start_totp(
    Authenticated(actor): Authenticated,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let started = identity.start_totp(&actor).await?;
    Ok(HttpResponse::Created().json(TotpEnrollmentView::from(started)))
}

request! {
    /// A code of the authenticator app.
    struct ConfirmTotpRequest {
        /// The 6 digits that the app shows. White space is ignored.
        totp: String = "123456",
    }
}

/// Recovery codes, if this is the first factor.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedFactor)]
struct AddedFactorView {
    /// Ten codes, each valid once in place of a second factor. `null` if the account had a factor before. They are not
    /// shown again.
    #[schema(required = true, example = json!(["7KQ2-M4XD-9H0R-TB5W"]))]
    recovery_codes: Option<Vec<String>>,
}

pub(super) fn texts(codes: &[RecoveryCode]) -> Vec<String> {
    codes.iter().map(RecoveryCode::grouped).collect()
}

/// Confirm an authenticator app
///
/// The session then has MFA, and each later sign-in requires a second factor.
#[utoipa::path(tag = "users", operation_id = "confirm_totp", security(("user_token" = [])),
    request_body = ConfirmTotpRequest, responses(
    (status = 200, description = "The authenticator app was added", body = AddedFactorView),
    (status = 400, description = "The body is invalid, or the code is wrong or too late (`wrong_code`)"),
    (status = 429, description = "The limit `factor` of the account is reached")))]
#[post("/users/me/mfa/totp/confirm")]
pub(crate) async fn confirm_totp(
    Authenticated(actor): Authenticated,
    Body(ConfirmTotpRequest { totp }): Body<ConfirmTotpRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let codes = identity.confirm_totp(&actor, &totp).await?;
    Ok(HttpResponse::Ok().json(AddedFactorView { recovery_codes: codes.as_deref().map(texts) }))
}

/// Remove the authenticator app
///
/// With the last factor, the recovery codes are deleted too. The session must have been authenticated in the last 5 minutes.
#[utoipa::path(tag = "users", operation_id = "remove_totp", security(("user_token" = [])), responses(
    (status = 204, description = "The authenticator app was removed"),
    (status = 404, description = "The user has no authenticator app")))]
#[delete("/users/me/mfa/totp")]
pub(crate) async fn remove_totp(
    Authenticated(actor): Authenticated,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    identity.remove_totp(&actor).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// New recovery codes.
#[derive(Serialize, ToSchema)]
#[schema(as = NewRecoveryCodes)]
struct RecoveryCodesView {
    /// Ten codes, each valid once in place of a second factor. They are not shown again.
    #[schema(example = json!(["7KQ2-M4XD-9H0R-TB5W"]))]
    recovery_codes: Vec<String>,
}

/// Replace the recovery codes
///
/// The earlier codes are no longer valid. The session must have been authenticated in the last 5 minutes.
#[utoipa::path(tag = "users", operation_id = "replace_recovery_codes", security(("user_token" = [])), responses(
    (status = 200, description = "The new codes", body = RecoveryCodesView),
    (status = 409, description = "The account has no second factor")))]
#[post("/users/me/mfa/recovery-codes")]
pub(crate) async fn replace_recovery_codes(
    Authenticated(actor): Authenticated,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let codes = identity.replace_recovery_codes(&actor).await?;
    Ok(HttpResponse::Ok().json(RecoveryCodesView { recovery_codes: texts(&codes) }))
}
