//! The settings of organizations.

use actix_web::{HttpResponse, get, put, web::Data};
use serde::Serialize;
use serde_json::{json, value::RawValue};
use tessera_kernel::{DataDocument, DocumentChange, DocumentWrite, OrganizationId, VersionedDocument};
use tessera_orgs::Orgs;
use utoipa::{ToSchema, openapi::ObjectBuilder};
use uuid::Uuid;

use crate::{
    extract::{Authenticated, ChangeConditions, IfChanged, IfUnchanged, PathId, ReadConditions, ResourceBody, request},
    openapi::schema,
    problem::Problem,
    v1::{
        documents::{raw, respond},
        timestamp::Timestamp,
    },
};

/// The settings of an organization.
#[derive(Serialize, ToSchema)]
#[schema(as = OrganizationSettings)]
struct SettingsView {
    /// The id of the organization.
    organization_id: Uuid,
    #[schema(schema_with = stored_settings)]
    settings: Box<RawValue>,
    /// When the settings were last written. Before the first write, when the organization was created.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

fn stored_settings() -> ObjectBuilder {
    let text = "The stored settings, byte for byte. An empty object before the first write.";
    schema::object().description(Some(text)).examples([json!({"theme": "dark"})])
}

fn present(id: OrganizationId, settings: &VersionedDocument) -> Result<HttpResponse, Problem> {
    let view = SettingsView {
        organization_id: id.as_uuid(),
        settings: raw(&settings.data)?,
        updated_at: settings.updated_at.into(),
    };
    Ok(respond(settings.version, view))
}

/// Get organization settings
///
/// For administrators and owners. The `ETag` of the response is the version of the settings.
#[utoipa::path(tag = "organizations", operation_id = "get_organization_settings", security(("user_token" = [])),
    params(ReadConditions), responses(
    (status = 200, description = "The settings", body = SettingsView,
        headers(("ETag" = String, description = "The version"))),
    (status = 304, description = "The version is the one that `If-None-Match` names",
        headers(("ETag" = String, description = "The version"))),
    (status = 404, description = "The organization does not exist, or the caller is not a member")))]
#[get("/orgs/{orgId}/settings")]
pub(crate) async fn get_organization_settings(
    Authenticated(actor): Authenticated,
    PathId(id): PathId<OrganizationId>,
    changed: IfChanged,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let settings = orgs.view_settings(&actor, id).await?;
    changed.answer(settings.version, || present(id, &settings))
}

request! {
    /// The new settings.
    struct UpdateSettingsRequest {
        /// The settings, which replace the old settings. At most 65536 bytes in compact form.
        settings: DataDocument = json!({"theme": "dark"}),
    }
}

/// Update organization settings
///
/// Replaces the settings. For administrators and owners. Send `If-Match` to prevent a lost update.
#[utoipa::path(tag = "organizations", operation_id = "update_organization_settings", security(("user_token" = [])),
    params(ChangeConditions), request_body = UpdateSettingsRequest, responses(
    (status = 200, description = "The settings", body = SettingsView,
        headers(("ETag" = String, description = "The version"))),
    (status = 404, description = "The organization does not exist, or the caller is not a member"),
    (status = 412, description = "The current version does not match `If-Match` or `If-None-Match`")))]
#[put("/orgs/{orgId}/settings")]
pub(crate) async fn update_organization_settings(
    Authenticated(actor): Authenticated,
    PathId(id): PathId<OrganizationId>,
    ResourceBody(body, _): ResourceBody<UpdateSettingsRequest, SettingsView>,
    IfUnchanged(precondition): IfUnchanged,
    orgs: Data<Orgs>,
) -> Result<HttpResponse, Problem> {
    let write = DocumentWrite { change: DocumentChange::Replace(body.settings), precondition };
    let settings = orgs.update_settings(&actor, id, write).await?;
    present(id, &settings)
}
