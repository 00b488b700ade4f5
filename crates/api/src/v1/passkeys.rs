//! Passkeys: sign-in, adding and removing.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use serde::Serialize;
use serde_json::{json, value::RawValue};
use tessera_identity::{
    AddPasskey, Identity, SignInWithPasskey, SignInWithPasskeyError,
    model::{CredentialResponse, DeviceName, Passkey, PasskeyName, PasskeyProof, StartedCeremony},
};
use tessera_kernel::{NodeLimits, PasskeyId, limit};
use utoipa::{ToSchema, openapi::ObjectBuilder};
use uuid::Uuid;

use crate::{
    extract::{Anonymous, Authenticated, Body, PathId, RequestDevice, ResourceBody, request},
    openapi::schema,
    problem::Problem,
    v1::{
        auth::{LoginView, session_request},
        documents::raw,
        factors::texts,
        network_limit::admit_network,
        timestamp::Timestamp,
    },
};

/// A started ceremony.
#[derive(Serialize, ToSchema)]
#[schema(as = PasskeyCeremony)]
struct CeremonyView {
    /// Identifies the ceremony in the request that finishes it. It is valid once.
    ceremony_id: Uuid,
    #[schema(schema_with = options)]
    options: Box<RawValue>,
    /// When the ceremony expires: five minutes after its start.
    #[schema(value_type = String, format = DateTime, example = "2026-12-01T09:35:00Z")]
    expires_at: Timestamp,
}

fn options() -> ObjectBuilder {
    let text = "The input of `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`.";
    let example = json!({
        "challenge": "7Jm0f1q0RmyNnUd3RbPnUQ3mIhhqZCrJv0eUyZ5Nz9A",
        "rpId": "accounts.example.com",
        "allowCredentials": [],
        "userVerification": "required",
    });
    schema::object().description(Some(text)).examples([example])
}

impl TryFrom<StartedCeremony> for CeremonyView {
    type Error = Problem;

    fn try_from(started: StartedCeremony) -> Result<Self, Problem> {
        Ok(Self {
            ceremony_id: started.id.as_uuid(),
            options: raw(&started.options)?,
            expires_at: started.expires_at.into(),
        })
    }
}

request! {
    /// A credential and its ceremony, for a sign-in.
    struct PasskeySignInRequest {
        /// The id of the ceremony. A text that is not one is rejected like an unknown id.
        ceremony_id: String = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e",
        /// The output of `toJSON()` of the credential that `navigator.credentials.get()` returned. At most 16 KiB.
        credential: CredentialResponse = json!({
            "id": "Zm9vYmFy",
            "rawId": "Zm9vYmFy",
            "type": "public-key",
            "response": {"authenticatorData": "Zm9v", "clientDataJSON": "e30", "signature": "YmFy", "userHandle": "YmF6"},
            "clientExtensionResults": {},
        }),
        /// Whether the session has a refresh token. The user token is then valid for a shorter time.
        refresh: Option<bool> = true,
        /// The name of the device in the list of sessions. 1 to 64 characters.
        device_name: Option<DeviceName>,
        /// The device token from an earlier sign-in of the user. The sign-in does not depend on it: with a valid one, the
        /// response has no new one.
        device_token: Option<String> = schema::DEVICE_TOKEN,
    }
}

request! {
    /// A created credential and its ceremony.
    struct AddPasskeyRequest {
        /// The id of the ceremony. A text that is not one is rejected like an unknown id.
        ceremony_id: String = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e",
        /// The output of `toJSON()` of the credential that `navigator.credentials.create()` returned. At most 16 KiB.
        credential: CredentialResponse = json!({
            "id": "Zm9vYmFy",
            "rawId": "Zm9vYmFy",
            "type": "public-key",
            "response": {"attestationObject": "Zm9v", "clientDataJSON": "e30", "transports": ["internal"]},
            "clientExtensionResults": {},
        }),
        /// The name of the passkey. By default, the browser and the operating system. 1 to 64 characters.
        name: Option<PasskeyName>,
    }
}

/// A passkey.
#[derive(Serialize, ToSchema)]
#[schema(as = Passkey)]
struct PasskeyView {
    /// The id of the passkey in this API. It is not the id of the credential.
    id: Uuid,
    /// The name of the passkey.
    #[schema(max_length = 64, example = "Phone")]
    name: String,
    /// Whether the authenticator copies the passkey to other devices of the user.
    synced: bool,
    /// When the passkey was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the passkey last authenticated the user, or null.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

impl From<Passkey> for PasskeyView {
    fn from(passkey: Passkey) -> Self {
        Self {
            id: passkey.id.as_uuid(),
            name: passkey.name.to_string(),
            synced: passkey.synced,
            created_at: passkey.created_at.into(),
            last_used_at: passkey.last_used_at.map(Timestamp::from),
        }
    }
}

/// An added passkey.
#[derive(Serialize, ToSchema)]
#[schema(as = AddedPasskey)]
struct AddedPasskeyView {
    /// The passkey.
    passkey: PasskeyView,
    /// The recovery codes, with the first factor of the account. They are shown only here. Otherwise null.
    #[schema(required = true, example = json!(["3V9K-T0QX-8MFE-ZP5H", "Q2RD-7J1N-XC4W-6BKS"]))]
    recovery_codes: Option<Vec<String>>,
}

/// Start sign-in with a passkey
///
/// The options list no credentials: the authenticator offers its passkeys of this service. The same options start a
/// reauthentication.
#[utoipa::path(tag = "auth", operation_id = "start_passkey_sign_in", responses(
    (status = 200, description = "The ceremony", body = CeremonyView),
    (status = 404, description = "This installation has no passkeys"),
    (status = 429, description = "The limit `challenge` of the network is reached"),
    (status = 503, description = "The service is busy, or a component that it needs is not available")))]
#[post("/auth/passkey/options")]
pub(crate) async fn start_passkey_sign_in(
    Anonymous(origin): Anonymous,
    identity: Data<Identity>,
    limits: Data<dyn NodeLimits>,
) -> Result<HttpResponse, Problem> {
    admit_network(&**limits, limit::CHALLENGE, &origin)?;
    let started = identity.start_passkey_sign_in(&origin).await?;
    Ok(HttpResponse::Ok().json(CeremonyView::try_from(started)?))
}

/// Finish sign-in with a passkey
///
/// The passkey counts as both factors. Every complete request consumes its ceremony, even if it fails. The response is
/// the same for every reason.
#[utoipa::path(tag = "auth", operation_id = "sign_in_with_passkey", request_body = PasskeySignInRequest, responses(
    (status = 200, description = "The token and its user", body = LoginView),
    (status = 401, description = "The ceremony or the credential is not valid. The response does not say why"),
    (status = 429, description = "The limit `credential` of the network is reached")))]
#[post("/auth/passkey/verify")]
pub(crate) async fn sign_in_with_passkey(
    Anonymous(origin): Anonymous,
    RequestDevice(device): RequestDevice,
    Body(body): Body<PasskeySignInRequest>,
    identity: Data<Identity>,
    limits: Data<dyn NodeLimits>,
) -> Result<HttpResponse, Problem> {
    let PasskeySignInRequest { ceremony_id, credential, refresh, device_name, device_token } = body;
    let proof = PasskeyProof { ceremony: ceremony_id, credential };
    let session = session_request(refresh, device_name, device_token);
    let command = SignInWithPasskey { proof, device, origin: origin.clone(), session };
    let signed_in = match identity.sign_in_with_passkey(command).await {
        Err(SignInWithPasskeyError::InvalidCredentials) => {
            admit_network(&**limits, limit::CREDENTIAL, &origin)?;
            return Err(SignInWithPasskeyError::InvalidCredentials.into());
        }
        other => other?,
    };
    Ok(HttpResponse::Ok().json(LoginView::from(signed_in)))
}

/// List current user's passkeys
///
/// The passkeys are in the order in which they were added. A user has at most 20, so there is only one page.
#[utoipa::path(tag = "users", operation_id = "list_passkeys", security(("user_token" = [])), responses(
    (status = 200, description = "The passkeys", body = Vec<PasskeyView>)))]
#[get("/users/me/passkeys")]
pub(crate) async fn list_passkeys(
    Authenticated(actor): Authenticated,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let passkeys = identity.list_passkeys(&actor).await?;
    let views: Vec<PasskeyView> = passkeys.into_iter().map(PasskeyView::from).collect();
    Ok(HttpResponse::Ok().json(views))
}

/// Start adding a passkey
///
/// Only this session can finish the ceremony. The session must be authenticated within the last 5 minutes.
#[utoipa::path(tag = "users", operation_id = "start_adding_passkey", security(("user_token" = [])), responses(
    (status = 200, description = "The ceremony", body = CeremonyView),
    (status = 404, description = "This installation has no passkeys"),
    (status = 409, description = "The user has 20 passkeys")))]
#[post("/users/me/passkeys/options")]
pub(crate) async fn start_adding_passkey(
    Authenticated(actor): Authenticated,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let started = identity.start_adding_passkey(&actor).await?;
    Ok(HttpResponse::Ok().json(CeremonyView::try_from(started)?))
}

/// Add a passkey to the current user
///
/// The session must be authenticated within the last 5 minutes. Every complete request of a user consumes its ceremony, even if it fails.
#[utoipa::path(tag = "users", operation_id = "add_passkey", security(("user_token" = [])),
    request_body = AddPasskeyRequest, responses(
    (status = 201, description = "The passkey", body = AddedPasskeyView),
    (status = 400, description = "The body is invalid, or the ceremony or the credential is not valid"),
    (status = 409, description = "The passkey belongs to an account already, or the user has 20 passkeys")))]
#[post("/users/me/passkeys")]
pub(crate) async fn add_passkey(
    Authenticated(actor): Authenticated,
    RequestDevice(device): RequestDevice,
    ResourceBody(body, _): ResourceBody<AddPasskeyRequest, PasskeyView>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let AddPasskeyRequest { ceremony_id, credential, name } = body;
    let proof = PasskeyProof { ceremony: ceremony_id, credential };
    let added = identity.add_passkey(&actor, AddPasskey { proof, name, device }).await?;
    let recovery_codes = added.recovery_codes.as_deref().map(texts);
    Ok(HttpResponse::Created().json(AddedPasskeyView { passkey: added.passkey.into(), recovery_codes }))
}

/// Remove a passkey from the current user
///
/// The session must be authenticated within the last 5 minutes. Sessions that were started with the passkey continue.
#[utoipa::path(tag = "users", operation_id = "remove_passkey", security(("user_token" = [])), responses(
    (status = 204, description = "The passkey is removed"),
    (status = 404, description = "The user has no such passkey"),
    (status = 409, description = "The passkey is the last sign-in method")))]
#[delete("/users/me/passkeys/{passkeyId}")]
pub(crate) async fn remove_passkey(
    Authenticated(actor): Authenticated,
    PathId(id): PathId<PasskeyId>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    identity.remove_passkey(&actor, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
