//! Whether the process lives, and whether it can do its work.

use std::{borrow::Cow, sync::atomic::Ordering};

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    problem::{ChecksView, Code, Problem},
    services::{Check, Checks},
    state::AppState,
};

/// When it is worth asking again.
const RETRY_SECONDS: u64 = 1;

/// A good answer.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthView {
    /// `live` or `ready`.
    #[schema(example = "ready")]
    status: &'static str,
    /// What readiness consists of; absent in `live`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    checks: Option<ChecksView>,
}

impl HealthView {
    /// The process lives.
    pub(crate) const LIVE: Self = Self { status: "live", checks: None };
}

/// Tell that the process lives
#[utoipa::path(tag = "operations", operation_id = "live",
    responses((status = 200, description = "The process lives", body = HealthView)))]
#[get("/health/live")]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(HealthView::LIVE)
}

/// Tell whether the service can do its work
#[utoipa::path(tag = "operations", operation_id = "ready",
    responses((status = 200, description = "The service can do its work", body = HealthView),
        (status = 503, description = "The service can't do its work, or is about to end")))]
#[get("/health/ready")]
pub(crate) async fn ready(state: Data<AppState>) -> Result<HttpResponse, Problem> {
    let services = &state.services;
    if services.draining.load(Ordering::Relaxed) {
        return Err(Problem::new(Code::NotReady).detail("the service is about to end").retry_after(RETRY_SECONDS));
    }
    let checks = services.readiness.check().await;
    let view = ChecksView::from(&checks);
    match reasons(checks) {
        Some(reasons) => Err(Problem::new(Code::NotReady).detail(reasons).checks(view).retry_after(RETRY_SECONDS)),
        None => Ok(HttpResponse::Ok().json(HealthView { status: "ready", checks: Some(view) })),
    }
}

/// Why the service is not ready. `None`: it is.
fn reasons(checks: Checks) -> Option<Cow<'static, str>> {
    let failed = [checks.database, checks.clock, checks.disk].into_iter().filter_map(|check| match check {
        Check::Failed(reason) => Some(reason),
        Check::Ok | Check::Unknown => None,
    });
    let reasons = failed.collect::<Vec<_>>().join("; ");
    (!reasons.is_empty()).then_some(Cow::Owned(reasons))
}
