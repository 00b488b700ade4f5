//! Completion of an operation with a second factor.

use actix_web::{HttpResponse, http::header::SET_COOKIE, post, web::Data};
use serde::Serialize;
use serde_json::Value;
use tessera_identity::{CompleteOperation, CompletedOperation, Identity, PresentedFactor};
use tessera_kernel::{Document, RequestMetadata, UserId, WalletAccount};
use tessera_sso::{CompleteSso, SingleSignOn, model::SsoSessionId};
use utoipa::{ToSchema, openapi::ObjectBuilder};
use uuid::Uuid;

use crate::{
    extract::{Anonymous, Body, Fields, Request, RequestDevice, cookies},
    openapi::schema,
    problem::{FieldErrorCode, Problem},
    public_url::PublicUrl,
    v1::{auth::LoginView, session_tokens::ReauthenticationView, sso::flow::VerifiedView},
};

/// The response of an authenticator, at most 16 KiB.
type CredentialJson = Document<{ 16 * 1024 }>;

/// The token of the operation, and one second factor.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = VerifyMfaRequest)]
#[expect(dead_code, reason = "it is only described; VerifyMfa reads the body")]
enum VerifyMfaSchema {
    Totp(VerifyTotp),
    RecoveryCode(VerifyRecoveryCode),
    Passkey(VerifyPasskey),
}

/// A code of an authenticator app.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"mfa_token": "q3yWn0oHk7Rz2TfVbXc5LdPs8MjGa1Ue4NiQw6KxYh9", "totp": "123456"}))]
struct VerifyTotp {
    #[schema(schema_with = mfa_token)]
    mfa_token: String,
    /// The 6 digits that the app shows. White space is ignored.
    #[schema(example = "123456")]
    totp: String,
}

/// A recovery code.
#[derive(Serialize, ToSchema)]
struct VerifyRecoveryCode {
    #[schema(schema_with = mfa_token)]
    mfa_token: String,
    /// A recovery code, in either case, with or without hyphens.
    #[schema(example = "7KQ2-M4XD-9H0R-TB5W")]
    recovery_code: String,
}

/// A passkey.
#[derive(Serialize, ToSchema)]
struct VerifyPasskey {
    #[schema(schema_with = mfa_token)]
    mfa_token: String,
    #[schema(schema_with = credential)]
    credential: Value,
}

fn mfa_token() -> ObjectBuilder {
    schema::any_text()
        .description(Some("The token of the operation, from the problem `mfa_required`. An unknown text is no token."))
        .examples(["q3yWn0oHk7Rz2TfVbXc5LdPs8MjGa1Ue4NiQw6KxYh9"])
}

fn credential() -> ObjectBuilder {
    schema::object().description(Some("The output of `toJSON()` of the credential, of at most 16 KiB."))
}

pub(crate) struct VerifyMfa {
    mfa_token: String,
    factor: PresentedFactor,
}

impl Request for VerifyMfa {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        const FACTORS: [&str; 3] = ["totp", "recovery_code", "credential"];
        match FACTORS.into_iter().filter(|name| fields.has(name)).count() {
            0 => fields.fault("", FieldErrorCode::Required, "must have totp, recovery_code or credential"),
            1 => {}
            _ => fields.fault("", FieldErrorCode::Conflicting, "must have only one of totp, recovery_code, credential"),
        }
        let mfa_token = fields.required("mfa_token");
        let totp = fields.optional("totp").map(PresentedFactor::Totp);
        let code = fields.optional("recovery_code").map(PresentedFactor::RecoveryCode);
        let credential: Option<CredentialJson> = fields.optional("credential");
        let passkey = credential.map(|credential| PresentedFactor::Passkey(credential.as_json().to_owned()));
        Some(Self { factor: totp.or(code).or(passkey)?, mfa_token: mfa_token? })
    }
}

/// The response of the operation that waited for the second factor.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = CompletedOperation)]
enum CompletedView {
    Login(Box<LoginView>),
    Reauthentication(ReauthenticationView),
    Application(VerifiedView),
}

/// Complete an operation with a second factor
///
/// A sign-in or a reauthentication of an account with MFA is interrupted by the problem `mfa_required`. This request returns
/// what the interrupted operation would have returned, with the options of that operation. An `mfa_token` is valid for 10
/// minutes and for one success, and ends after 5 wrong factors.
#[utoipa::path(tag = "auth", operation_id = "verify_mfa", request_body = VerifyMfaSchema, responses(
    (status = 200, description = "The response of the interrupted operation", body = CompletedView),
    (status = 401, description = "The factor is wrong (`invalid_factor`), or the token is not valid \
        (`invalid_mfa_token`)"),
    (status = 409, description = "The sign-in to the application was already used"),
    (status = 429, description = "The limit `factor` of the account is reached")))]
#[post("/auth/mfa/verify")]
pub(crate) async fn verify_mfa(
    Anonymous(origin): Anonymous,
    RequestDevice(device): RequestDevice,
    Body(VerifyMfa { mfa_token: token, factor }): Body<VerifyMfa>,
    identity: Data<Identity>,
    sso: Data<SingleSignOn>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let command = CompleteOperation { token, factor, device, origin: origin.clone() };
    let view = match identity.complete_operation(command).await? {
        CompletedOperation::SignIn(signed_in) => CompletedView::Login(Box::new((*signed_in).into())),
        CompletedOperation::Reauthentication(done) => CompletedView::Reauthentication(done.into()),
        CompletedOperation::Application { sign_in, wallet, user } => {
            return complete_application(&sso, &url, sign_in, (wallet, user), origin).await;
        }
    };
    Ok(HttpResponse::Ok().json(view))
}

/// Completes the sign-in to an application, as the verification of its signature would have done.
async fn complete_application(
    sso: &SingleSignOn,
    url: &PublicUrl,
    sign_in: Uuid,
    (account, user): (WalletAccount, UserId),
    origin: RequestMetadata,
) -> Result<HttpResponse, Problem> {
    let session = SsoSessionId::from_uuid(sign_in);
    let verified = sso.complete(CompleteSso { session, account, user, origin }).await?;
    let ended = cookies::removed_cookie(url, session)?;
    let view = CompletedView::Application(VerifiedView::new(&verified, url));
    Ok(HttpResponse::Ok().insert_header((SET_COOKIE, ended)).json(view))
}
