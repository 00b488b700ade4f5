//! Challenge, verification and code redemption of a sign-in.

use actix_web::{HttpRequest, HttpResponse, http::header::SET_COOKIE, post, web::Data};
use serde::Serialize;
use tessera_identity::Identity;
use tessera_kernel::{Chain, NodeLimits, Secret, WalletAccount, limit};
use tessera_sso::{
    ChallengeSso, RedeemSsoCode, SingleSignOn, SsoQuestion, SsoToken, VerifiedSso, VerifySso, model::SsoSessionId,
};
use utoipa::{ToSchema, openapi::ObjectBuilder};

use crate::{
    extract::{
        About, Anonymous, Body, Fields, RequestField, RequestValue, UserAgent, cookies, fetch_metadata, request,
    },
    openapi::schema,
    problem::Problem,
    public_url::PublicUrl,
    v1::{
        network_limit::admit_network,
        sso::redirect,
        timestamp::Timestamp,
        values::{EvmChain, EvmSignatureText, VerifierText},
    },
};

request! {
    /// The sign-in and the wallet for which a challenge is requested.
    struct SsoChallengeRequest {
        session_id: SsoSessionId,
        account: EvmAccount,
    }
}

struct EvmAccount(WalletAccount);

impl RequestField for EvmAccount {
    fn read(fields: &mut Fields<'_>, _: &str) -> Option<Self> {
        let chain = fields.required("chain_id").map(|EvmChain(chain)| chain);
        let address: String = fields.required("wallet_address")?;
        // All these chains have the same address format, so the address can be parsed even if the chain is invalid.
        let account = WalletAccount::parse(chain.unwrap_or(Chain::Ethereum), &address);
        let account = account.map_err(|error| fields.invalid("wallet_address", &error)).ok();
        chain.and(account).map(Self)
    }

    fn describe(body: ObjectBuilder, _: &str, _: &About<'_>) -> ObjectBuilder {
        let body = body.property("wallet_address", schema::evm_address()).required("wallet_address");
        body.property("chain_id", EvmChain::schema()).required("chain_id")
    }
}

/// The challenge for the wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = SsoChallenge)]
struct ChallengeView {
    /// An ERC-4361 message, which the wallet signs byte for byte.
    #[schema(example = json!(schema::MESSAGE))]
    message: String,
    /// The nonce in the message.
    #[schema(pattern = "^[0-9A-Za-z]{22}$", example = "5mzTrGqJ8wYbNc2LxP7VdK")]
    nonce: String,
    /// When the challenge expires: five minutes after its creation, or when the sign-in expires, whichever is earlier.
    #[schema(value_type = String, format = DateTime, example = "2026-12-01T09:35:00Z")]
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
#[utoipa::path(tag = "sso", operation_id = "request_web3_sso_challenge", request_body = SsoChallengeRequest, responses(
    (status = 200, description = "The message to sign", body = ChallengeView),
    (status = 403, description = "The request came from a page of another site"),
    (status = 404, description = "The sign-in is unknown, expired, completed, or was started in another browser, or the \
        application has removed its redirect URI"),
    (status = 429, description = "The limit `challenge` of the network is reached")))]
#[post("/sso/web3/challenge")]
pub(crate) async fn request_web3_sso_challenge(
    Anonymous(origin): Anonymous,
    request: HttpRequest,
    Body(SsoChallengeRequest { session_id: session, account }): Body<SsoChallengeRequest>,
    sso: Data<SingleSignOn>,
    identity: Data<Identity>,
    limits: Data<dyn NodeLimits>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    fetch_metadata::same_origin(&url, request.headers())?;
    admit_network(&**limits, limit::CHALLENGE, &origin)?;
    let wallet = identity.supported_chains().accept(account.0);
    let wallet = wallet.map_err(|error| Problem::unsupported_chain_id(&error))?;
    let browser = cookies::secret(&url, request.headers(), session);
    let command = ChallengeSso { session, browser, wallet };
    Ok(HttpResponse::Ok().json(ChallengeView::from(sso.challenge(command).await?)))
}

request! {
    /// The signed challenge.
    struct SsoVerifyRequest {
        session_id: SsoSessionId,
        /// The message of the challenge, unchanged.
        message: String = schema::MESSAGE,
        signature: EvmSignatureText,
    }
}

/// A completed sign-in.
#[derive(Serialize, ToSchema)]
#[schema(as = SsoSignIn)]
pub(crate) struct VerifiedView {
    /// A token (RS256) for the application only.
    #[schema(example = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMTk4YzJmMCJ9.c2lnbmF0dXJl")]
    token: String,
    /// How the token is sent: `Authorization: Bearer <token>`.
    #[schema(pattern = "^Bearer$", example = "Bearer")]
    token_type: &'static str,
    /// The lifetime of the token in seconds.
    #[schema(example = 300)]
    expires_in: i64,
    /// The authorization code. The back end of the application redeems it once within 60 seconds.
    #[schema(example = "q3yWn0oHk7Rz2TfVbXc5LdPs8MjGa1Ue4NiQw6KxYh9")]
    code: String,
    /// The URL to which the browser returns: the redirect URI with `code`, `state` and `iss` (RFC 9207).
    #[schema(
        example = "https://tide-pools.example.com/callback?code=q3yW&state=af0ifjsldkj&iss=https%3A%2F%2Faccounts.example.com"
    )]
    redirect_uri: String,
    /// The `state` of the sign-in request, unchanged.
    #[schema(example = "af0ifjsldkj")]
    state: String,
}

impl VerifiedView {
    pub(crate) fn new(verified: &VerifiedSso, url: &PublicUrl) -> Self {
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
#[utoipa::path(tag = "sso", operation_id = "verify_web3_sso", request_body = SsoVerifyRequest, responses(
    (status = 200, description = "The token, the authorization code and the redirect URI", body = VerifiedView,
        headers(("Set-Cookie" = String, description = "Removes the cookie of the sign-in"))),
    (status = 401, description = "The wallet has not signed the message for this browser"),
    (status = 403, description = "The request came from a page of another site, the account has a second factor \
        (`mfa_required`), or no account has the wallet and registration is closed (`registration_closed`)"),
    (status = 409, description = "The sign-in was already used"),
    (status = 429, description = "The limit `contract-wallet` of the network or of the wallet is reached")))]
#[post("/sso/web3/verify")]
pub(crate) async fn verify_web3_sso(
    Anonymous(origin): Anonymous,
    UserAgent(user_agent): UserAgent,
    request: HttpRequest,
    Body(SsoVerifyRequest { session_id: session, message, signature }): Body<SsoVerifyRequest>,
    sso: Data<SingleSignOn>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    // Check this first: a request that another site made the browser send must not consume the challenge.
    fetch_metadata::same_origin(&url, request.headers())?;
    let browser = cookies::secret(&url, request.headers(), session);
    let verified =
        sso.verify(VerifySso { session, browser, message, signature: signature.0, user_agent, origin }).await?;
    let ended = cookies::removed_cookie(&url, session)?;
    Ok(HttpResponse::Ok().insert_header((SET_COOKIE, ended)).json(VerifiedView::new(&verified, &url)))
}

request! {
    /// The authorization code to redeem.
    struct SsoTokenRequest {
        /// The code from the redirect. A text that is not a code is rejected like an unknown code.
        code: String = "q3yWn0oHk7Rz2TfVbXc5LdPs8MjGa1Ue4NiQw6KxYh9",
        /// The redirect URI of the sign-in request.
        redirect_uri: String = schema::REDIRECT_URI,
        /// The code verifier whose SHA-256 was sent as `code_challenge` (RFC 7636). 43 to 128 characters.
        code_verifier: VerifierText,
    }
}

/// The token for the application.
#[derive(Serialize, ToSchema)]
#[schema(as = SsoToken)]
struct TokenView {
    /// A token (RS256) for the application only.
    #[schema(example = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIwMTk4YzJmMCJ9.c2lnbmF0dXJl")]
    token: String,
    /// How the token is sent: `Authorization: Bearer <token>`.
    #[schema(pattern = "^Bearer$", example = "Bearer")]
    token_type: &'static str,
    /// The lifetime of the token in seconds.
    #[schema(example = 300)]
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
#[utoipa::path(tag = "sso", operation_id = "redeem_sso_code", request_body = SsoTokenRequest, responses(
    (status = 200, description = "The token", body = TokenView),
    (status = 400, description = "The body is invalid, or the code is not valid with this redirect URI and code \
        verifier (`invalid_grant`)")))]
#[post("/sso/token")]
pub(crate) async fn redeem_sso_code(
    Anonymous(origin): Anonymous,
    Body(SsoTokenRequest { code, redirect_uri, code_verifier }): Body<SsoTokenRequest>,
    sso: Data<SingleSignOn>,
) -> Result<HttpResponse, Problem> {
    let verifier = Secret::new(code_verifier.0);
    let token = sso.redeem(RedeemSsoCode { code, redirect_uri, verifier, origin }).await?;
    Ok(HttpResponse::Ok().json(TokenView::from(token)))
}
