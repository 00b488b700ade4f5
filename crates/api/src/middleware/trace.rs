//! The span of a request, if traces are enabled.

use actix_web::{dev::ServiceRequest, http::Method};
use opentelemetry::{
    Context, KeyValue,
    propagation::{Extractor, TextMapPropagator as _},
    trace::{Status, TraceContextExt as _},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tessera_kernel::{Cidr, RequestMetadata, TRACE_TARGET};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::client_address::is_trusted_proxy;
use crate::{metrics::label_of, route_table::Route};

/// The header with the trace of the client (W3C Trace Context). No other one is read: `tracestate` and `baggage` may contain
/// anything.
const TRACEPARENT: &str = "traceparent";

/// The span of a request.
pub(crate) struct Traced {
    /// Parts of the request are its children. Disabled if the trace is not sampled, so that they have no parent and are not recorded.
    pub(crate) span: Span,
    /// `None` if traces are not enabled.
    pub(crate) trace_id: Option<u128>,
    sampled: Option<Context>,
}

impl Traced {
    /// Begins the span. It continues the trace of a trusted proxy. Other clients cannot choose a trace, because they could
    /// then have all of their requests sampled.
    pub(crate) fn begin(request: &ServiceRequest, trusted: &[Cidr]) -> Self {
        let span = tracing::info_span!(target: TRACE_TARGET, parent: None, "request", otel.kind = "server");
        if span.is_disabled() {
            return Self { span, trace_id: None, sampled: None };
        }
        if is_trusted_proxy(request.peer_addr(), trusted) {
            let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Traceparent(request));
            let _fails_only_after_the_begin = span.set_parent(parent);
        }
        // The sampler decides here.
        let context = span.context();
        let (trace_id, is_sampled) = {
            let span = context.span();
            (u128::from_be_bytes(span.span_context().trace_id().to_bytes()), span.span_context().is_sampled())
        };
        if is_sampled {
            Self { span, trace_id: Some(trace_id), sampled: Some(context) }
        } else {
            Self { span: Span::none(), trace_id: Some(trace_id), sampled: None }
        }
    }

    /// Names the span, and adds the attributes that are known before the response: nothing that a client can choose.
    pub(crate) fn describe(&self, method: &Method, route: Option<&Route>, origin: &RequestMetadata) {
        let Some(context) = &self.sampled else { return };
        let (method, route) = (label_of(method), route.map_or("", Route::pattern));
        let span = context.span();
        span.update_name(if route.is_empty() { method.to_owned() } else { format!("{method} {route}") });
        span.set_attribute(KeyValue::new("http.request.method", method));
        span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        span.set_attribute(KeyValue::new("request_id", origin.request_id.as_str().to_owned()));
    }

    /// Adds the status of the response. A request whose client disconnects before has none.
    pub(crate) fn complete(&self, status: u16) {
        let Some(context) = &self.sampled else { return };
        let span = context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 500 {
            span.set_status(Status::error(""));
        }
    }
}

/// The only header that the propagator sees. It is ignored if there are several.
struct Traceparent<'a>(&'a ServiceRequest);

impl Extractor for Traceparent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let mut values = self.0.headers().get_all(TRACEPARENT).filter(|_| key == TRACEPARENT);
        let only = values.next().filter(|_| values.next().is_none());
        only.and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}
