//! Registration, sign-in and sign-out.

use actix_web::{HttpResponse, http::header::LOCATION, post, web::Data};
use serde::Serialize;
use tessera_identity::{
    Identity, Register, SignIn, SignedIn,
    model::{DisplayName, Password, PasswordAttempt, PersonName},
};
use tessera_kernel::EmailAddress;
use utoipa::ToSchema;

use crate::{
    extract::{Anonymous, Authenticated, Body, RequestDevice, ResourceBody, request},
    problem::Problem,
    public_url::{API_BASE, PublicUrl},
    v1::{timestamp::Timestamp, users::UserView},
};

request! {
    /// The properties of a new user.
    struct RegisterRequest {
        email: EmailAddress,
        password: Password,
        display_name: Option<DisplayName>,
        first_name: Option<PersonName>,
        last_name: Option<PersonName>,
    }
}

/// Register a new global user
#[utoipa::path(tag = "auth", operation_id = "register_user", request_body = RegisterRequest, responses(
    (status = 201, description = "The user", body = UserView,
        headers(("Location" = String, description = "The URL of the created resource"))),
    (status = 409, description = "The address is taken")))]
#[post("/auth/register")]
pub(crate) async fn register_user(
    Anonymous(origin): Anonymous,
    ResourceBody(body, _): ResourceBody<RegisterRequest, UserView>,
    identity: Data<Identity>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let RegisterRequest { email, password, display_name, first_name, last_name } = body;
    let command = Register { email, password, display_name, first_name, last_name, origin };
    let user = identity.register(command).await?;
    let location = url.join(&format!("{API_BASE}/users/me"));
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(UserView::from(user)))
}

request! {
    /// The credentials of a sign-in.
    struct LoginRequest {
        /// The email address of the account. A text that is not an email address matches no account.
        email: String,
        password: PasswordAttempt,
    }
}

/// The user token of a session, and its user.
#[derive(Serialize, ToSchema)]
#[schema(as = Login)]
pub(super) struct LoginView {
    token: String,
    #[schema(pattern = "^Bearer$", example = "Bearer")]
    token_type: &'static str,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    user: UserView,
}

impl From<SignedIn> for LoginView {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            token: signed_in.token.expose().clone(),
            token_type: "Bearer",
            expires_at: signed_in.expires_at.into(),
            user: signed_in.user.into(),
        }
    }
}

/// Login with email/password
#[utoipa::path(tag = "auth", operation_id = "login", request_body = LoginRequest, responses(
    (status = 200, description = "The token and its user", body = LoginView),
    (status = 401, description = "The address or the password is wrong: which, is not said")))]
#[post("/auth/login")]
pub(crate) async fn login(
    Anonymous(origin): Anonymous,
    RequestDevice(device): RequestDevice,
    Body(body): Body<LoginRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let command = SignIn { email: body.email, password: body.password, device, origin };
    let signed_in = identity.sign_in(command).await?;
    Ok(HttpResponse::Ok().json(LoginView::from(signed_in)))
}

/// Logout
///
/// Ends the session of the token on every node.
#[utoipa::path(tag = "auth", operation_id = "logout", security(("user_token" = [])), responses(
    (status = 204, description = "The session has ended")))]
#[post("/auth/logout")]
pub(crate) async fn logout(
    Authenticated(actor): Authenticated,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    identity.sign_out(&actor).await?;
    Ok(HttpResponse::NoContent().finish())
}
