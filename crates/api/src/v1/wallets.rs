//! Wallets: sign-in, linking and unlinking.

use actix_web::{HttpResponse, delete, get, post, web::Data};
use serde::Serialize;
use tessera_identity::{
    Identity, LinkWallet, SignInWithWallet, WalletProof,
    model::{Challenge, DeviceName},
};
use tessera_kernel::{Chain, NodeLimits, WalletAccount, limit};
use utoipa::{ToSchema, openapi::ObjectBuilder};

use crate::{
    extract::{
        About, Anonymous, Authenticated, Body, Fields, PathAddress, RequestDevice, RequestField, RequestValue,
        ResourceBody, request,
    },
    openapi::schema,
    problem::{Code, Problem},
    v1::{
        auth::{LoginView, session_request},
        network_limit::admit_network,
        timestamp::Timestamp,
        users::WalletView,
        values::SignatureText,
    },
};

request! {
    /// A wallet.
    struct ChallengeRequest {
        account: WalletAccount,
    }
}

/// The chain determines the address format. If the chain is invalid, a missing address is still reported.
impl RequestField for WalletAccount {
    fn read(fields: &mut Fields<'_>, _: &str) -> Option<Self> {
        let chain = fields.required("chain_type");
        let address: String = fields.required("wallet_address")?;
        let account = WalletAccount::parse(chain?, &address);
        account.map_err(|error| fields.invalid("wallet_address", &error)).ok()
    }

    fn describe(body: ObjectBuilder, _: &str, _: &About<'_>) -> ObjectBuilder {
        let body = body.property("wallet_address", schema::wallet_address()).required("wallet_address");
        body.property("chain_type", Chain::schema()).required("chain_type")
    }
}

/// A challenge for a wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = WalletChallenge)]
struct ChallengeView {
    /// The text that the wallet signs, byte for byte: an ERC-4361 message, or only the nonce for Solana.
    #[schema(example = json!(schema::MESSAGE))]
    challenge: String,
    /// Identifies the challenge in the verification request. It is valid once.
    #[schema(pattern = "^[0-9A-Za-z]{22}$", example = "5mzTrGqJ8wYbNc2LxP7VdK")]
    nonce: String,
    /// When the challenge expires: five minutes after its creation.
    #[schema(value_type = String, format = DateTime, example = "2026-12-01T09:35:00Z")]
    expires_at: Timestamp,
}

impl From<Challenge> for ChallengeView {
    fn from(challenge: Challenge) -> Self {
        Self {
            challenge: challenge.message,
            nonce: challenge.nonce.to_string(),
            expires_at: challenge.expires_at.into(),
        }
    }
}

request! {
    /// A wallet and its signed challenge.
    struct WalletProofRequest {
        account: WalletAccount,
        signature: SignatureText,
        /// The nonce of the challenge. A text that is not a nonce is rejected like an unknown nonce.
        nonce: String = "5mzTrGqJ8wYbNc2LxP7VdK",
    }
}

request! {
    /// A wallet and its signed challenge, for a sign-in.
    struct WalletSignInRequest {
        account: WalletAccount,
        signature: SignatureText,
        /// The nonce of the challenge. A text that is not a nonce is rejected like an unknown nonce.
        nonce: String = "5mzTrGqJ8wYbNc2LxP7VdK",
        /// Whether the session has a refresh token. The user token is then valid for a shorter time.
        refresh: Option<bool> = true,
        /// The name of the device in the list of sessions. 1 to 64 characters.
        device_name: Option<DeviceName>,
        /// The device token from an earlier sign-in of the user. The sign-in does not depend on it: with a valid one, the
        /// response has no new one.
        device_token: Option<String> = schema::DEVICE_TOKEN,
    }
}

impl From<WalletProofRequest> for WalletProof {
    fn from(WalletProofRequest { account, signature, nonce }: WalletProofRequest) -> Self {
        Self { account, signature: signature.0, nonce }
    }
}

/// Get a challenge for Web3 signing
///
/// The response does not reveal whether an account has the wallet. Earlier challenges for the wallet stay valid.
#[utoipa::path(tag = "auth", operation_id = "get_web3_challenge", request_body = ChallengeRequest, responses(
    (status = 200, description = "The message to sign", body = ChallengeView),
    (status = 429, description = "The limit `challenge` of the network is reached")))]
#[post("/auth/web3/challenge")]
pub(crate) async fn get_web3_challenge(
    Anonymous(origin): Anonymous,
    Body(ChallengeRequest { account }): Body<ChallengeRequest>,
    identity: Data<Identity>,
    limits: Data<dyn NodeLimits>,
) -> Result<HttpResponse, Problem> {
    admit_network(&**limits, limit::CHALLENGE, &origin)?;
    let challenge = identity.challenge_wallet(identity.supported_chains().accept(account)?, &origin).await?;
    Ok(HttpResponse::Ok().json(ChallengeView::from(challenge)))
}

/// Verify Web3 signature and login
///
/// If no account has the wallet, a new user without an email address is created. Every complete request consumes its
/// nonce, even if it fails.
#[utoipa::path(tag = "auth", operation_id = "verify_web3_signature", request_body = WalletSignInRequest, responses(
    (status = 200, description = "The token and its user", body = LoginView),
    (status = 401, description = "The nonce or the signature is not valid"),
    (status = 403, description = "The account has a second factor (`mfa_required`), or no account has the wallet and \
        registration is closed (`registration_closed`)"),
    (status = 429, description = "The limit `contract-wallet` of the network or of the wallet is reached")))]
#[post("/auth/web3/verify")]
pub(crate) async fn verify_web3_signature(
    Anonymous(origin): Anonymous,
    RequestDevice(device): RequestDevice,
    Body(body): Body<WalletSignInRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let WalletSignInRequest { account, signature, nonce, refresh, device_name, device_token } = body;
    let proof = WalletProof { account, signature: signature.0, nonce };
    let session = session_request(refresh, device_name, device_token);
    let signed_in = identity.sign_in_with_wallet(SignInWithWallet { proof, device, origin, session }).await?;
    Ok(HttpResponse::Ok().json(LoginView::from(signed_in)))
}

/// Get a challenge for linking a wallet
///
/// The signature can only link the wallet, and only in this session. The session must be authenticated within the last 5
/// minutes.
#[utoipa::path(tag = "users", operation_id = "get_wallet_challenge", security(("user_token" = [])),
    request_body = ChallengeRequest, responses(
    (status = 200, description = "The message to sign", body = ChallengeView)))]
#[post("/users/me/wallets/challenge")]
pub(crate) async fn get_wallet_challenge(
    Authenticated(actor): Authenticated,
    Body(ChallengeRequest { account }): Body<ChallengeRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let challenge = identity.challenge_own_wallet(&actor, identity.supported_chains().accept(account)?).await?;
    Ok(HttpResponse::Ok().json(ChallengeView::from(challenge)))
}

/// List current user's wallets
///
/// The wallets are in the order of linking. Their number is bounded by a quota (50 by default), so there is only one
/// page.
#[utoipa::path(tag = "users", operation_id = "list_wallets", security(("user_token" = [])), responses(
    (status = 200, description = "The wallets", body = Vec<WalletView>)))]
#[get("/users/me/wallets")]
pub(crate) async fn list_wallets(
    Authenticated(actor): Authenticated,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let user = identity.view_profile(&actor).await?;
    let wallets: Vec<WalletView> = user.wallets.into_iter().map(WalletView::from).collect();
    Ok(HttpResponse::Ok().json(wallets))
}

/// Link a wallet to the current user
///
/// The session must be authenticated within the last 5 minutes. Every complete request of a user consumes its nonce, even if
/// it fails.
#[utoipa::path(tag = "users", operation_id = "link_wallet", security(("user_token" = [])),
    request_body = WalletProofRequest, responses(
    (status = 201, description = "The wallet", body = WalletView),
    (status = 401, description = "The credential is missing or not valid, or the nonce or the signature is not valid"),
    (status = 409, description = "The wallet is already linked, or the quota of wallets is reached"),
    (status = 429, description = "The limit `contract-wallet` of the network or of the wallet is reached")))]
#[post("/users/me/wallets")]
pub(crate) async fn link_wallet(
    Authenticated(actor): Authenticated,
    ResourceBody(body, _): ResourceBody<WalletProofRequest, WalletView>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let wallet = identity.link_wallet(&actor, LinkWallet { proof: body.into() }).await?;
    Ok(HttpResponse::Created().json(WalletView::from(wallet)))
}

/// Unlink a wallet from the current user
///
/// The session must be authenticated within the last 5 minutes. Sessions that were started with the wallet continue.
#[utoipa::path(tag = "users", operation_id = "unlink_wallet", security(("user_token" = [])), responses(
    (status = 204, description = "The wallet is unlinked"),
    (status = 404, description = "The user has no such wallet"),
    (status = 409, description = "The wallet is the last sign-in method")))]
#[delete("/users/me/wallets/{address}")]
pub(crate) async fn unlink_wallet(
    Authenticated(actor): Authenticated,
    PathAddress(address): PathAddress,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let address = address.ok_or(Code::WalletNotFound)?;
    identity.unlink_wallet(&actor, &address).await?;
    Ok(HttpResponse::NoContent().finish())
}
