//! The system data of users: data that organizations and their applications store about members.

use actix_web::{HttpResponse, get, patch, put, web::Data};
use serde::Serialize;
use serde_json::value::RawValue;
use tessera_kernel::{DocumentChange, DocumentWrite, OrganizationId, UserId, VersionedDocument};
use tessera_orgs::{Orgs, model::SystemDataEntry};
use utoipa::{IntoResponses, ToSchema};
use uuid::Uuid;

use crate::{
    extract::{
        Caller, ChangeConditions, IfChanged, IfUnchanged, Kind, List, PageParameters, PageQuery, PathId,
        ReadConditions, ResourceBody,
    },
    problem::Problem,
    public_url::{API_BASE, PublicUrl},
    v1::{
        documents::{MergeDataRequest, SetDataRequest, raw, respond, stored_data},
        timestamp::Timestamp,
    },
};

/// A user with stored system data.
#[derive(Serialize, ToSchema)]
#[schema(as = SystemDataEntry)]
struct SystemDataEntryView {
    /// The id of the user.
    user_id: Uuid,
    /// The version of the data.
    #[schema(minimum = 1, example = 1)]
    version: i64,
    /// When the data were last written.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<SystemDataEntry> for SystemDataEntryView {
    fn from(entry: SystemDataEntry) -> Self {
        Self { user_id: entry.user_id.as_uuid(), version: entry.version, updated_at: entry.updated_at.into() }
    }
}

/// The data that an organization stores about a user.
#[derive(Serialize, ToSchema)]
#[schema(as = SystemData)]
struct SystemDataView {
    /// The id of the organization.
    organization_id: Uuid,
    /// The id of the user.
    user_id: Uuid,
    #[schema(schema_with = stored_data)]
    data: Box<RawValue>,
    /// 1 after the first write. Each further write increments it by one.
    #[schema(minimum = 1, example = 1)]
    version: i64,
    /// When the data were first written.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the data were last written.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

fn present(id: OrganizationId, user: UserId, document: &VersionedDocument) -> Result<HttpResponse, Problem> {
    let view = SystemDataView {
        organization_id: id.as_uuid(),
        user_id: user.as_uuid(),
        data: raw(&document.data)?,
        version: document.version,
        created_at: document.created_at.into(),
        updated_at: document.updated_at.into(),
    };
    Ok(respond(document.version, view))
}

/// List users with custom system data
///
/// For administrators and owners, and for keys of the organization's applications with `system_data:read`.
/// Data and entry remain when the user leaves the organization.
#[utoipa::path(tag = "system-data", operation_id = "list_system_data",
    security(("user_token" = []), ("organization_key" = []), ("api_key" = [])), params(PageParameters), responses(
    (status = 200, description = "The users with system data, ordered by user id", body = [SystemDataEntryView]),
    (status = 404, description = "The organization does not exist, or the caller has no access to it")))]
#[get("/orgs/{orgId}/custom-system-data")]
pub(crate) async fn list_system_data(
    Caller(actor): Caller,
    PathId(id): PathId<OrganizationId>,
    query: PageQuery,
    orgs: Data<Orgs>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let path = format!("{API_BASE}/orgs/{id}/custom-system-data");
    let list = List { kind: Kind::SystemData, owner: id.as_uuid(), path };
    let page = orgs.list_system_data(&actor, id, query.of(&list)?).await?;
    Ok(query.respond(&list, &page.map(SystemDataEntryView::from), &url))
}

/// Get user's custom system data
///
/// For administrators and owners, and for keys of the organization's applications with `system_data:read`. The data of
/// a user who has left can still be read.
#[utoipa::path(tag = "system-data", operation_id = "get_system_data",
    security(("user_token" = []), ("organization_key" = []), ("api_key" = [])), params(ReadConditions), responses(
    (status = 200, description = "The data", body = SystemDataView,
        headers(("ETag" = String, description = "The version"))),
    (status = 304, description = "The version is the one that `If-None-Match` names",
        headers(("ETag" = String, description = "The version"))),
    (status = 404, description = "The organization does not exist, the caller has no access to it, \
        or there is no data about the user")))]
#[get("/orgs/{orgId}/custom-system-data/{userId}")]
pub(crate) async fn get_system_data(
    Caller(actor): Caller,
    PathId(id): PathId<OrganizationId>,
    PathId(user): PathId<UserId>,
    changed: IfChanged,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let data = orgs.view_system_data(&actor, id, user).await?;
    changed.answer(data.version, || present(id, user, &data))
}

/// Describes the responses to a write in the OpenAPI document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it is only described")]
enum WriteResponses {
    #[response(status = 200, description = "The data", headers(("ETag" = String, description = "The version")))]
    Written(SystemDataView),
    #[response(
        status = 404,
        description = "The organization does not exist, the caller has no access to it, or the user is not a member"
    )]
    NotFound,
    #[response(
        status = 412,
        description = "The current version does not match `If-Match` or `If-None-Match`, or there is no data"
    )]
    Stale,
}

/// The caller, the organization and the user in the path, and the precondition of a write.
type Target = (Caller, PathId<OrganizationId>, PathId<UserId>, IfUnchanged);

async fn write(target: Target, change: DocumentChange, orgs: &Orgs) -> Result<HttpResponse, Problem> {
    let (Caller(actor), PathId(id), PathId(user), IfUnchanged(precondition)) = target;
    let data = orgs.write_system_data(&actor, id, user, DocumentWrite { change, precondition }).await?;
    present(id, user, &data)
}

/// Set user's custom system data
///
/// Replaces the data of a member. For administrators and owners, and for keys of the organization's applications with
/// `system_data:write`. Send `If-Match` to prevent a lost update.
#[utoipa::path(tag = "system-data", operation_id = "set_system_data",
    security(("user_token" = []), ("organization_key" = []), ("api_key" = [])), params(ChangeConditions), request_body = SetDataRequest,
    responses(WriteResponses))]
#[put("/orgs/{orgId}/custom-system-data/{userId}")]
pub(crate) async fn set_system_data(
    target: Target,
    ResourceBody(body, _): ResourceBody<SetDataRequest, SystemDataView>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    write(target, DocumentChange::Replace(body.data), &orgs).await
}

/// Merge into user's custom system data
///
/// Merges `data` into the data of a member (RFC 7396). Concurrent merges lose no update. For administrators and owners,
/// and for keys of the organization's applications with `system_data:write`.
#[utoipa::path(tag = "system-data", operation_id = "merge_system_data",
    security(("user_token" = []), ("organization_key" = []), ("api_key" = [])), params(ChangeConditions),
    request_body(content((MergeDataRequest = "application/merge-patch+json"), (MergeDataRequest = "application/json"))),
    responses(WriteResponses))]
#[patch("/orgs/{orgId}/custom-system-data/{userId}")]
pub(crate) async fn merge_system_data(
    target: Target,
    ResourceBody(body, _): ResourceBody<MergeDataRequest, SystemDataView>,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    write(target, DocumentChange::Merge(body.data), &orgs).await
}
