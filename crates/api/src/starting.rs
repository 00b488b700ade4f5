//! The application while the service can't open its database yet: it lives, and serves nothing else.

use std::sync::Arc;

use actix_web::{
    App, Error, HttpRequest, HttpResponse,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::{ConnectionType, Method},
    web::{self, Data},
};
use tessera_kernel::{Clock, Entropy};

use crate::{
    health::HealthView,
    middleware::{base_path, headers, request_id},
    problem::{Code, Problem},
    public_url::PublicUrl,
};

/// When it is worth asking again.
const RETRY_SECONDS: u64 = 1;

/// What it takes to answer. Cloning shares it.
#[derive(Clone)]
pub struct Starting {
    /// The one source of links.
    pub public_url: PublicUrl,
    /// The time, for request ids.
    pub clock: Arc<dyn Clock>,
    /// Chance, for request ids.
    pub entropy: Arc<dyn Entropy>,
}

impl Starting {
    /// The application.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()> + use<>,
    > {
        App::new().app_data(Data::new(self.clone())).default_service(web::to(answer))
    }
}

async fn answer(starting: Data<Starting>, request: HttpRequest) -> HttpResponse {
    let url = &starting.public_url;
    let origin = request_id::origin_of(request.headers(), request.peer_addr(), &*starting.clock, &*starting.entropy);
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut answer = match base_path::relative(url.path(), request.path()) {
        "/health/live" if looks => HttpResponse::Ok().json(HealthView::LIVE),
        "/health/ready" if looks => refuse(Code::NotReady).respond(url, &origin),
        _ => refuse(Code::Unavailable).respond(url, &origin),
    };
    headers::add(answer.headers_mut(), origin.shown_request_id(), url.is_https());
    // The next request may meet the service itself.
    answer.head_mut().set_connection_type(ConnectionType::Close);
    answer
}

fn refuse(code: Code) -> Problem {
    Problem::new(code).detail("the service is starting: its database is not available yet").retry_after(RETRY_SECONDS)
}
