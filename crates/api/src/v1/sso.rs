//! Single sign-on to applications with a wallet.

pub(crate) mod flow;
mod public_host;
mod redirect;

use std::fmt::Display;

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{LOCATION, SET_COOKIE},
    web::Data,
};
use tessera_kernel::{ApplicationId, NodeLimits, limit};
use tessera_sso::{
    SingleSignOn,
    model::{CodeChallenge, OpaqueState, SsoRequest},
};
use utoipa::IntoParams;

use crate::{
    extract::{Anonymous, cookies, fetch_metadata, pairs},
    pages::{refusal, sign_in},
    problem::{Code, Problem},
    public_url::PublicUrl,
    state::AppState,
    v1::network_limit::admit_network,
};

/// Describes the query parameters in the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described; the handler reads the query itself")]
struct InitiateParameters {
    /// The id of the application.
    #[param(format = Uuid)]
    app_id: String,
    /// The redirect URI. It must equal a registered URI of the application, character for character. Only the port of a
    /// loopback address may differ (RFC 8252). At most 2048 bytes.
    #[param(format = "uri", max_length = 2048)]
    redirect_uri: String,
    /// Returned to the application unchanged. 1 to 1024 characters of printable ASCII.
    #[param(min_length = 1, max_length = 1024)]
    state: String,
    /// SHA-256 of the code verifier, in base64url (RFC 7636).
    #[param(pattern = "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")]
    code_challenge: String,
    /// The method of the code challenge. Only `S256` is accepted.
    #[param(pattern = "^S256$")]
    code_challenge_method: String,
    /// Copied into the token. 1 to 1024 characters of printable ASCII. Optional.
    #[param(min_length = 1, max_length = 1024, nullable = false)]
    nonce: Option<String>,
    /// The response type (RFC 6749). Only `code` is accepted, which is the default.
    #[param(pattern = "^code$", nullable = false)]
    response_type: Option<String>,
}

/// Initiate Web3 SSO Flow
///
/// For browsers: redirects to the sign-in page. A request to another host than that of the public URL is redirected
/// once to the same operation at the public URL, because only there the browser sends the cookie to the sign-in page.
/// This happens before the parameters are checked. At the public URL, an invalid request never causes a redirect: a
/// browser gets an error page, other clients get a problem. HEAD is not accepted, because the request starts a sign-in.
/// All parameters together have at most 4,096 bytes.
#[utoipa::path(tag = "sso", operation_id = "initiate_web3_sso", extensions(("x-safe" = json!(false))),
    summary = "Initiate Web3 SSO Flow (IdP Start)", params(InitiateParameters), responses(
    (status = 302, description = "The sign-in page, or this operation at the public URL",
        headers(("Location" = String, description = "The page"),
            ("Set-Cookie" = String, description = "Binds the sign-in to this browser; only with the sign-in page"))),
    (status = 400, description = "A parameter is missing or invalid, the application is unknown, or the redirect URI \
        is not registered"),
    (status = 429, description = "The limit `challenge` of the network is reached")))]
#[get("/sso/web3/initiate")]
pub(crate) async fn initiate_web3_sso(
    Anonymous(origin): Anonymous,
    request: HttpRequest,
    sso: Data<SingleSignOn>,
    limits: Data<dyn NodeLimits>,
    url: Data<PublicUrl>,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    if let Some(location) = public_host::redirect(&url, &request) {
        return Ok(HttpResponse::Found().insert_header((LOCATION, location)).finish());
    }
    let admitted = admit_network(&**limits, limit::CHALLENGE, &origin).map_err(Problem::from);
    let begun = match admitted.and_then(|()| read(request.query_string())) {
        Ok(wanted) => sso.begin(wanted, origin.network()).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    match begun {
        Ok(begun) => {
            let page = url.join(&format!("{}?session_id={}", sign_in::PATH, begun.session.id));
            let mut answer = HttpResponse::Found();
            answer.insert_header((LOCATION, page)).insert_header((SET_COOKIE, cookies::set_cookie(&url, &begun)?));
            for id in cookies::surplus(&url, request.headers()) {
                answer.append_header((SET_COOKIE, cookies::removed_cookie(&url, id)?));
            }
            Ok(answer.finish())
        }
        Err(problem) if fetch_metadata::wants_page(request.headers()) => {
            refusal::refusal_page(state.frame(), &problem, &origin)
        }
        Err(problem) => Err(problem),
    }
}

/// The maximum size of the names and values of all parameters together, in bytes after decoding.
const MAX_QUERY_BYTES: usize = 4096;

/// The maximum length of a redirect URI in bytes. The same limit applies to the redirect URIs of applications.
const MAX_REDIRECT_URI_BYTES: usize = 2048;

/// Parses the request of an application. The values are not yet checked against the application. Every error is
/// reported with the name of its parameter.
fn read(query: &str) -> Result<SsoRequest, Problem> {
    let pairs = pairs(query)?;
    let mut query = QueryErrors { pairs: &pairs, found: Vec::new() };
    let sent = pairs.iter().filter(|(name, _)| name != public_host::MARK);
    if sent.map(|(name, value)| name.len() + value.len()).sum::<usize>() > MAX_QUERY_BYTES {
        query.found.push(format!("the query parameters must have at most {MAX_QUERY_BYTES} bytes together"));
    }
    let application = query.required("app_id", str::parse::<ApplicationId>);
    let redirect_uri = query.required("redirect_uri", redirect_uri);
    let state = query.required("state", str::parse::<OpaqueState>);
    let nonce = query.optional("nonce", str::parse::<OpaqueState>);
    let code_challenge = query.required("code_challenge", str::parse::<CodeChallenge>);
    // Only S256 protects the code. If the method is absent, the challenge is `plain` (RFC 7636 section 4.3), so the
    // parameter is required.
    query.required("code_challenge_method", |method| if method == "S256" { Ok(()) } else { Err("must be S256") });
    query.optional("response_type", |kind| if kind == "code" { Ok(()) } else { Err("must be code") });
    match (application, redirect_uri, state, code_challenge) {
        (Some(application), Some(redirect_uri), Some(state), Some(code_challenge)) if query.found.is_empty() => {
            Ok(SsoRequest { application, redirect_uri, state, nonce, code_challenge })
        }
        _ => Err(Problem::new(Code::InvalidQuery).detail(query.found.join("; "))),
    }
}

fn redirect_uri(text: &str) -> Result<String, String> {
    if text.len() <= MAX_REDIRECT_URI_BYTES {
        Ok(text.to_owned())
    } else {
        Err(format!("must have at most {MAX_REDIRECT_URI_BYTES} bytes"))
    }
}

/// The query parameters and their errors.
struct QueryErrors<'a> {
    pairs: &'a [(String, String)],
    found: Vec<String>,
}

impl<'a> QueryErrors<'a> {
    fn required<T, E: Display>(&mut self, name: &str, read: impl FnOnce(&'a str) -> Result<T, E>) -> Option<T> {
        let known = self.found.len();
        let value = self.optional(name, read);
        if value.is_none() && self.found.len() == known {
            self.found.push(format!("the query parameter {name} is required"));
        }
        value
    }

    fn optional<T, E: Display>(&mut self, name: &str, read: impl FnOnce(&'a str) -> Result<T, E>) -> Option<T> {
        let mut values = self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let read = match (values.next(), values.next()) {
            (None, _) => return None,
            (Some(value), None) => read(value).map_err(|fault| fault.to_string()),
            // A repeated parameter is ambiguous.
            (Some(_), Some(_)) => Err("is a duplicate; send it once".to_owned()),
        };
        read.map_err(|fault| self.found.push(format!("the query parameter {name} {fault}"))).ok()
    }
}
