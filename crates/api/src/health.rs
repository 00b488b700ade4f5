//! Liveness and readiness.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicBool, Ordering},
};

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    problem::{ChecksView, Code, Problem},
    services::{Check, Checks, Readiness},
    state::AppState,
};

/// `Retry-After` in seconds.
const RETRY_SECONDS: u64 = 1;

/// The status of the service.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthView {
    /// `live` or `ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// The results of the readiness checks. Absent in `live`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    checks: Option<ChecksView>,
}

impl HealthView {
    pub(crate) const LIVE: Self = Self { status: "live", checks: None };
}

/// Check that the process is running
///
/// Does not use the database. Restart the process if this operation fails.
#[utoipa::path(tag = "operations", operation_id = "live", extensions(("x-counts-as-request" = json!(false))),
    responses((status = 200, description = "The process is running", body = HealthView,
        example = json!({"status": "live"}))))]
#[get("/health/live")]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(HealthView::LIVE)
}

/// Check whether the service is ready
///
/// Checks the database, its clock and its disk space. Send requests to this node only if this operation succeeds.
#[utoipa::path(tag = "operations", operation_id = "ready", extensions(("x-counts-as-request" = json!(false))),
    responses((status = 200, description = "The service is ready", body = HealthView),
        (status = 503, description = "The service is not ready, or is shutting down")))]
#[get("/health/ready")]
pub(crate) async fn ready(state: Data<AppState>) -> Result<HttpResponse, Problem> {
    readiness(&*state.services.readiness, &state.services.draining).await
}

pub(crate) async fn readiness(readiness: &dyn Readiness, draining: &AtomicBool) -> Result<HttpResponse, Problem> {
    if draining.load(Ordering::Relaxed) {
        return Err(Problem::new(Code::NotReady)
            .detail("the service is shutting down; send requests to another node")
            .retry_after(RETRY_SECONDS));
    }
    let checks = readiness.check().await;
    let view = ChecksView::from(&checks);
    match reasons(checks) {
        Some(reasons) => Err(Problem::new(Code::NotReady).detail(reasons).checks(view).retry_after(RETRY_SECONDS)),
        None => Ok(HttpResponse::Ok().json(HealthView { status: "ready", checks: Some(view) })),
    }
}

/// The reasons why the service is not ready. `None` if it is ready.
fn reasons(checks: Checks) -> Option<Cow<'static, str>> {
    let failed = [checks.database, checks.clock, checks.disk].into_iter().filter_map(|check| match check {
        Check::Failed(reason) => Some(reason),
        Check::Ok | Check::Unknown => None,
    });
    let reasons = failed.collect::<Vec<_>>().join("; ");
    (!reasons.is_empty()).then_some(Cow::Owned(reasons))
}
