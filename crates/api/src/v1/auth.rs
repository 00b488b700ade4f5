//! Registration, sign-in and sign-out.

use actix_web::{HttpResponse, http::header::LOCATION, post, web::Data};
use serde::Serialize;
use tessera_identity::{
    Identity, Register, RequestedRegistration, SignIn, SignedIn,
    model::{
        DeviceName, DeviceToken, DisplayName, Password, PasswordAttempt, PersonName, RegistrationMode, SessionRequest,
    },
};
use tessera_kernel::EmailAddress;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    extract::{Anonymous, Authenticated, Body, RequestDevice, ResourceBody, request},
    openapi::schema,
    problem::Problem,
    public_url::{API_BASE, PublicUrl},
    v1::{timestamp::Timestamp, users::UserView},
};

request! {
    /// The properties of a new user.
    struct RegisterRequest {
        /// The email address. It identifies the account at sign-in. Upper and lower case are equivalent.
        email: EmailAddress,
        password: Password,
        /// The name that other members of an organization see. 1 to 100 characters.
        display_name: Option<DisplayName>,
        /// The first name. 1 to 100 characters.
        first_name: Option<PersonName>,
        /// The last name. 1 to 100 characters.
        last_name: Option<PersonName> = "Lovelace",
    }
}

/// A registration whose account is created once its address is verified.
#[derive(Serialize, ToSchema)]
#[schema(as = Registration)]
struct RegistrationView {
    /// A secret of the client. Together with the code from the mail, it creates the account.
    #[schema(example = "b7Xk2mPq9sLw4vTz8nRd1fGh6jCy3aEu5oIiQ0xWtBk")]
    registration: String,
    /// How long the registration is valid, in seconds.
    #[schema(minimum = 0, example = 86400)]
    expires_in: i64,
}

impl From<RequestedRegistration> for RegistrationView {
    fn from(requested: RequestedRegistration) -> Self {
        let RequestedRegistration { secret, expires_in } = requested;
        Self { registration: secret.expose().to_owned(), expires_in: expires_in.whole_seconds() }
    }
}

/// Register a new global user
///
/// The operator chooses what this does. By default, it creates an account with an email address and a password. The address
/// gets a mail, and is not verified yet. The response has no token: sign in with `POST /auth/login`. If addresses must be
/// verified first, the account is created by `POST /auth/email/verify`, and the response is the same for free and taken
/// addresses. If accounts come from invitations only, it is rejected.
#[utoipa::path(tag = "auth", operation_id = "register_user", request_body = RegisterRequest, responses(
    (status = 201, description = "The user", body = UserView,
        headers(("Location" = String, description = "The URL of the created resource"))),
    (status = 202, description = "The address has to be verified first. The response does not say whether it is free",
        body = RegistrationView),
    (status = 403, description = "Registration is closed (`registration_closed`)"),
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
    if identity.registration() == RegistrationMode::Verified {
        let requested = identity.request_registration(command).await?;
        return Ok(HttpResponse::Accepted().json(RegistrationView::from(requested)));
    }
    let user = identity.register(command).await?;
    let location = url.join(&format!("{API_BASE}/users/me"));
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(UserView::from(user)))
}

request! {
    /// The credentials of a sign-in.
    struct LoginRequest {
        /// The email address of the account. A text that is not an email address matches no account.
        email: String = schema::EMAIL,
        /// The password of the account.
        password: PasswordAttempt,
        /// Whether the session has a refresh token. The user token is then valid for a shorter time.
        refresh: Option<bool> = true,
        /// The name of the device in the list of sessions. 1 to 64 characters.
        device_name: Option<DeviceName>,
        /// The device token from an earlier sign-in of the user. With it, the guesses of others cannot reject this
        /// sign-in. A text that is not a valid token of the account is ignored.
        device_token: Option<String> = schema::DEVICE_TOKEN,
    }
}

/// What a sign-in asks for. A malformed device token is like none.
pub(super) fn session_request(
    refresh: Option<bool>,
    device_name: Option<DeviceName>,
    device_token: Option<String>,
) -> SessionRequest {
    let device_token = device_token.and_then(|text| text.parse::<DeviceToken>().ok());
    SessionRequest { refresh: refresh.unwrap_or(false), device_name, device_token }
}

pub(super) const BEARER: &str = "Bearer";

/// The user token of a session, and its user.
#[derive(Serialize, ToSchema)]
#[schema(as = Login)]
pub(super) struct LoginView {
    /// The user token. It authorizes requests of the user until `expires_at`, or until its session ends.
    #[schema(example = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTk4YzJmMCJ9.c2lnbmF0dXJl")]
    token: String,
    /// How the token is sent: `Authorization: Bearer <token>`.
    #[schema(pattern = "^Bearer$", example = "Bearer")]
    token_type: &'static str,
    /// When the token expires: with its session, or earlier if the session has a refresh token.
    #[schema(value_type = String, format = DateTime, example = "2026-12-02T09:30:00Z")]
    expires_at: Timestamp,
    /// The user who signed in.
    user: UserView,
    /// The id of the session, which the list of sessions contains.
    session_id: Uuid,
    /// The refresh token, if the request asked for one.
    #[schema(required = true, pattern = "^rt_[0-9A-Za-z]{49}$", example = json!(schema::REFRESH_TOKEN))]
    refresh_token: Option<String>,
    /// When the refresh token and the session expire. A refresh extends it.
    #[schema(required = true, value_type = Option<String>, format = DateTime, example = "2026-12-15T09:30:00Z")]
    refresh_expires_at: Option<Timestamp>,
    /// A new device token, or `null` if the request had a valid one. The client keeps it and sends it with its next sign-in.
    #[schema(required = true, pattern = "^dt_[0-9A-Za-z]{49}$", example = json!(schema::DEVICE_TOKEN))]
    device_token: Option<String>,
}

impl From<SignedIn> for LoginView {
    fn from(signed_in: SignedIn) -> Self {
        let SignedIn { token, expires_at, user, session, refresh, device_token } = signed_in;
        Self {
            token: token.expose().clone(),
            token_type: BEARER,
            expires_at: expires_at.into(),
            user: user.into(),
            session_id: session.as_uuid(),
            refresh_token: refresh.as_ref().map(|refresh| refresh.token.to_text().expose().clone()),
            refresh_expires_at: refresh.map(|refresh| refresh.expires_at.into()),
            device_token: device_token.map(|token| token.expose().to_owned()),
        }
    }
}

/// Login with email/password
///
/// Opens a session. The response and its time are the same for an unknown address, a wrong password and an account
/// without a password.
#[utoipa::path(tag = "auth", operation_id = "login", request_body = LoginRequest, responses(
    (status = 200, description = "The token and its user", body = LoginView),
    (status = 401, description = "The email address or the password is wrong. The response does not say which"),
    (status = 403, description = "The account has a second factor (`mfa_required`)")))]
#[post("/auth/login")]
pub(crate) async fn login(
    Anonymous(origin): Anonymous,
    RequestDevice(device): RequestDevice,
    Body(body): Body<LoginRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let LoginRequest { email, password, refresh, device_name, device_token } = body;
    let session = session_request(refresh, device_name, device_token);
    let command = SignIn { email, password, device, origin, session };
    let signed_in = identity.sign_in(command).await?;
    Ok(HttpResponse::Ok().json(LoginView::from(signed_in)))
}

/// Logout
///
/// Ends the session of the token, on other nodes within a second.
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
