//! The export of traces by OTLP over HTTP.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::anyhow;
use async_trait::async_trait;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    resource::{EnvResourceDetector, TelemetryResourceDetector},
    trace::{SdkTracer, SdkTracerProvider},
};
use reqwest::{Client, redirect::Policy};
use tokio::runtime::{Builder, Runtime};

use crate::config::TraceSettings;

/// The time limit of the last export.
const LAST_EXPORT: Duration = Duration::from_secs(2);

/// The export of spans. They wait in a bounded queue for a thread that sends them. If it is full, they are dropped.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Starts the export. The SDK reads its variables.
    ///
    /// # Errors
    /// The SDK rejects a variable, or the HTTP client cannot be created.
    pub(crate) fn start(settings: &TraceSettings) -> anyhow::Result<Self> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(CollectorClient::new(settings.timeout)?)
            .build()
            // Its error may contain the URL with a password.
            .map_err(|_| anyhow!("OTEL_EXPORTER_OTLP_ENDPOINT or another OTEL_EXPORTER_OTLP_… is not usable"))?;
        Ok(Self(SdkTracerProvider::builder().with_resource(resource(settings)).with_batch_exporter(exporter).build()))
    }

    pub(crate) fn tracer(&self) -> SdkTracer {
        self.0.tracer("tessera")
    }

    /// Exports the spans that wait, unless the collector takes too long.
    pub(crate) fn finish(&self) {
        if self.0.shutdown_with_timeout(LAST_EXPORT).is_err() {
            tracing::warn!("the last spans were not exported");
        }
    }
}

/// The attributes of the process. `OTEL_RESOURCE_ATTRIBUTES` overrides the defaults, and `OTEL_SERVICE_NAME` overrides both.
fn resource(settings: &TraceSettings) -> Resource {
    let defaults =
        [KeyValue::new("service.name", "tessera"), KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))];
    let resource = Resource::builder_empty()
        .with_attributes(defaults)
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()));
    match &settings.service_name {
        Some(name) => resource.with_service_name(name.clone()).build(),
        None => resource.build(),
    }
}

/// Sends spans to the collector, on the thread that exports them. No request and no job shares it.
#[derive(Debug)]
struct CollectorClient {
    client: Client,
    runtime: Runtime,
    failing: AtomicBool,
}

impl CollectorClient {
    fn new(timeout: Duration) -> anyhow::Result<Self> {
        // Only the configured URL is contacted. The runtime does not run between two exports, so a connection would not
        // notice that the collector closes it.
        let client = Client::builder().redirect(Policy::none()).no_proxy().pool_max_idle_per_host(0).timeout(timeout);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { client: client.build()?, runtime, failing: AtomicBool::new(false) })
    }
}

#[async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.block_on(self.client.send_bytes(request));
        let fails = !sent.as_ref().is_ok_and(|response| response.status().is_success());
        // Logs the first of several consecutive failures, without the URL and the response, which may contain a secret.
        if fails && !self.failing.swap(true, Ordering::Relaxed) {
            let status = sent.as_ref().ok().map(|response| response.status().as_u16());
            tracing::warn!(status, "spans are lost until the collector of OTEL_EXPORTER_OTLP_ENDPOINT accepts them");
        }
        self.failing.store(fails, Ordering::Relaxed);
        sent
    }
}
