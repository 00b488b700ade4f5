//! The sessions of a user.

use actix_web::{HttpResponse, delete, get, web::Data};
use serde::Serialize;
use tessera_identity::{Identity, OwnSessions, model::Session};
use tessera_kernel::SessionId;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    extract::{Authenticated, Kind, List, PageParameters, PageQuery, PathId},
    problem::Problem,
    public_url::PublicUrl,
    v1::timestamp::Timestamp,
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
    /// When the session and its token expire.
    #[schema(value_type = String, format = DateTime, example = "2026-12-02T09:30:00Z")]
    expires_at: Timestamp,
}

impl SessionView {
    fn of(session: &Session, current: SessionId) -> Self {
        Self {
            id: session.id.as_uuid(),
            current: session.id == current,
            created_at: session.created_at.into(),
            last_used_at: session.last_used_at.into(),
            expires_at: session.expires_at.into(),
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

/// End all sessions of the current user
///
/// This includes the session of the token in this request.
#[utoipa::path(tag = "users", operation_id = "end_all_sessions", security(("user_token" = [])), responses(
    (status = 204, description = "All sessions have ended")))]
#[delete("/users/me/sessions")]
pub(crate) async fn end_all_sessions(
    Authenticated(actor): Authenticated,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    identity.sign_out_everywhere(&actor).await?;
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
