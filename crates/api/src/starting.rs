//! The application that runs until the database can be opened. It is live but not ready.

use actix_web::{
    App, Error, HttpRequest, HttpResponse,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::{ConnectionType, Method},
    web::{self, Data},
};
use tessera_kernel::SystemPorts;

use crate::{
    assets::Assets,
    branding::Branding,
    health::HealthView,
    middleware::{base_path, cors::Sharing, headers, problem_body::ErrorForm, request_id},
    pages::frame::Frame,
    problem::{Code, Problem},
    public_url::PublicUrl,
    services::CorsOrigins,
};

/// `Retry-After` in seconds.
const RETRY_SECONDS: u64 = 1;

/// The dependencies of the application. Clones share them.
#[derive(Clone)]
pub struct Starting {
    /// The public URL, from which all links are built.
    pub public_url: PublicUrl,
    /// The choices of the operator for the pages.
    pub branding: Branding,
    /// The origins whose pages may call the API.
    pub cors: CorsOrigins,
    /// The clock and the random source, for request ids.
    pub system: SystemPorts,
}

impl Starting {
    /// Returns the application, which rejects every request except liveness with 503.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()> + use<>,
    > {
        let assets = Data::new(Assets::new(&self.branding));
        App::new().app_data(Data::new(self.clone())).app_data(assets).default_service(web::to(answer))
    }
}

async fn answer(starting: Data<Starting>, assets: Data<Assets>, request: HttpRequest) -> HttpResponse {
    let url = &starting.public_url;
    // No response depends on the client address, and nothing is stored yet.
    let origin = request_id::origin_of(request.headers(), None, &starting.system);
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = base_path::relative(url.path(), request.path());
    let sharing = Sharing::of(&starting.cors, path, request.method(), request.headers());
    let mut answer = match path {
        _ if sharing.is_preflight() => HttpResponse::NoContent().finish(),
        "/health/live" if looks => HttpResponse::Ok().json(HealthView::LIVE),
        "/health/ready" if looks => refuse(Code::NotReady).respond(url, &origin),
        // The page that says that the service is starting needs its stylesheet.
        path => assets.respond(path, &request).filter(|_| looks).unwrap_or_else(|| {
            let frame = Frame::of(url, &starting.branding);
            ErrorForm::of(path, request.headers()).respond(&refuse(Code::Unavailable), url, frame, &origin)
        }),
    };
    headers::add(answer.headers_mut(), origin.shown_request_id(), url.is_https());
    sharing.add(answer.headers_mut());
    // Close the connection, so that the next request can reach the started service.
    answer.head_mut().set_connection_type(ConnectionType::Close);
    answer
}

pub(crate) fn refuse(code: Code) -> Problem {
    Problem::new(code).detail("the service is starting: its database is not available yet").retry_after(RETRY_SECONDS)
}
