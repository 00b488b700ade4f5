//! Refresh and reauthentication of a session.

use actix_web::{HttpResponse, post, web::Data};
use serde::Serialize;
use serde_json::json;
use tessera_identity::{
    Identity, Reauthenticate, Reauthenticated, Refresh, Refreshed,
    model::{CredentialResponse, PasskeyProof, PasswordAttempt},
};
use utoipa::ToSchema;

use crate::{
    extract::{Anonymous, Authenticated, Body, request},
    openapi::schema,
    problem::Problem,
    v1::{auth::BEARER, timestamp::Timestamp, values::SecretText},
};

request! {
    /// A refresh token.
    struct RefreshRequest {
        /// The refresh token of the last sign-in or refresh. A malformed one is rejected like an unknown one.
        refresh_token: SecretText = schema::REFRESH_TOKEN,
    }
}

/// New tokens of a session.
#[derive(Serialize, ToSchema)]
#[schema(as = RefreshedLogin)]
struct RefreshedView {
    /// The user token. Earlier ones stay valid until they expire.
    #[schema(example = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTk4YzJmMCJ9.c2lnbmF0dXJl")]
    token: String,
    /// How the token is sent: `Authorization: Bearer <token>`.
    #[schema(pattern = "^Bearer$", example = "Bearer")]
    token_type: &'static str,
    /// When the token expires.
    #[schema(value_type = String, format = DateTime, example = "2026-12-01T09:45:00Z")]
    expires_at: Timestamp,
    /// The newest refresh token of the session. It replaces the one of the request.
    #[schema(pattern = "^rt_[0-9A-Za-z]{49}$", example = json!(schema::REFRESH_TOKEN))]
    refresh_token: String,
    /// When the refresh token and the session expire.
    #[schema(value_type = String, format = DateTime, example = "2026-12-15T09:30:00Z")]
    refresh_expires_at: Timestamp,
}

impl From<Refreshed> for RefreshedView {
    fn from(Refreshed { token, expires_at, refresh }: Refreshed) -> Self {
        Self {
            token: token.expose().clone(),
            token_type: BEARER,
            expires_at: expires_at.into(),
            refresh_token: refresh.token.to_text().expose().clone(),
            refresh_expires_at: refresh.expires_at.into(),
        }
    }
}

/// Refresh a session
///
/// The first use of a refresh token creates its successor. For some seconds after it, every use returns the newest refresh
/// token of the session, so concurrent requests and repeated ones get the same. A later use ends the session, and its user
/// gets a mail.
#[utoipa::path(tag = "auth", operation_id = "refresh_session", request_body = RefreshRequest, responses(
    (status = 200, description = "New tokens of the session", body = RefreshedView),
    (status = 401, description = "The refresh token is malformed, unknown, reused or expired. The response does not say which")))]
#[post("/auth/refresh")]
pub(crate) async fn refresh_session(
    Anonymous(origin): Anonymous,
    Body(body): Body<RefreshRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let refreshed = identity.refresh(Refresh { token: body.refresh_token.0, origin }).await?;
    Ok(HttpResponse::Ok().json(RefreshedView::from(refreshed)))
}

request! {
    /// The proof of a user with a session: a password, or a passkey and its ceremony.
    struct ReauthenticateRequest {
        /// The password of the account.
        password: Option<PasswordAttempt>,
        /// The id of a ceremony of `POST /auth/passkey/options`. Instead of a password.
        ceremony_id: Option<String> = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e",
        /// The output of `toJSON()` of the credential that `navigator.credentials.get()` returned. At most 16 KiB.
        credential: Option<CredentialResponse> = json!({"id": "Zm9vYmFy", "rawId": "Zm9vYmFy", "type": "public-key"}),
    }
}

/// A recent authentication.
#[derive(Serialize, ToSchema)]
#[schema(as = Reauthentication)]
pub(super) struct ReauthenticationView {
    /// When the user proved who they are.
    #[schema(value_type = String, format = DateTime)]
    authenticated_at: Timestamp,
    /// Until when operations that require recent authentication accept the session.
    #[schema(value_type = String, format = DateTime, example = "2026-12-01T09:35:00Z")]
    valid_until: Timestamp,
}

impl From<Reauthenticated> for ReauthenticationView {
    fn from(Reauthenticated { at, valid_until }: Reauthenticated) -> Self {
        Self { authenticated_at: at.into(), valid_until: valid_until.into() }
    }
}

/// Reauthenticate
///
/// The session of the token then counts as recently authenticated for 5 minutes. A wrong password counts in the limits of
/// sign-ins. A user without a password signs in again.
#[utoipa::path(tag = "auth", operation_id = "reauthenticate", security(("user_token" = [])),
    request_body = ReauthenticateRequest, responses(
    (status = 200, description = "The authentication is recent", body = ReauthenticationView),
    (status = 401, description = "The credential is missing or not valid, or the password is wrong"),
    (status = 403, description = "The account has a second factor (`mfa_required`), or the credential is not a user token")))]
#[post("/auth/reauthenticate")]
pub(crate) async fn reauthenticate(
    Authenticated(actor): Authenticated,
    Body(body): Body<ReauthenticateRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let done = match body {
        ReauthenticateRequest { password: Some(_), ceremony_id, credential }
            if ceremony_id.is_some() || credential.is_some() =>
        {
            return Err(Problem::two_proofs());
        }
        ReauthenticateRequest { password: Some(password), .. } => {
            identity.reauthenticate(&actor, Reauthenticate { password }).await?
        }
        ReauthenticateRequest { ceremony_id: Some(ceremony), credential: Some(credential), .. } => {
            let proof = PasskeyProof { ceremony, credential };
            identity.reauthenticate_with_passkey(&actor, &proof).await?
        }
        _ => return Err(Problem::no_proof()),
    };
    Ok(HttpResponse::Ok().json(ReauthenticationView::from(done)))
}
