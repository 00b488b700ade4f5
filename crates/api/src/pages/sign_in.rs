//! The page on which the user signs in with a wallet.

use actix_web::{
    HttpResponse, get,
    http::{StatusCode, header::SET_COOKIE},
    web::Data,
};
use askama::Template;
use tessera_identity::Identity;
use tessera_kernel::StoreError;
use tessera_sso::{
    SingleSignOn, SsoView, ViewSsoError,
    model::{OneTimeSecret, SsoSessionId, destination},
};

use crate::{
    extract::{cookies, pairs, single_value},
    pages::{
        frame::Frame,
        layout::{Policy, answer},
        request::PageRequest,
    },
    problem::Problem,
    public_url::API_BASE,
};

/// The page is under the path of the requests that it sends: see `cookie_path`.
pub(crate) const PATH: &str = "/api/v1/sso/web3/sign-in";

/// The initial state of the page. Afterwards the script changes it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scene {
    Choose,
    Used,
    Over,
}

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage<'a> {
    frame: Frame<'a>,
    api: &'a str,
    /// The path of the operation that accepts a second factor.
    mfa: &'a str,
    scene: Scene,
    session: &'a str,
    /// The ids of the accepted chains, separated by spaces.
    chains: &'a str,
    application: &'a str,
    /// Host and port of the redirect URI, or its private-use scheme. The rest would not help a user to judge it.
    destination: &'a str,
    /// The origin of the application, where the user can start again.
    home: &'a str,
}

#[get("/api/v1/sso/web3/sign-in")]
pub(crate) async fn sign_in_page(
    page: PageRequest,
    sso: Data<SingleSignOn>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let (http, url) = (&page.http, page.url());
    let id = session_id(http.query_string());
    let secret = id.and_then(|id| cookies::secret(url, http.headers(), id));
    let held = id.filter(|_| secret.is_some());
    let view = match find(&sso, id, secret).await {
        Ok(view) => view,
        Err(error) => return page.explain(Err(error.into())),
    };
    let scene = match &view {
        None => Scene::Over,
        Some(view) if view.expired => Scene::Over,
        Some(view) if view.used => Scene::Used,
        Some(_) => Scene::Choose,
    };
    let session = id.map(|id| id.to_string()).unwrap_or_default();
    let chains: Vec<String> =
        identity.supported_chains().iter().filter_map(|chain| Some(chain.id()?.to_string())).collect();
    let content = SignInPage {
        frame: page.frame(),
        api: &format!("{}{API_BASE}/sso/web3", url.path()),
        mfa: &format!("{}{API_BASE}/auth/mfa/verify", url.path()),
        scene,
        session: &session,
        chains: &chains.join(" "),
        application: view.as_ref().map_or("", |view| &view.application),
        destination: view.as_ref().map_or("", |view| destination(&view.redirect_uri)),
        home: view.as_ref().map_or("", |view| home(&view.redirect_uri)),
    };
    let status = if scene == Scene::Over { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let mut response = answer(Policy::Script, status, &content)?;
    if let Some(id) = held.filter(|_| scene != Scene::Choose) {
        response.headers_mut().append(SET_COOKIE, cookies::removed_cookie(url, id)?);
    }
    Ok(response)
}

/// Returns the sign-in, or `None` if this browser has no such sign-in.
async fn find(
    sso: &SingleSignOn,
    id: Option<SsoSessionId>,
    secret: Option<OneTimeSecret>,
) -> Result<Option<SsoView>, StoreError> {
    let Some((id, secret)) = id.zip(secret) else { return Ok(None) };
    match sso.view(id, &secret).await {
        Ok(view) => Ok(Some(view)),
        Err(ViewSsoError::NotFound) => Ok(None),
        Err(ViewSsoError::Store(error)) => Err(error),
    }
}

fn session_id(query: &str) -> Option<SsoSessionId> {
    single_value(&pairs(query).ok()?, "session_id").ok()??.parse().ok()
}

/// Returns scheme, host and port of a URI. Empty for a private-use scheme, which has no page to go to.
fn home(uri: &str) -> &str {
    let Some(scheme) = uri.find(':').filter(|end| uri[*end..].starts_with("://")) else { return "" };
    &uri[..scheme + "://".len() + destination(uri).len()]
}
