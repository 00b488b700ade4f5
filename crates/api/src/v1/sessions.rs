//! The sessions of a user.

use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, delete, get, web::Data};
use serde::Serialize;
use tessera_identity::{Identity, OwnSessions, model::Session};
use tessera_kernel::SessionId;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    extract::{Authenticated, Kind, List, PageParameters, PageQuery, PathId, pairs, single_value},
    problem::{Code, Problem},
    public_url::PublicUrl,
    v1::{enums::MethodName, timestamp::Timestamp},
};

/// A session. Its id is not a credential.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionView {
    /// The id of the session.
    id: Uuid,
    /// Whether the session belongs to the token of this request.
    current: bool,
    /// When the user signed in.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The sign-in, or the last request with a token of the session. Accurate to one minute.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    /// When the session expires. A refresh extends it.
    #[schema(value_type = String, format = DateTime, example = "2026-12-02T09:30:00Z")]
    expires_at: Timestamp,
    /// The `device_name` of the sign-in, else `device`.
    #[schema(example = "Work laptop")]
    name: String,
    /// The browser and the operating system.
    #[schema(example = "Firefox on Linux")]
    device: String,
    /// The client address of the sign-in or of the last refresh.
    #[schema(required = true, value_type = Option<String>, example = "192.0.2.7")]
    address: Option<IpAddr>,
    /// The methods of the sign-in, and of each reauthentication since.
    methods: Vec<MethodName>,
    /// Whether a passkey, or two other methods, have authenticated the user.
    mfa: bool,
    /// When the user last proved who they are: the sign-in, or a reauthentication.
    #[schema(value_type = String, format = DateTime)]
    authenticated_at: Timestamp,
}

impl SessionView {
    fn of(session: &Session, current: SessionId) -> Self {
        Self {
            id: session.id.as_uuid(),
            current: session.id == current,
            created_at: session.created_at.into(),
            last_used_at: session.last_used_at.into(),
            expires_at: session.expires_at.into(),
            name: session.shown_name().to_owned(),
            device: session.device.to_string(),
            address: session.address,
            methods: session.methods.iter().map(MethodName::from).collect(),
            mfa: session.methods.is_mfa(),
            authenticated_at: session.authenticated_at.into(),
        }
    }
}

/// List current user's sessions
///
/// The list contains the live sessions in the order of their creation.
#[utoipa::path(tag = "users", operation_id = "list_sessions", security(("user_token" = [])), params(PageParameters),
    responses((status = 200, description = "The sessions", body = [SessionView])))]
#[get("/users/me/sessions")]
pub(crate) async fn list_sessions(
    Authenticated(actor): Authenticated,
    query: PageQuery,
    identity: Data<Identity>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let list = List::of_caller(Kind::Sessions, &actor, "/users/me/sessions");
    let OwnSessions { page, current } = identity.list_sessions(&actor, query.of(&list)?).await?;
    Ok(query.respond(&list, &page.map(|session| SessionView::of(&session, current)), &url))
}

/// The query parameter that spares a session.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described; the handler reads the query")]
struct EndSessionsParameters {
    /// With `current`, the session of the token in this request continues.
    #[param(pattern = "^current$", example = "current")]
    keep: Option<String>,
}

/// End all sessions of the current user
///
/// This includes the session of the token in this request, unless `keep` is `current`.
#[utoipa::path(tag = "users", operation_id = "end_all_sessions", security(("user_token" = [])),
    params(EndSessionsParameters), responses(
    (status = 204, description = "The sessions have ended")))]
#[delete("/users/me/sessions")]
pub(crate) async fn end_all_sessions(
    Authenticated(actor): Authenticated,
    request: HttpRequest,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    match single_value(&pairs(request.query_string())?, "keep")? {
        None => identity.sign_out_everywhere(&actor).await?,
        Some("current") => identity.end_other_sessions(&actor).await?,
        Some(_) => {
            return Err(Problem::new(Code::InvalidQuery).detail("the query parameter keep must be current"));
        }
    }
    Ok(HttpResponse::NoContent().finish())
}

/// End a session of the current user
///
/// The tokens of the session are rejected from the response on, by other nodes within a second.
#[utoipa::path(tag = "users", operation_id = "end_session", security(("user_token" = [])), responses(
    (status = 204, description = "The session has ended"),
    (status = 404, description = "The user has no live session with this id")))]
#[delete("/users/me/sessions/{sessionId}")]
pub(crate) async fn end_session(
    Authenticated(actor): Authenticated,
    PathId(id): PathId<SessionId>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    identity.end_session(&actor, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
