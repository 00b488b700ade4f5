//! The port that begins the spans of requests.

use std::sync::Arc;

use tracing::Span;

/// The attribute of a span that gets the status of the response.
pub const STATUS_ATTRIBUTE: &str = "http.response.status_code";

/// What a span says about a request. Nothing of it comes from the client, except the parent.
#[derive(Debug, Clone, Copy)]
pub struct TracedRequest<'a> {
    /// A method of RFC 9110 or RFC 5789, or `_OTHER`.
    pub method: &'static str,
    /// The pattern of the route. Empty for a request without a route.
    pub route: &'a str,
    /// The id of the request.
    pub request_id: &'a str,
    /// The header `traceparent` of a trusted proxy.
    pub parent: Option<&'a str>,
}

/// The span of a request.
#[derive(Debug)]
pub struct RequestSpan {
    /// The span, in which the request is served.
    pub span: Span,
    /// The id of its trace, for log lines. `None` if it is not traced.
    pub trace_id: Option<Arc<str>>,
}

impl RequestSpan {
    /// No span.
    #[must_use]
    pub const fn none() -> Self {
        Self { span: Span::none(), trace_id: None }
    }
}

/// Begins spans.
pub trait RequestTracer: Send + Sync {
    /// Begins the span of a request. It must not wait for the collector.
    fn begin(&self, request: TracedRequest<'_>) -> RequestSpan;
}
