//! Whether the process lives, and whether it can do its work.

use std::sync::atomic::Ordering;

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Edge,
    problem::{Code, Problem},
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
}

/// Tell that the process lives
#[utoipa::path(tag = "operations", operation_id = "live",
    responses((status = 200, description = "The process lives", body = HealthView)))]
#[get("/health/live")]
pub(crate) async fn live() -> HttpResponse {
    HttpResponse::Ok().json(HealthView { status: "live" })
}

/// Tell whether the service can do its work
#[utoipa::path(tag = "operations", operation_id = "ready",
    responses((status = 200, description = "The service can do its work", body = HealthView),
        (status = 503, description = "The service can't do its work, or is about to end")))]
#[get("/health/ready")]
pub(crate) async fn ready(edge: Data<Edge>) -> Result<HttpResponse, Problem> {
    let services = &edge.services;
    if services.draining.load(Ordering::Relaxed) {
        return Err(Problem::new(Code::NotReady).detail("the service is about to end").retry_after(RETRY_SECONDS));
    }
    let not_ready = |error| Problem::new(Code::NotReady).retry_after(RETRY_SECONDS).caused_by(error);
    services.readiness.check().await.map_err(not_ready)?;
    Ok(HttpResponse::Ok().json(HealthView { status: "ready" }))
}
