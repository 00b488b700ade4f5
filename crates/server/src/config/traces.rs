//! The variables of OpenTelemetry. The SDK reads them, except those that it would ignore if they are invalid.

use std::time::Duration;

use url::Url;

use super::source::Source;

/// The variable that enables traces.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The time limit of one export (OpenTelemetry Protocol Exporter).
const TIMEOUT_MILLISECONDS: u64 = 10_000;

const SAMPLERS: &[&str] = &[
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// The values of variables that the SDK would ignore with a warning.
const CHOICES: [(&str, &[&str]); 5] = [
    ("OTEL_EXPORTER_OTLP_PROTOCOL", &["http/protobuf"]),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", &["http/protobuf"]),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", &["none"]),
    ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", &["none"]),
    ("OTEL_TRACES_SAMPLER", SAMPLERS),
];

/// How traces are exported.
#[derive(Debug)]
pub(crate) struct TraceSettings {
    /// The time limit of one export.
    pub(crate) timeout: Duration,
    pub(crate) service_name: Option<String>,
}

/// Reads the settings of traces. Without an endpoint, the other variables are not checked, because a platform may set them
/// for all of its processes.
pub(super) fn read(source: &mut Source) -> Option<TraceSettings> {
    let endpoint = source.variable(ENDPOINT)?;
    match collector(&endpoint) {
        Some(shown) => source.show_collector(ENDPOINT, &shown),
        None => source.variable_fault(ENDPOINT, COLLECTOR_RULE),
    }
    let of_traces = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    match source.variable(of_traces).map(|endpoint| collector(&endpoint)) {
        Some(Some(shown)) => source.show_collector(of_traces, &shown),
        Some(None) => source.variable_fault(of_traces, COLLECTOR_RULE),
        None => {}
    }
    for (name, choices) in CHOICES {
        if source.variable(name).is_some_and(|value| !choices.contains(&value.as_str())) {
            source.variable_fault(name, format_args!("must be {}", choices.join(", ")));
        }
    }
    check_ratio(source);
    Some(TraceSettings { timeout: read_timeout(source), service_name: source.variable("OTEL_SERVICE_NAME") })
}

const COLLECTOR_RULE: &str = "must be an http or https URL without user info, such as http://127.0.0.1:4318; \
                              credentials belong in OTEL_EXPORTER_OTLP_HEADERS";

/// The scheme, host and port of a collector. Its path and query may contain a secret.
fn collector(endpoint: &str) -> Option<String> {
    let url = Url::parse(endpoint).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && plain).then(|| url.origin().ascii_serialization())
}

fn check_ratio(source: &mut Source) {
    let name = "OTEL_TRACES_SAMPLER_ARG";
    let sampler = source.variable("OTEL_TRACES_SAMPLER").unwrap_or_default();
    let ratio = source.variable(name).and_then(|ratio| ratio.parse::<f64>().ok());
    if sampler.ends_with("traceidratio") && !ratio.is_some_and(|ratio| (0.0..=1.0).contains(&ratio)) {
        source.variable_fault(name, format_args!("must be a number from 0 to 1 with {sampler}, such as 0.01"));
    }
}

fn read_timeout(source: &mut Source) -> Duration {
    for name in ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"] {
        let Some(text) = source.variable(name) else { continue };
        match text.parse() {
            Ok(milliseconds) => return Duration::from_millis(milliseconds),
            Err(_) => source.variable_fault(name, "must be a whole number of milliseconds, such as 10000"),
        }
    }
    Duration::from_millis(TIMEOUT_MILLISECONDS)
}
