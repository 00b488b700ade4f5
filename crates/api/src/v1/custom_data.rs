//! The custom data of users.

use actix_web::{HttpResponse, get, patch, put, web::Data};
use serde::Serialize;
use serde_json::value::RawValue;
use tessera_identity::{Identity, WriteCustomData, model::CustomData};
use tessera_kernel::DocumentChange;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    extract::{Authenticated, Body, ChangeConditions, IfChanged, IfUnchanged, PathUser, ReadConditions, etag},
    openapi::schema,
    problem::Problem,
    v1::{
        documents::{DataChange, MergeDataRequest, SetDataRequest, raw},
        timestamp::Timestamp,
    },
};

/// The custom data of a user.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomData)]
struct CustomDataView {
    user_id: Uuid,
    /// The stored data, byte for byte. An empty object before the first write.
    #[schema(schema_with = schema::object)]
    data: Box<RawValue>,
    /// 0 before the first write. Each change increments it by one.
    #[schema(minimum = 0)]
    version: i64,
    /// When the data were first written. Before the first write, when the account was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

fn respond(data: &CustomData) -> Result<HttpResponse, Problem> {
    let view = CustomDataView {
        user_id: data.user_id.as_uuid(),
        data: raw(&data.data)?,
        version: data.version,
        created_at: data.created_at.into(),
        updated_at: data.updated_at.into(),
    };
    Ok(HttpResponse::Ok().insert_header(etag(data.version)).json(view))
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
    let data = identity.view_custom_data(&actor, user.of(&actor)?).await?;
    changed.answer(data.version, || respond(&data))
}

/// The caller, the user in the path, and the precondition of a write.
type Target = (Authenticated, PathUser, IfUnchanged);

async fn write(target: Target, change: DataChange, identity: &Identity) -> Result<HttpResponse, Problem> {
    let (Authenticated(actor), user, IfUnchanged(precondition)) = target;
    let command = WriteCustomData { user: user.of(&actor)?, change, precondition };
    respond(&identity.write_custom_data(&actor, command).await?)
}

/// Set user's custom data
#[utoipa::path(tag = "users", operation_id = "set_custom_data", security(("user_token" = [])),
    params(ChangeConditions), request_body = SetDataRequest, responses(
    (status = 200, description = "The data", body = CustomDataView,
        headers(("ETag" = String, description = "The version"))),
    (status = 404, description = "The user does not exist, or is not the caller"),
    (status = 412, description = "The current version does not match `If-Match` or `If-None-Match`")))]
#[put("/users/{userId}/custom-data")]
pub(crate) async fn set_custom_data(
    target: Target,
    Body(body): Body<SetDataRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    write(target, DocumentChange::Replace(body.data), &identity).await
}

/// Merge into user's custom data
#[utoipa::path(tag = "users", operation_id = "merge_custom_data", security(("user_token" = [])),
    params(ChangeConditions),
    request_body(content((MergeDataRequest = "application/merge-patch+json"), (MergeDataRequest = "application/json"))),
    responses(
    (status = 200, description = "The data", body = CustomDataView,
        headers(("ETag" = String, description = "The version"))),
    (status = 404, description = "The user does not exist, or is not the caller"),
    (status = 412, description = "The current version does not match `If-Match` or `If-None-Match`")))]
#[patch("/users/{userId}/custom-data")]
pub(crate) async fn merge_custom_data(
    target: Target,
    Body(body): Body<MergeDataRequest>,
    identity: Data<Identity>,
) -> Result<HttpResponse, Problem> {
    write(target, DocumentChange::Merge(body.data), &identity).await
}
