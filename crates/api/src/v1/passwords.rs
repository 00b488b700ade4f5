//! A way back in for whoever has forgotten their password, or never had one.

use actix_web::{HttpResponse, post, web::Data};
use serde::Serialize;
use tessera_identity::{
    AskForReset, Identity, ResetPassword,
    model::{Password, PasswordReset, ResetToken},
};
use utoipa::ToSchema;

use crate::{
    extract::{Body, Fields, Request, Visitor, text},
    openapi::schema,
    problem::{Code, Problem},
};

/// Who can't sign in.
#[derive(ToSchema)]
struct ForgotPasswordRequest {
    /// The address of the account. One that is none belongs to nobody.
    #[schema(schema_with = schema::any_text)]
    email: String,
}

impl Request for ForgotPasswordRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { email: fields.required("email", text)? })
    }
}

/// What everybody is told, whether a mail goes out or not.
#[derive(Serialize, ToSchema)]
#[schema(as = ForgottenPassword)]
struct ForgottenView {
    /// How long the link in such a mail serves, in seconds.
    #[schema(minimum = 0, example = 1800)]
    expires_in: i64,
}

/// Ask for a new password
///
/// If the address has an account, a link goes to it by mail, at most 5 times an hour. The answer is the same in any case.
#[utoipa::path(tag = "auth", operation_id = "forgot_password", request_body = ForgotPasswordRequest, responses(
    (status = 202, description = "It was heard. Whether a mail goes out is not said", body = ForgottenView)))]
#[post("/auth/password/forgot")]
pub(crate) async fn forgot_password(
    Visitor(origin): Visitor,
    Body(body): Body<ForgotPasswordRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    identity.ask_for_reset(AskForReset { email: body.email, origin }).await?;
    let expires_in = PasswordReset::TTL.whole_seconds();
    Ok(HttpResponse::Accepted().json(ForgottenView { expires_in }))
}

/// The password to be, and what permits it.
#[derive(ToSchema)]
struct ResetPasswordRequest {
    /// The token from the link.
    #[schema(schema_with = schema::any_text)]
    token: String,
    #[schema(schema_with = schema::password)]
    new_password: Password,
}

impl Request for ResetPasswordRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let token = fields.required("token", text);
        let new_password = fields.required("new_password", text);
        Some(Self { token: token?, new_password: new_password? })
    }
}

/// Set a new password by a link
///
/// The token serves once, for 30 minutes, and only until another one is sent; a password that is not taken does not use it
/// up. All sessions of the user end, and the address is verified from then on. If it was not verified before, the wallets of
/// the account are unlinked. Nobody is signed in.
#[utoipa::path(tag = "auth", operation_id = "reset_password", request_body = ResetPasswordRequest, responses(
    (status = 204, description = "The password is the new one"),
    (status = 400, description = "The body has faults, or the token is not valid, or not any more")))]
#[post("/auth/password/reset")]
pub(crate) async fn reset_password(
    Visitor(origin): Visitor,
    Body(body): Body<ResetPasswordRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let token: ResetToken = body.token.parse().map_err(|_| Code::ResetInvalid)?;
    identity.reset_password(ResetPassword { token, password: body.new_password, origin }).await?;
    Ok(HttpResponse::NoContent().finish())
}
