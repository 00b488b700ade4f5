//! Audit entries for denied requests of all use cases.

use actix_web::{HttpMessage, dev::ServiceResponse};
use tessera_kernel::{AuditEntry, Event, StoreError};
use uuid::Uuid;

use crate::{extract::RequestContext, problem::Problem, route_table::Route, services::Services};

/// Records a denied attempt before the response is sent. If the audit entry cannot be written, the request fails,
/// because an incomplete audit trail would be misleading.
pub(crate) async fn recorded(services: &Services, route: Option<&Route>, answer: ServiceResponse) -> ServiceResponse {
    match record(services, route, &answer).await {
        Ok(()) => answer,
        Err(error) => answer.error_response(Problem::from(error)),
    }
}

async fn record(services: &Services, route: Option<&Route>, answer: &ServiceResponse) -> Result<(), StoreError> {
    let problem = answer.response().error().and_then(|error| error.as_error::<Problem>());
    let Some(organization) = problem.and_then(Problem::denied) else { return Ok(()) };
    let request = answer.request();
    let Some(actor) = request.extensions().get::<RequestContext>().and_then(RequestContext::actor) else {
        return Ok(());
    };
    // The last identifier in the path is the resource that the caller tried to access.
    let subject = request.match_info().as_str().rsplit('/').find_map(|part| Uuid::try_parse(part).ok());
    let what = AuditEntry::denied(subject)
        .within(organization)
        .with("method", request.method().as_str())
        .with("route", route.map_or("-", Route::pattern));
    services.audit.record(&Event::by(&actor, what, &services.system)).await
}
