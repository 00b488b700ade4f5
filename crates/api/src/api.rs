//! The application that a worker serves.

use std::sync::Arc;

use actix_web::{
    App, Error, HttpResponse,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::from_fn,
    web::{self, Data},
};
use utoipa_actix_web::AppExt;

use crate::{
    body::limits::BodyMemory,
    docs, edge, openapi, pages,
    problem::{Code, Problem},
    routes::Routes,
    services::Services,
    sign_on, v1,
};

/// The HTTP side of the service. Made once; cloning shares it among the workers.
#[derive(Clone)]
pub struct Api(Arc<Edge>);

/// What every request needs.
pub(crate) struct Edge {
    pub(crate) services: Services,
    pub(crate) routes: Routes,
    pub(crate) document: web::Bytes,
    pub(crate) bodies: Arc<BodyMemory>,
}

impl Api {
    /// Reads the document and derives the routes' rules from it.
    #[must_use]
    pub fn new(services: Services) -> Self {
        let mut document = openapi::document();
        let routes = Routes::of(&document);
        openapi::set_server(&mut document, services.public_url.path());
        Self(Arc::new(Edge { services, routes, document: openapi::json(&document), bodies: Arc::default() }))
    }

    /// The application, to be called by each worker. It leaves it to the server how long heads and bodies may take: a body
    /// whose payload fails with an I/O error of kind `TimedOut` is 408.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()> + use<>,
    > {
        let edge = Arc::clone(&self.0);
        let services = &self.0.services;
        // Before the API: the sign-in page is under its path, so that one cookie path covers the page and its calls.
        let app = App::new().configure(sign_on::routes);
        let (app, _) = app.into_utoipa_app().configure(v1::routes).configure(openapi::routes).split_for_parts();
        app.app_data(Data::from(Arc::clone(&services.identity)))
            .app_data(Data::from(Arc::clone(&services.sso)))
            .app_data(Data::from(Arc::clone(&services.service_tokens)))
            .app_data(Data::from(Arc::clone(&services.orgs)))
            .app_data(Data::from(Arc::clone(&services.apps)))
            .app_data(Data::from(Arc::clone(&services.api_keys)))
            .app_data(Data::from(Arc::clone(&services.inventory)))
            .app_data(Data::from(Arc::clone(&services.node_limits)))
            .app_data(Data::new(services.public_url.clone()))
            .app_data(Data::from(Arc::clone(&self.0)))
            .configure(|config| docs::routes(config, &services.public_url))
            .configure(pages::routes)
            .default_service(web::to(nothing_here))
            .wrap(from_fn(move |request, next| edge::serve_apart(Arc::clone(&edge), request, next)))
    }
}

/// Not reached while the router and the document agree.
async fn nothing_here() -> Result<HttpResponse, Problem> {
    Err(Code::RouteNotFound.into())
}
