//! Signing in to applications by a wallet.

mod flow;

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{LOCATION, SET_COOKIE},
    web::Data,
};
use tessera_identity::{
    SingleSignOn,
    model::{CodeChallenge, Echo, SsoRequest},
};
use tessera_kernel::ApplicationId;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    auth::Visitor,
    browser,
    page::{only, pairs},
    problem::{Code, Problem},
    services::PublicUrl,
    sign_on,
};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(initiate_web3_sso);
    config.service(flow::request_web3_sso_challenge).service(flow::verify_web3_sso).service(flow::redeem_sso_code);
}

/// How the document describes the query.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described; the handler reads the query itself")]
struct InitiateParameters {
    /// The application.
    #[param(format = Uuid)]
    app_id: String,
    /// Where to return to: one that the application has registered, character for character.
    #[param(format = "uri")]
    redirect_uri: String,
    /// Comes back unchanged: printable ASCII.
    #[param(min_length = 1, max_length = 1024)]
    state: String,
    /// SHA-256 of the code verifier, in base64url (RFC 7636).
    #[param(pattern = "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")]
    code_challenge: String,
    #[param(pattern = "^S256$")]
    code_challenge_method: String,
    /// Comes back inside the token: printable ASCII.
    #[param(min_length = 1, max_length = 1024, nullable = false)]
    nonce: Option<String>,
    #[param(pattern = "^code$", nullable = false)]
    response_type: Option<String>,
}

/// For browsers: leads to the sign-in page. Nothing that is wrong with the request leads anywhere else; a browser is told
/// so by a page, other clients by a problem. It begins a sign-in, so there is no HEAD of it.
#[utoipa::path(tag = "sso", operation_id = "initiate_web3_sso", extensions(("x-safe" = json!(false))),
    summary = "Initiate Web3 SSO Flow (IdP Start)", params(InitiateParameters), responses(
    (status = 302, description = "The sign-in page",
        headers(("Location" = String, description = "The page"),
            ("Set-Cookie" = String, description = "Binds the sign-in to this browser"))),
    (status = 400, description = "A parameter is missing or not valid, or the application does not know of it")))]
#[get("/sso/web3/initiate")]
async fn initiate_web3_sso(
    Visitor(origin): Visitor,
    request: HttpRequest,
    sso: Data<SingleSignOn>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let begun = match read(request.query_string()) {
        Ok(wanted) => sso.begin(wanted).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match begun {
        Ok(begun) => {
            let page = url.join(&format!("{}?session_id={}", sign_on::SIGN_IN, begun.session.id));
            let cookie = browser::set_cookie(&url, &begun);
            Ok(HttpResponse::Found().insert_header((LOCATION, page)).insert_header((SET_COOKIE, cookie)).finish())
        }
        Err(problem) if browser::wants_page(request.headers()) => sign_on::refusal(&url, &problem, &origin),
        Err(problem) => Err(problem),
    }
}

/// Reads what an application asks for. Nothing of it is believed yet.
fn read(query: &str) -> Result<SsoRequest, Problem> {
    let pairs = pairs(query)?;
    let optional = |name| only(&pairs, name);
    let required = |name| optional(name)?.ok_or_else(|| invalid(name, "must be there"));
    let application = required("app_id")?.parse::<ApplicationId>();
    // Anything but S256 protects nothing, and is what a challenge is without a method (RFC 7636 section 4.3).
    if required("code_challenge_method")? != "S256" {
        return Err(invalid("code_challenge_method", "must be S256"));
    }
    if optional("response_type")?.is_some_and(|kind| kind != "code") {
        return Err(invalid("response_type", "must be code"));
    }
    let echo = |name: &'static str, text: &str| text.parse::<Echo>().map_err(|error| invalid(name, error));
    let challenge = required("code_challenge")?.parse::<CodeChallenge>();
    Ok(SsoRequest {
        application: application.map_err(|error| invalid("app_id", error))?,
        redirect_uri: required("redirect_uri")?.to_owned(),
        state: echo("state", required("state")?)?,
        nonce: optional("nonce")?.map(|nonce| echo("nonce", nonce)).transpose()?,
        code_challenge: challenge.map_err(|error| invalid("code_challenge", error))?,
    })
}

fn invalid(name: &str, why: impl std::fmt::Display) -> Problem {
    Problem::new(Code::InvalidQuery).detail(format!("the query parameter {name} {why}"))
}
