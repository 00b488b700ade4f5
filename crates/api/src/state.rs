//! The state that handlers and middleware share.

use std::sync::Arc;

use crate::{
    assets::Assets, documentation::Documentation, extract::json::limits::BodyMemory, pages::frame::Frame,
    route_table::RouteTable, services::Services,
};

pub(crate) struct AppState {
    pub(crate) services: Services,
    pub(crate) routes: RouteTable,
    pub(crate) assets: Assets,
    pub(crate) documentation: Documentation,
    pub(crate) bodies: Arc<BodyMemory>,
}

impl AppState {
    /// The name, the logo and the way back on all pages, fixed at start.
    pub(crate) fn frame(&self) -> Frame<'_> {
        Frame::of(&self.services.public_url, &self.services.branding)
    }
}
