//! The custom data of users.

use actix_web::{HttpResponse, get, patch, put, web::Data};
use serde::Serialize;
use serde_json::value::RawValue;
use tessera_identity::Identity;
use tessera_kernel::{DocumentChange, DocumentWrite, UserId, VersionedDocument};
use utoipa::{IntoResponses, ToSchema, openapi::ObjectBuilder};
use uuid::Uuid;

use crate::{
    extract::{Authenticated, ChangeConditions, IfChanged, IfUnchanged, PathUser, ReadConditions, ResourceBody},
    problem::Problem,
    v1::{
        documents::{MergeDataRequest, SetDataRequest, raw, respond, stored_data},
        timestamp::Timestamp,
    },
};

/// The custom data of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomData)]
struct CustomDataView {
    /// The id of the user.
    user_id: Uuid,
    #[schema(schema_with = custom_data)]
    data: Box<RawValue>,
    /// 0 before the first write. Each write increments it by one.
    #[schema(minimum = 0, example = 1)]
    version: i64,
    /// When the data were first written. Before the first write, when the account was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the data were last written. Before the first write, when the account was created.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

fn custom_data() -> ObjectBuilder {
    stored_data().description(Some("The stored data, byte for byte. An empty object before the first write."))
}

fn present(user: UserId, document: &VersionedDocument) -> Result<HttpResponse, Problem> {
    let view = CustomDataView {
        user_id: user.as_uuid(),
        data: raw(&document.data)?,
        version: document.version,
        created_at: document.created_at.into(),
        updated_at: document.updated_at.into(),
    };
    Ok(respond(document.version, view))
}

/// Get user's custom data
///
/// Users can read only their own data. `me` stands for the caller.
#[utoipa::path(tag = "users", operation_id = "get_custom_data", security(("user_token" = [])),
    params(ReadConditions), responses(
    (status = 200, description = "The data; an empty object with version 0 if there is none", body = CustomDataView,
        headers(("ETag" = String, description = "The version"))),
    (status = 304, description = "The version is the one that `If-None-Match` names",
        headers(("ETag" = String, description = "The version"))),
    (status = 404, description = "The user does not exist, or is not the caller")))]
#[get("/users/{userId}/custom-data")]
pub(crate) async fn get_custom_data(
    Authenticated(actor): Authenticated,
    user: PathUser,
    changed: IfChanged,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    let user = user.of(&actor)?;
    let data = identity.view_custom_data(&actor, user).await?;
    changed.answer(data.version, || present(user, &data))
}

/// Describes the responses to a write in the OpenAPI document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "it is only described")]
enum WriteResponses {
    #[response(status = 200, description = "The data", headers(("ETag" = String, description = "The version")))]
    Written(CustomDataView),
    #[response(status = 404, description = "The user does not exist, or is not the caller")]
    NotFound,
    #[response(status = 412, description = "The current version does not match `If-Match` or `If-None-Match`")]
    Stale,
}

/// The caller, the user in the path, and the precondition of a write.
type Target = (Authenticated, PathUser, IfUnchanged);

async fn write(target: Target, change: DocumentChange, identity: &Identity) -> Result<HttpResponse, Problem> {
    let (Authenticated(actor), user, IfUnchanged(precondition)) = target;
    let user = user.of(&actor)?;
    let data = identity.write_custom_data(&actor, user, DocumentWrite { change, precondition }).await?;
    present(user, &data)
}

/// Set user's custom data
///
/// Replaces the data of the caller. Send `If-Match` to prevent a lost update.
#[utoipa::path(tag = "users", operation_id = "set_custom_data", security(("user_token" = [])),
    params(ChangeConditions), request_body = SetDataRequest, responses(WriteResponses))]
#[put("/users/{userId}/custom-data")]
pub(crate) async fn set_custom_data(
    target: Target,
    ResourceBody(body, _): ResourceBody<SetDataRequest, CustomDataView>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    write(target, DocumentChange::Replace(body.data), &identity).await
}

/// Merge into user's custom data
///
/// Merges `data` into the data of the caller (RFC 7396). Concurrent merges lose no update.
#[utoipa::path(tag = "users", operation_id = "merge_custom_data", security(("user_token" = [])),
    params(ChangeConditions),
    request_body(content((MergeDataRequest = "application/merge-patch+json"), (MergeDataRequest = "application/json"))),
    responses(WriteResponses))]
#[patch("/users/{userId}/custom-data")]
pub(crate) async fn merge_custom_data(
    target: Target,
    ResourceBody(body, _): ResourceBody<MergeDataRequest, CustomDataView>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    write(target, DocumentChange::Merge(body.data), &identity).await
}
