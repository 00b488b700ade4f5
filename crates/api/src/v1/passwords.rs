//! Password reset by mail.

use actix_web::{HttpResponse, post, web::Data};
use serde::Serialize;
use tessera_identity::{
    Identity, RequestPasswordReset, ResetPassword,
    model::{Password, PasswordReset, ResetToken},
};
use utoipa::ToSchema;

use crate::{
    extract::{Anonymous, Body, request},
    openapi::schema,
    problem::{Code, Problem},
};

request! {
    /// The account whose password is reset.
    struct ForgotPasswordRequest {
        /// The email address of the account. A text that is not an email address matches no account.
        email: String = schema::EMAIL,
    }
}

/// The response to every reset request, whether or not a mail is sent.
#[derive(Serialize, ToSchema)]
#[schema(as = ForgottenPassword)]
struct ForgottenView {
    /// Lifetime of a reset link in seconds, counted from its creation.
    #[schema(minimum = 0, example = 1800)]
    expires_in: i64,
}

/// Request a password reset
///
/// If the address has an account, the account gets a mail with a reset link, at most 5 times per hour. The response is
/// the same in every case.
#[utoipa::path(tag = "auth", operation_id = "forgot_password", request_body = ForgotPasswordRequest, responses(
    (status = 202, description = "The request is accepted. The response does not say whether a mail is sent", body = ForgottenView)))]
#[post("/auth/password/forgot")]
pub(crate) async fn forgot_password(
    Anonymous(origin): Anonymous,
    Body(body): Body<ForgotPasswordRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    identity.request_password_reset(RequestPasswordReset { email: body.email, origin }).await?;
    let expires_in = PasswordReset::TTL.whole_seconds();
    Ok(HttpResponse::Accepted().json(ForgottenView { expires_in }))
}

request! {
    /// The reset token and the new password.
    struct ResetPasswordRequest {
        /// The token from the reset link.
        token: String = "q3yWn0oHk7Rz2TfVbXc5LdPs8MjGa1Ue4NiQw6KxYh9",
        new_password: Password = "granite-otter-58-meadow",
    }
}

/// Set a new password with a reset link
///
/// The token is valid once, for 30 minutes, and only until another token is sent. A rejected password does not consume
/// the token. The request ends all sessions of the user and verifies the email address. If the address was not verified
/// before, the wallets of the account are unlinked. The request does not create a session.
#[utoipa::path(tag = "auth", operation_id = "reset_password", request_body = ResetPasswordRequest, responses(
    (status = 204, description = "The new password is set"),
    (status = 400, description = "The body is invalid, or the token is not valid or has expired")))]
#[post("/auth/password/reset")]
pub(crate) async fn reset_password(
    Anonymous(origin): Anonymous,
    Body(body): Body<ResetPasswordRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let token: ResetToken = body.token.parse().map_err(|_| Code::InvalidResetToken)?;
    identity.reset_password(ResetPassword { token, password: body.new_password, origin }).await?;
    Ok(HttpResponse::NoContent().finish())
}
