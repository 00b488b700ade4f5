//! Challenge, verification and code redemption of a sign-in.

use actix_web::{HttpRequest, HttpResponse, http::header::SET_COOKIE, post, web::Data};
use serde::Serialize;
use serde_json::Value;
use tessera_kernel::{Chain, NodeLimits, Secret, WalletAccount};
use tessera_sso::{
    ChallengeSso, RedeemSsoCode, SingleSignOn, SsoQuestion, SsoToken, VerifiedSso, VerifySso, model::SsoSessionId,
};
use utoipa::ToSchema;

use crate::{
    extract::{Anonymous, Body, FieldResult, Fields, Request, UserAgent, ValueError, cookies, fetch_metadata, text},
    openapi::schema,
    problem::{FieldErrorCode, Problem},
    public_url::PublicUrl,
    v1::{challenge_limit::admit_challenge, sso::redirect, timestamp::Timestamp},
};

/// The sign-in and the wallet for which a challenge is requested.
#[derive(ToSchema)]
#[schema(as = SsoChallengeRequest)]
#[expect(dead_code, reason = "the fields are for the document; the account holds two of them")]
struct ChallengeFields {
    #[schema(schema_with = schema::sso_session_id)]
    session_id: String,
    #[schema(schema_with = schema::wallet_address)]
    wallet_address: String,
    #[schema(schema_with = schema::evm_chain_id)]
    chain_id: u64,
}

struct ChallengeRequest {
    session: SsoSessionId,
    account: WalletAccount,
}

impl Request for ChallengeRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let session = fields.required("session_id", text);
        let chain = fields.required("chain_id", chain);
        let account = fields.required("wallet_address", |value| {
            let address: String = text(value)?;
            // All these chains have the same address format, so the address can be parsed even if the chain is invalid.
            let account = WalletAccount::parse(chain.unwrap_or(Chain::Ethereum), &address);
            account.map_err(|error| ValueError::of(&error).into())
        });
        Some(Self { session: session?, account: chain.and(account)? })
    }
}

fn chain(value: &Value) -> FieldResult<Chain> {
    let Some(id) = value.as_u64() else {
        return Err(ValueError::new(FieldErrorCode::InvalidType, "must be a whole number").into());
    };
    let known = Chain::ALL.into_iter().find(|chain| chain.id() == Some(id));
    known.ok_or_else(|| ValueError::new(FieldErrorCode::UnknownValue, "must be one of 1, 137, 42161, 10, 8453").into())
}

/// The challenge for the wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = SsoChallenge)]
struct ChallengeView {
    /// An ERC-4361 message, which the wallet signs byte for byte.
    message: String,
    #[schema(pattern = "^[0-9A-Za-z]{22}$")]
    nonce: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl From<SsoQuestion> for ChallengeView {
    fn from(question: SsoQuestion) -> Self {
        let SsoQuestion { message, nonce, expires_at } = question;
        Self { message, nonce, expires_at: expires_at.into() }
    }
}

/// Request Challenge for Web3 SSO (EVM Only)
///
/// For the sign-in page: the request must carry the cookie of the sign-in. A new challenge replaces the previous one.
#[utoipa::path(tag = "sso", operation_id = "request_web3_sso_challenge", request_body = ChallengeFields, responses(
    (status = 200, description = "The message to sign", body = ChallengeView),
    (status = 403, description = "The request came from a page of another site"),
    (status = 404, description = "The sign-in is unknown, expired, completed, or was started in another browser"),
    (status = 429, description = "The limit `challenge` of the network is reached")))]
#[post("/sso/web3/challenge")]
pub(crate) async fn request_web3_sso_challenge(
    Anonymous(origin): Anonymous,
    request: HttpRequest,
    Body(body): Body<ChallengeRequest>,
    sso: Data<SingleSignOn>,
    limits: Data<dyn NodeLimits>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    fetch_metadata::same_origin(&url, request.headers())?;
    admit_challenge(&**limits, &origin)?;
    let browser = cookies::secret(&url, request.headers(), body.session);
    let command = ChallengeSso { session: body.session, browser, account: body.account };
    Ok(HttpResponse::Ok().json(ChallengeView::from(sso.challenge(command).await?)))
}

/// The signed challenge.
#[derive(ToSchema)]
#[schema(as = SsoVerifyRequest)]
#[expect(dead_code, reason = "the fields are for the document")]
struct VerifyFields {
    #[schema(schema_with = schema::sso_session_id)]
    session_id: String,
    /// The message of the challenge, unchanged.
    #[schema(schema_with = schema::any_text)]
    message: String,
    #[schema(schema_with = schema::wallet_signature)]
    signature: String,
}

struct VerifyRequest {
    session: SsoSessionId,
    message: String,
    signature: String,
}

impl Request for VerifyRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let session = fields.required("session_id", text);
        let message = fields.required("message", text);
        let signature = fields.required("signature", text);
        Some(Self { session: session?, message: message?, signature: signature? })
    }
}

/// A completed sign-in.
#[derive(Serialize, ToSchema)]
#[schema(as = SsoSignIn)]
struct VerifiedView {
    /// A token (RS256) for the application only.
    token: String,
    #[schema(pattern = "^Bearer$", example = "Bearer")]
    token_type: &'static str,
    /// The lifetime of the token in seconds.
    expires_in: i64,
    /// The authorization code. The back end of the application redeems it once within 60 seconds.
    code: String,
    /// The URL to which the browser returns: the redirect URI with `code`, `state` and `iss` (RFC 9207).
    redirect_uri: String,
    state: String,
}

impl VerifiedView {
    fn new(verified: &VerifiedSso, url: &PublicUrl) -> Self {
        let (code, state) = (verified.code.expose(), verified.state.as_str());
        let parameters = [("code", code), ("state", state), ("iss", url.as_str())];
        Self {
            token: verified.token.expose().clone(),
            token_type: "Bearer",
            expires_in: verified.life.whole_seconds(),
            code: code.to_owned(),
            redirect_uri: redirect::with_query(&verified.redirect_uri, &parameters),
            state: state.to_owned(),
        }
    }
}

/// Verify SIWE Signature & Issue Token (EVM Only)
///
/// For the sign-in page: the request must carry the cookie of the sign-in. A sign-in can be completed only once.
#[utoipa::path(tag = "sso", operation_id = "verify_web3_sso", request_body = VerifyFields, responses(
    (status = 200, description = "The token, the authorization code and the redirect URI", body = VerifiedView,
        headers(("Set-Cookie" = String, description = "Removes the cookie of the sign-in"))),
    (status = 401, description = "The wallet has not signed the message for this browser"),
    (status = 403, description = "The request came from a page of another site"),
    (status = 409, description = "The sign-in was already used"),
    (status = 429, description = "The limit `contract-wallet` of the network or of the wallet is reached")))]
#[post("/sso/web3/verify")]
pub(crate) async fn verify_web3_sso(
    Anonymous(origin): Anonymous,
    UserAgent(user_agent): UserAgent,
    request: HttpRequest,
    Body(VerifyRequest { session, message, signature }): Body<VerifyRequest>,
    sso: Data<SingleSignOn>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    // Check this first: a request that another site made the browser send must not consume the challenge.
    fetch_metadata::same_origin(&url, request.headers())?;
    let browser = cookies::secret(&url, request.headers(), session);
    let verified = sso.verify(VerifySso { session, browser, message, signature, user_agent, origin }).await?;
    let ended = cookies::removed_cookie(&url, session)?;
    Ok(HttpResponse::Ok().insert_header((SET_COOKIE, ended)).json(VerifiedView::new(&verified, &url)))
}

/// The authorization code to redeem.
#[derive(ToSchema)]
#[schema(as = SsoTokenRequest)]
struct TokenRequest {
    /// The code from the redirect. A text that is not a code is rejected like an unknown code.
    #[schema(schema_with = schema::any_text)]
    code: String,
    /// The redirect URI of the sign-in request.
    #[schema(schema_with = schema::any_text)]
    redirect_uri: String,
    #[schema(schema_with = schema::code_verifier)]
    code_verifier: String,
}

impl Request for TokenRequest {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let code = fields.required("code", text);
        let redirect_uri = fields.required("redirect_uri", text);
        let code_verifier = fields.required("code_verifier", text);
        Some(Self { code: code?, redirect_uri: redirect_uri?, code_verifier: code_verifier? })
    }
}

/// The token for the application.
#[derive(Serialize, ToSchema)]
#[schema(as = SsoToken)]
struct TokenView {
    token: String,
    #[schema(pattern = "^Bearer$", example = "Bearer")]
    token_type: &'static str,
    /// The lifetime of the token in seconds.
    expires_in: i64,
}

impl From<SsoToken> for TokenView {
    fn from(issued: SsoToken) -> Self {
        let (token, expires_in) = (issued.token.expose().clone(), issued.life.whole_seconds());
        Self { token, token_type: "Bearer", expires_in }
    }
}

/// Redeem a code of a sign-in
///
/// For the back end of an application. The code is valid once, within 60 seconds, and only with the code verifier whose
/// SHA-256 was sent as `code_challenge`. Every complete request consumes its code, even if it fails.
#[utoipa::path(tag = "sso", operation_id = "redeem_sso_code", request_body = TokenRequest, responses(
    (status = 200, description = "The token", body = TokenView)))]
#[post("/sso/token")]
pub(crate) async fn redeem_sso_code(
    Anonymous(origin): Anonymous,
    Body(TokenRequest { code, redirect_uri, code_verifier }): Body<TokenRequest>,
    sso: Data<SingleSignOn>,
) -> Result<HttpResponse, Problem> {
    let verifier = Secret::new(code_verifier);
    let token = sso.redeem(RedeemSsoCode { code, redirect_uri, verifier, origin }).await?;
    Ok(HttpResponse::Ok().json(TokenView::from(token)))
}
