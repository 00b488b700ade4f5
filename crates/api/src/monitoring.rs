//! The application of the address for monitoring: metrics and health checks, and nothing else.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use actix_web::{
    App, Error, HttpRequest, HttpResponse,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::{ConnectionType, Method},
    web::{self, Data},
};
use tessera_kernel::SystemPorts;

use crate::{
    health::{self, HealthView},
    middleware::{headers, request_id},
    problem::{Code, Problem},
    public_url::PublicUrl,
    services::Readiness,
    starting,
};

/// OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The port that writes all metrics in the OpenMetrics text format.
pub trait Exposition: Send + Sync {
    /// Writes the present values.
    ///
    /// # Errors
    /// Fails if a value cannot be written.
    fn write(&self) -> Result<String, fmt::Error>;
}

/// What is known of the service when its database is open.
#[derive(Clone)]
pub struct Monitored {
    /// The readiness checks.
    pub readiness: Arc<dyn Readiness>,
    /// Set when the process starts to shut down.
    pub draining: Arc<AtomicBool>,
}

/// The dependencies of the application. Clones share them.
#[derive(Clone)]
pub struct Monitoring {
    /// The public URL, for the links in problems.
    pub public_url: PublicUrl,
    /// The metrics.
    pub exposition: Arc<dyn Exposition>,
    /// The service. Before it is set, the node is live and not ready.
    pub service: Arc<OnceLock<Monitored>>,
    /// The clock and the random source, for request ids.
    pub system: SystemPorts,
}

impl Monitoring {
    /// Returns the application.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()> + use<>,
    > {
        App::new().app_data(Data::new(self.clone())).default_service(web::to(answer))
    }

    async fn ready(&self) -> Result<HttpResponse, Problem> {
        match self.service.get() {
            Some(service) => health::readiness(&*service.readiness, &service.draining).await,
            None => Err(starting::refuse(Code::NotReady)),
        }
    }

    fn metrics(&self) -> Result<HttpResponse, Problem> {
        let text = self.exposition.write().map_err(|error| Problem::new(Code::Internal).caused_by(error))?;
        Ok(HttpResponse::Ok().content_type(OPEN_METRICS).body(text))
    }
}

async fn answer(monitoring: Data<Monitoring>, request: HttpRequest) -> HttpResponse {
    let origin = request_id::origin_of(request.headers(), None, &monitoring.system);
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let done = match request.path() {
        "/metrics" if reads => monitoring.metrics(),
        "/health/live" if reads => Ok(HttpResponse::Ok().json(HealthView::LIVE)),
        "/health/ready" if reads => monitoring.ready().await,
        _ => {
            let detail = "this address has only GET /metrics, GET /health/live and GET /health/ready";
            Err(Problem::new(Code::RouteNotFound).detail(detail))
        }
    };
    let url = &monitoring.public_url;
    let mut answer = done.unwrap_or_else(|problem| problem.respond(url, &origin));
    headers::add(answer.headers_mut(), origin.shown_request_id(), false);
    // A kept-alive connection must not delay the end of the process.
    if monitoring.service.get().is_some_and(|service| service.draining.load(Ordering::Relaxed)) {
        answer.head_mut().set_connection_type(ConnectionType::Close);
    }
    answer
}
