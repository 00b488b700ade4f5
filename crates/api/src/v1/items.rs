//! The inventory items of applications.

use actix_web::{HttpResponse, get, http::StatusCode, post, web::Data};
use serde::Serialize;
use serde_json::{json, value::RawValue};
use tessera_inventory::{
    Inventory, PutItem,
    model::{Item, ItemDescription, ItemName, Metadata, Quantity, Sku},
};
use tessera_kernel::{ApplicationId, Page};
use utoipa::{ToSchema, openapi::ObjectBuilder};
use uuid::Uuid;

use crate::{
    extract::{Caller, Kind, List, PageParameters, PageQuery, Patch, PathId, ResourceBody, request},
    openapi::schema,
    problem::Problem,
    public_url::{API_BASE, PublicUrl},
    v1::{documents::raw, timestamp::Timestamp},
};

/// An inventory item.
#[derive(Serialize, ToSchema)]
#[schema(as = Item)]
struct ItemView {
    /// The id of the item.
    id: Uuid,
    /// The id of the application that owns the item.
    application_id: Uuid,
    /// The stock keeping unit. It is unique in the application and case-sensitive.
    #[schema(example = "shell-blue")]
    sku: String,
    /// The name. `null` if it is not set.
    #[schema(required = true, example = "Blue shell")]
    name: Option<String>,
    /// The description. `null` if it is not set.
    #[schema(required = true, example = "Found at low tide.")]
    description: Option<String>,
    /// The quantity. 0 in a new item without one.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 3)]
    quantity: i64,
    #[schema(schema_with = metadata)]
    metadata: Box<RawValue>,
    /// 1 after creation. Each update increments it by one, even if it changes nothing.
    #[schema(minimum = 1, example = 1)]
    version: i64,
    /// When the item was created.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When the item was last updated, even if the update changed nothing.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

fn metadata() -> ObjectBuilder {
    let text = "The stored metadata, byte for byte. Empty in a new item without metadata.";
    schema::object().description(Some(text)).examples([json!({"color": "blue"})])
}

impl TryFrom<Item> for ItemView {
    type Error = Problem;

    fn try_from(item: Item) -> Result<Self, Problem> {
        Ok(Self {
            id: item.id.as_uuid(),
            application_id: item.application_id.as_uuid(),
            sku: item.sku.to_string(),
            name: item.name.map(|name| name.to_string()),
            description: item.description.map(|text| text.to_string()),
            quantity: item.quantity.get(),
            metadata: raw(&item.metadata)?,
            version: item.version,
            created_at: item.created_at.into(),
            updated_at: item.updated_at.into(),
        })
    }
}

/// List inventory items for an application
///
/// For members of the organization, and for keys of the application with `inventory:read`.
#[utoipa::path(tag = "inventory", operation_id = "list_inventory", security(("user_token" = []), ("organization_key" = []), ("api_key" = [])),
    params(PageParameters), responses(
    (status = 200, description = "The items, ordered by id", body = [ItemView]),
    (status = 404, description = "The application does not exist, or the caller has no access to it")))]
#[get("/apps/{appId}/inventory")]
pub(crate) async fn list_inventory(
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    query: PageQuery,
    inventory: Data<Inventory>,
    url: Data<PublicUrl>,
) -> Result<HttpResponse, Problem> {
    let list = List { kind: Kind::Items, owner: id.as_uuid(), path: format!("{API_BASE}/apps/{id}/inventory") };
    let Page { items, next } = inventory.list_items(&actor, id, query.of(&list)?).await?;
    let items = items.into_iter().map(ItemView::try_from).collect::<Result<_, _>>()?;
    Ok(query.respond(&list, &Page { items, next }, &url))
}

request! {
    /// The properties of an item. An absent field keeps its value, or is empty in a new item. `null` removes name or
    /// description.
    struct PutItemRequest {
        /// The stock keeping unit, which identifies the item. It is unique in the application and case-sensitive. 1 to
        /// 128 characters in one line, at least one of them visible. Spaces are allowed, but removed at both ends.
        /// Control characters and invisible characters, such as a zero-width space, are rejected.
        sku: Sku,
        /// The name. 1 to 200 characters.
        name: Patch<ItemName>,
        /// The description. 1 to 2000 characters in one or more lines.
        description: Patch<ItemDescription>,
        /// The new quantity, 0 to 9007199254740991.
        quantity: Option<Quantity>,
        /// The metadata, which replace the old metadata. At most 16384 bytes in compact form.
        metadata: Option<Metadata> = json!({"color": "blue"}),
    }
}

/// Create or update an inventory item
///
/// `sku` identifies the item. If the application has no such item, it is created. For administrators and owners, and
/// for keys of the application with `inventory:write`.
#[utoipa::path(tag = "inventory", operation_id = "put_inventory_item", security(("user_token" = []), ("organization_key" = []), ("api_key" = [])),
    request_body = PutItemRequest, responses(
    (status = 200, description = "The updated item", body = ItemView),
    (status = 201, description = "The created item", body = ItemView),
    (status = 404, description = "The application does not exist, or the caller has no access to it"),
    (status = 409, description = "The quota of items is reached")))]
#[post("/apps/{appId}/inventory")]
pub(crate) async fn put_inventory_item(
    Caller(actor): Caller,
    PathId(application): PathId<ApplicationId>,
    ResourceBody(body, _): ResourceBody<PutItemRequest, ItemView>,
    inventory: Data<Inventory>,
) -> Result<HttpResponse, Problem> {
    let PutItemRequest { sku, name, description, quantity, metadata } = body;
    let command = PutItem { application, sku, name, description, quantity, metadata };
    let item = inventory.put_item(&actor, command).await?;
    let status = if item.is_new() { StatusCode::CREATED } else { StatusCode::OK };
    Ok(HttpResponse::build(status).json(ItemView::try_from(item)?))
}
