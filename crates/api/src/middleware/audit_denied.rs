//! Audit entries for denied requests of all use cases.

use actix_web::{HttpMessage, dev::ServiceResponse};
use tessera_kernel::{AuditEntry, Event, RateLimit, RequestMetadata, StoreError};
use uuid::Uuid;

use crate::{extract::RequestContext, problem::Problem, route_table::Route, services::Services};

/// Records a denied attempt before the response is sent. If the audit entry cannot be written, the request fails,
/// because an incomplete audit trail would be misleading.
pub(crate) async fn recorded(
    services: &Services,
    route: Option<&Route>,
    answer: ServiceResponse,
    reached: &[RateLimit],
    origin: &RequestMetadata,
) -> ServiceResponse {
    let recorded = async {
        record(services, route, &answer).await?;
        for limit in reached {
            record_limit(services, &answer, *limit, origin).await?;
        }
        Ok::<_, StoreError>(())
    };
    match recorded.await {
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

/// Records that a request was the first to reach a limit in a window.
async fn record_limit(
    services: &Services,
    answer: &ServiceResponse,
    limit: RateLimit,
    origin: &RequestMetadata,
) -> Result<(), StoreError> {
    let what = AuditEntry::limit_reached(limit);
    // A request that was rejected before its credentials were accepted has no actor.
    let event = match RequestContext::of(answer.request()).ok().and_then(|context| context.actor()) {
        Some(actor) => Event::by(&actor, what, &services.system),
        None => Event::by_anonymous(origin, what, &services.system),
    };
    services.audit.record(&event).await
}
