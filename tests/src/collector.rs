//! A collector of traces, which receives them by OTLP over HTTP and decodes them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use data_encoding::HEXLOWER;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{Span, Status, span::SpanKind, status::StatusCode},
};
use prost::Message as _;

use crate::{
    eventually,
    http_server::{HttpServer, Request},
    process::Installation,
};

/// Timeout for the arrival of a span.
const PATIENCE: Duration = Duration::from_secs(30);

/// The variable that enables traces.
pub const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// A span as the collector received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedSpan {
    pub name: String,
    /// The ids in hexadecimal digits. The first span of a trace has an empty parent.
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub kind: SpanKind,
    pub attributes: BTreeMap<String, String>,
    pub is_error: bool,
}

#[derive(Default)]
struct Received {
    spans: Vec<ReceivedSpan>,
    resource: BTreeMap<String, String>,
    /// All heads and bodies.
    bytes: Vec<u8>,
}

/// A collector that accepts all spans.
pub struct Collector {
    server: HttpServer,
    received: Arc<Mutex<Received>>,
}

impl Collector {
    /// Starts a collector.
    ///
    /// # Panics
    /// Panics if no port is free.
    pub async fn start() -> Self {
        let received = Arc::<Mutex<Received>>::default();
        let kept = Arc::clone(&received);
        let server = HttpServer::start(move |request| Some((lock(&kept).accept(request), String::new()))).await;
        Self { server, received }
    }

    #[must_use]
    pub fn url(&self) -> &str {
        self.server.url()
    }

    /// The number of connections so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// Returns the installation, whose nodes export their spans to this collector without delay.
    #[must_use]
    pub fn traces(&self, installation: Installation) -> Installation {
        installation.set(ENDPOINT, self.url()).set("OTEL_BSP_SCHEDULE_DELAY", "100")
    }

    /// The spans so far.
    #[must_use]
    pub fn spans(&self) -> Vec<ReceivedSpan> {
        lock(&self.received).spans.clone()
    }

    /// The attributes of the process.
    #[must_use]
    pub fn resource(&self) -> BTreeMap<String, String> {
        lock(&self.received).resource.clone()
    }

    /// Whether anything that was received contains the text.
    #[must_use]
    pub fn has(&self, text: &str) -> bool {
        lock(&self.received).bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }

    /// Waits for a span that a test accepts.
    pub async fn receives(&self, what: &str, is_meant: impl Fn(&ReceivedSpan) -> bool) -> ReceivedSpan {
        let found = || std::future::ready(self.spans().into_iter().find(|span| is_meant(span)));
        eventually(what, PATIENCE, found).await
    }
}

fn lock(received: &Mutex<Received>) -> MutexGuard<'_, Received> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Received {
    /// Keeps a request, and returns the status of the response.
    fn accept(&mut self, Request { head, body }: Request) -> u16 {
        self.bytes.extend_from_slice(head.as_bytes());
        self.bytes.extend_from_slice(&body);
        let is_protobuf = head.to_lowercase().contains("\r\ncontent-type: application/x-protobuf\r\n");
        if !head.starts_with("POST /v1/traces HTTP/1.1\r\n") || !is_protobuf {
            return 400;
        }
        let Ok(request) = ExportTraceServiceRequest::decode(&*body) else { return 400 };
        for part in request.resource_spans {
            self.resource = named(part.resource.map(|resource| resource.attributes).unwrap_or_default());
            self.spans.extend(part.scope_spans.into_iter().flat_map(|scope| scope.spans).map(received));
        }
        200
    }
}

fn received(span: Span) -> ReceivedSpan {
    let [trace, id, parent] = [&span.trace_id, &span.span_id, &span.parent_span_id].map(|id| HEXLOWER.encode(id));
    let (kind, status) = (span.kind(), span.status.as_ref().map(Status::code));
    let is_error = status == Some(StatusCode::Error);
    ReceivedSpan { name: span.name, trace, id, parent, kind, attributes: named(span.attributes), is_error }
}

fn named(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|attribute| (attribute.key, text(attribute.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}
