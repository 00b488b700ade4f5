//! The state that handlers and middleware share.

use std::sync::Arc;

use actix_web::web::Bytes;

use crate::{extract::json::limits::BodyMemory, route_table::RouteTable, services::Services};

pub(crate) struct AppState {
    pub(crate) services: Services,
    pub(crate) routes: RouteTable,
    /// The OpenAPI document as it is served.
    pub(crate) document: Bytes,
    pub(crate) bodies: Arc<BodyMemory>,
}
