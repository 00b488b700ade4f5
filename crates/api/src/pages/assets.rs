//! The routes of the assets.

use std::future::ready;

use actix_web::{
    HttpRequest,
    web::{self, Data, ServiceConfig},
};

use crate::{
    assets,
    problem::{Code, Problem},
    state::AppState,
};

pub(crate) fn routes(config: &mut ServiceConfig) {
    for path in assets::paths() {
        let asset = move |request: HttpRequest, state: Data<AppState>| {
            ready(state.assets.respond(path, &request).ok_or_else(|| Problem::from(Code::RouteNotFound)))
        };
        config.route(path, web::get().to(asset));
    }
}
