//! Logs on standard error, and the subscriber that creates spans.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, anyhow};
use opentelemetry_sdk::trace::SdkTracer;
use tessera_kernel::{ROOT_SPANS, TRACE_TARGET};
use tracing::{Dispatch, Level, Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{
    EnvFilter, Layer, filter::DynFilterFn, fmt, layer::SubscriberExt as _, registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::{
    config::{ConfigError, LogFormat},
    json_lines::JsonLines,
};

/// Starts logging as configured, and the creation of spans if there is a tracer for them.
pub(crate) fn start(filter: &str, format: LogFormat, tracer: Option<SdkTracer>) -> anyhow::Result<()> {
    let started = dispatch(filter, format, tracer)?.try_init();
    started.map_err(|error| anyhow!("logging was started before: {error}"))
}

fn dispatch(filter: &str, format: LogFormat, tracer: Option<SdkTracer>) -> anyhow::Result<Dispatch> {
    let filter = EnvFilter::try_new(filter).context("TESSERA_LOG is not a log filter")?;
    // The spans of traces are for the exporter alone. Without one, this disables them.
    let filter = filter.add_directive(format!("{TRACE_TARGET}=off").parse()?);
    let registry = tracing_subscriber::registry();
    Ok(match tracer {
        Some(tracer) => registry.with(exported(tracer)).with(lines(format).with_filter(filter)).into(),
        None => registry.with(filter).with(lines(format)).into(),
    })
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    if is_json(format) {
        return fmt::layer().event_format(JsonLines).with_writer(io::stderr).boxed();
    }
    fmt::layer().with_ansi(io::stderr().is_terminal()).with_writer(io::stderr).boxed()
}

/// The layer that exports the spans of traces. Log lines are no part of a span: an error may contain what must not leave the
/// node. The same applies to the spans of libraries.
fn exported<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let is_own = |metadata: &Metadata<'_>| metadata.is_span() && metadata.target() == TRACE_TARGET;
    let filter = DynFilterFn::new(move |metadata, context: &tracing_subscriber::layer::Context<'_, S>| {
        // Jobs begin no trace, and parts of a request that is not sampled are no spans.
        is_own(metadata) && (ROOT_SPANS.contains(&metadata.name()) || context.lookup_current().is_some())
    });
    let filter = filter
        .with_callsite_filter(move |metadata| if is_own(metadata) { Interest::sometimes() } else { Interest::never() })
        .with_max_level_hint(LevelFilter::INFO);
    let layer = tracing_opentelemetry::layer().with_tracer(tracer).with_location(false).with_threads(false);
    let layer = layer.with_tracked_inactivity(false).with_level(false).with_target(false);
    layer.with_context_activation(false).with_filter(filter)
}

/// Returns whether log lines are JSON.
pub(crate) fn is_json(format: LogFormat) -> bool {
    match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !io::stderr().is_terminal(),
    }
}

/// Reports the error that ends the process: as log lines if the log is started and admits them, else as plain lines.
pub(crate) fn report(error: &anyhow::Error) {
    let lines = match error.downcast_ref::<ConfigError>() {
        Some(ConfigError { faults, .. }) => faults.clone(),
        None => vec![format!("{error:#}")],
    };
    for line in lines {
        if tracing::enabled!(target: "tessera", Level::ERROR) {
            tracing::error!(target: "tessera", "{line}");
        } else {
            drop(writeln!(io::stderr(), "tessera: {line}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing::{Span, dispatcher::with_default, info_span};
    use tracing_opentelemetry::OpenTelemetrySpanExt as _;

    use super::*;

    fn with_spans(filter: &str, tracer: Option<SdkTracer>, check: impl FnOnce()) {
        let dispatch = dispatch(filter, LogFormat::Json, tracer).unwrap_or_else(|error| panic!("{filter}: {error}"));
        with_default(&dispatch, check);
    }

    #[test]
    fn without_a_tracer_no_span_of_a_trace_exists() {
        for filter in ["trace", "info", "tessera_trace=trace", "off"] {
            with_spans(filter, None, || {
                assert!(info_span!(target: TRACE_TARGET, parent: None, "request").is_disabled(), "{filter}");
                assert!(info_span!(target: TRACE_TARGET, "transaction").is_disabled(), "{filter}");
            });
        }
    }

    #[test]
    fn with_a_tracer_parts_are_exported_only_inside_of_a_root_whatever_is_logged() {
        for filter in ["trace", "info", "error", "off"] {
            let tracer = SdkTracerProvider::builder().build().tracer("test");
            with_spans(filter, Some(tracer), || {
                let is_exported = |span: &Span| span.context().span().span_context().is_sampled();
                let is_part_exported = || is_exported(&info_span!(target: TRACE_TARGET, "transaction"));
                assert!(!is_part_exported(), "{filter}");
                for root in [
                    info_span!(target: TRACE_TARGET, parent: None, "request"),
                    info_span!(target: TRACE_TARGET, "mail"),
                ] {
                    assert!(is_exported(&root), "{filter}");
                    root.in_scope(|| assert!(is_part_exported(), "{filter}"));
                }
                let other = info_span!("of_a_library");
                other.in_scope(|| assert!(!is_exported(&other) && !is_part_exported(), "{filter}"));
            });
        }
    }
}
