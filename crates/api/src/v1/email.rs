//! Verification and change of email addresses.

use actix_web::{HttpResponse, get, http::header::LOCATION, post, web::Data};
use serde::Serialize;
use tessera_identity::{
    ConfirmEmail, ConfirmedEmail, Identity, PresentedProof, ResendVerification,
    model::{DeviceName, EmailChange, EmailStatus, PasswordAttempt, VERIFICATION_TTL},
};
use tessera_kernel::EmailAddress;
use utoipa::ToSchema;

use crate::{
    extract::{Authenticated, Body, OptionalBody, OptionalUser, RequestDevice, ResourceBody, request},
    openapi::schema,
    problem::{Code, FieldError, FieldErrorCode, Problem},
    public_url::{API_BASE, PublicUrl},
    v1::{
        auth::{LoginView, session_request},
        timestamp::Timestamp,
    },
};

request! {
    /// What proves that the caller has read a mail, and whose account it is.
    struct VerifyEmailRequest {
        /// The token from the link of the mail. Instead of a code.
        token: Option<String> = "q3yWn0oHk7Rz2TfVbXc5LdPs8MjGa1Ue4NiQw6KxYh9",
        /// The password of the account or of the registration. With a token, instead of the user's access token.
        password: Option<PasswordAttempt>,
        /// The code from the mail: 6 digits. With the user's access token, or with `registration`.
        code: Option<String> = "402913",
        /// The secret from the response to the registration. With a code.
        registration: Option<String> = "b7Xk2mPq9sLw4vTz8nRd1fGh6jCy3aEu5oIiQ0xWtBk",
        /// Whether the token, from the mail to the present address, cancels a change of address.
        decline: Option<bool>,
        /// For the first session of a new account: whether it has a refresh token. The user token is then valid for a shorter
        /// time.
        refresh: Option<bool>,
        /// For the first session of a new account: the name of the device in the list of sessions. 1 to 64 characters.
        device_name: Option<DeviceName>,
        /// For the first session of a new account: the device token from an earlier sign-in. No new account has one, so the
        /// response always has a new one.
        device_token: Option<String> = schema::DEVICE_TOKEN,
    }
}

impl VerifyEmailRequest {
    /// Returns the proof, or every contradiction of the fields.
    fn proof(self) -> Result<PresentedProof, Problem> {
        let faults = self.faults();
        if !faults.is_empty() {
            return Err(Problem::new(Code::InvalidBody).faults(faults));
        }
        let Self { token, password, code, registration, decline, .. } = self;
        let invalid = |_| Problem::from(Code::InvalidVerificationToken);
        match (token, code) {
            (Some(token), _) => {
                let token = token.parse().map_err(invalid)?;
                let declines = decline == Some(true);
                Ok(if declines { PresentedProof::Decline(token) } else { PresentedProof::Token { token, password } })
            }
            (None, code) => {
                let code = code.unwrap_or_default().parse().map_err(|_| Code::InvalidVerificationToken)?;
                let secret = registration.map(|secret| secret.parse().map_err(invalid)).transpose()?;
                Ok(match secret {
                    Some(secret) => PresentedProof::Registration { secret, code },
                    None => PresentedProof::Code(code),
                })
            }
        }
    }

    fn faults(&self) -> Vec<FieldError> {
        let (by_token, declines) = (self.token.is_some(), self.decline == Some(true));
        let fault = |wrong: bool, pointer: &str, code: FieldErrorCode, detail: &str| {
            wrong.then(|| FieldError::new(pointer.to_owned(), code, detail))
        };
        let (required, conflicting) = (FieldErrorCode::Required, FieldErrorCode::Conflicting);
        let any_code = self.code.is_some() || self.registration.is_some();
        [
            fault(!by_token && !any_code, "/token", required, "is required, or a code"),
            fault(!by_token && self.registration.is_some() && self.code.is_none(), "/code", required, "is required"),
            fault(by_token && self.code.is_some(), "/code", conflicting, "must be absent if there is a token"),
            fault(
                by_token && self.registration.is_some(),
                "/registration",
                conflicting,
                "must be absent if there is a token",
            ),
            fault(
                self.password.is_some() && (!by_token || declines),
                "/password",
                conflicting,
                "must be absent, unless a token verifies an address",
            ),
            fault(!by_token && declines, "/decline", conflicting, "requires a token"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A side of a change that has yet to confirm.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EmailSide)]
enum SideName {
    New,
    Old,
}

/// A change of address that waits for confirmations.
#[derive(Serialize, ToSchema)]
#[schema(as = PendingEmail)]
struct PendingView {
    /// The new address.
    #[schema(format = Email, example = "ada@new.example.com")]
    email: String,
    /// The sides that have yet to confirm.
    awaiting: Vec<SideName>,
    /// When the change expires.
    #[schema(value_type = String, format = DateTime, example = "2026-12-02T09:30:00Z")]
    expires_at: Timestamp,
}

impl From<EmailChange> for PendingView {
    fn from(change: EmailChange) -> Self {
        let new = change.awaits_new.then_some(SideName::New);
        let old = change.awaits_old.then_some(SideName::Old);
        Self {
            email: change.email.to_string(),
            awaiting: new.into_iter().chain(old).collect(),
            expires_at: change.expires_at.into(),
        }
    }
}

/// The email address of an account.
#[derive(Serialize, ToSchema)]
#[schema(as = EmailStatus)]
struct EmailStatusView {
    /// The present address. It is null if the account was created by a wallet sign-in.
    #[schema(required = true, format = Email, example = "ada@example.com")]
    email: Option<String>,
    /// Whether the user has verified the address.
    #[schema(example = true)]
    email_verified: bool,
    /// The change that waits for confirmations.
    #[schema(required = true)]
    pending: Option<PendingView>,
}

impl From<EmailStatus> for EmailStatusView {
    fn from(status: EmailStatus) -> Self {
        Self {
            email: status.email.map(|email| email.to_string()),
            email_verified: status.verified,
            pending: status.pending.map(PendingView::from),
        }
    }
}

/// Verify an email address
///
/// Requires the mail **and** the account. The mail is presented by its token or its code; the account by the user's
/// access token, by its password together with the token, or by the secret of a registration together with the code. The
/// token from the mail to the present address of an account confirms a change of address alone, or declines it with
/// `decline`. A token is valid once, for 24 hours, and until another mail is sent. Five wrong codes invalidate the code and
/// the token of a mail.
#[utoipa::path(tag = "auth", operation_id = "verify_email", security((), ("user_token" = [])),
    request_body = VerifyEmailRequest, responses(
    (status = 200, description = "The address is verified, or the new side has confirmed the change", body = EmailStatusView),
    (status = 201, description = "The account of the registration is created, with a session", body = LoginView,
        headers(("Location" = String, description = "The URL of the created resource"))),
    (status = 204, description = "The present side has confirmed or declined the change"),
    (status = 400, description = "The body is invalid, or the token or the code is not valid or has expired \
        (`invalid_verification_token`)"),
    (status = 401, description = "A code was sent without the user's access token"),
    (status = 409, description = "The token is valid, but the account was not presented, or the password is wrong \
        (`email_not_verified`); the token stays valid. Or another account has the new address (`email_taken`)")))]
#[post("/auth/email/verify")]
pub(crate) async fn verify_email(
    OptionalUser { actor, origin }: OptionalUser,
    RequestDevice(device): RequestDevice,
    ResourceBody(body, _): ResourceBody<VerifyEmailRequest, LoginView>,
    identity: Data<Identity>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let session = session_request(body.refresh, body.device_name.clone(), body.device_token.clone());
    let command = ConfirmEmail { proof: body.proof()?, actor, device, origin, session };
    Ok(match identity.confirm_email(command).await? {
        ConfirmedEmail::Account(status) => HttpResponse::Ok().json(EmailStatusView::from(status)),
        ConfirmedEmail::OldAddress => HttpResponse::NoContent().finish(),
        ConfirmedEmail::Registered(signed_in) => {
            let location = url.join(&format!("{API_BASE}/users/me"));
            HttpResponse::Created().insert_header((LOCATION, location)).json(LoginView::from(*signed_in))
        }
    })
}

request! {
    /// Whose mails are sent again. Without a registration, those of the user.
    struct ResendVerificationRequest {
        /// The secret from the response to the registration.
        registration: Option<String> = "b7Xk2mPq9sLw4vTz8nRd1fGh6jCy3aEu5oIiQ0xWtBk",
    }
}

/// The response to every request to send mails again, whether or not a mail is sent.
#[derive(Serialize, ToSchema)]
#[schema(as = ResentVerification)]
struct ResentView {
    /// How long a link and a code are valid at most, in seconds. Those of a change or a registration expire with it.
    #[schema(minimum = 0, example = 86400)]
    expires_in: i64,
}

/// Send the mails of an address again
///
/// Sends all pending mails again, with new tokens and codes, which invalidate the old ones: the verification of the present
/// address, and both sides of a change. If nothing is pending, it sends nothing. The body can be absent for a user.
#[utoipa::path(tag = "auth", operation_id = "resend_verification", security((), ("user_token" = [])),
    request_body = ResendVerificationRequest, responses(
    (status = 202, description = "The request is accepted. The response does not say whether a mail is sent", body = ResentView),
    (status = 401, description = "Neither a registration nor the user's access token was sent")))]
#[post("/auth/email/resend")]
pub(crate) async fn resend_verification(
    OptionalUser { actor, origin }: OptionalUser,
    OptionalBody(body): OptionalBody<ResendVerificationRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let command = match (body.registration.map(|secret| secret.parse()), actor) {
        (Some(Ok(secret)), _) => ResendVerification::Registration { secret, origin },
        // Nothing is pending for what is no secret.
        (Some(Err(_)), _) => return Ok(resent()),
        (None, Some(actor)) => ResendVerification::User(actor),
        (None, None) => return Err(Code::AuthenticationRequired.into()),
    };
    identity.resend_verification(command).await?;
    Ok(resent())
}

fn resent() -> HttpResponse {
    HttpResponse::Accepted().json(ResentView { expires_in: VERIFICATION_TTL.whole_seconds() })
}

/// Get the status of my email address
///
/// Returns the address, and a change that waits for confirmations, with the sides that have yet to confirm.
#[utoipa::path(tag = "users", operation_id = "get_my_email", security(("user_token" = [])), responses(
    (status = 200, description = "The address, and a change that waits for confirmations", body = EmailStatusView)))]
#[get("/users/me/email")]
pub(crate) async fn get_my_email(
    Authenticated(actor): Authenticated,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(EmailStatusView::from(identity.view_email(&actor).await?)))
}

request! {
    /// The new address.
    struct ChangeEmailRequest {
        /// The new email address of the account.
        email: EmailAddress = "ada@new.example.com",
    }
}

/// The response to a request for a change of address, whether or not the new address is free.
#[derive(Serialize, ToSchema)]
#[schema(as = RequestedEmailChange)]
struct RequestedChangeView {
    /// How long the change waits for its confirmations, in seconds.
    #[schema(minimum = 0, example = 86400)]
    expires_in: i64,
}

/// Change my email address
///
/// Requires recent authentication. The new address gets a mail. A verified present address gets one, too. Once both sides
/// have confirmed, in any order, the address changes and is verified. If another account has the new address, its owner gets
/// a notice without a token; the response is the same. A later request replaces an earlier one.
#[utoipa::path(tag = "users", operation_id = "change_my_email", security(("user_token" = [])),
    request_body = ChangeEmailRequest, responses(
    (status = 202, description = "The mails are sent", body = RequestedChangeView),
    (status = 403, description = "The session is too old (`reauthentication_required`)"),
    (status = 409, description = "It is the address of the account already (`email_unchanged`)")))]
#[post("/users/me/email")]
pub(crate) async fn change_my_email(
    Authenticated(actor): Authenticated,
    Body(body): Body<ChangeEmailRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let expires_in = identity.change_email(&actor, body.email).await?.whole_seconds();
    Ok(HttpResponse::Accepted().json(RequestedChangeView { expires_in }))
}
