//! The variables of traces.

use crate::{complaint, out, run};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const OF_TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";

#[test]
fn check_config_prints_where_traces_go_without_secrets() {
    let text = out(&run(&["check-config"], &[], None));
    assert!(text.ends_with("\n# traces are not exported: OTEL_EXPORTER_OTLP_ENDPOINT is not set\n"), "{text}");
    let settings = [
        (ENDPOINT, "https://collector.example:4318/hunter2?key=hunter2"),
        (OF_TRACES, " http://[::1]:4318/v1/traces "),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "100"),
        ("OTEL_UNKNOWN", "x"),
    ];
    let text = out(&run(&["check-config"], &settings, None));
    let shown = "\n# traces are exported to https://collector.example:4318  # OTEL_EXPORTER_OTLP_ENDPOINT\n\
                 # traces are exported to http://[::1]:4318  # OTEL_EXPORTER_OTLP_TRACES_ENDPOINT\n";
    assert!(text.ends_with(shown) && !text.contains("hunter2"), "{text}");
    // The output is a settings file nevertheless.
    let again = run(&["check-config"], &[], Some(&text));
    assert!(again.status.success(), "{}", complaint(&again));
}

#[test]
fn variables_that_the_sdk_would_ignore_are_errors_if_traces_are_exported() {
    let endpoint = (ENDPOINT, "http://127.0.0.1:4318");
    let ratio = ("OTEL_TRACES_SAMPLER", "traceidratio");
    for (settings, fault) in [
        (vec![(ENDPOINT, "127.0.0.1:4318")], "OTEL_EXPORTER_OTLP_ENDPOINT: must be an http or https URL"),
        (vec![(ENDPOINT, "ftp://127.0.0.1")], "OTEL_EXPORTER_OTLP_ENDPOINT: must be an http or https URL"),
        (
            vec![(ENDPOINT, "http://u:hunter2@a")],
            "OTEL_EXPORTER_OTLP_ENDPOINT: must be an http or https URL without user",
        ),
        (vec![endpoint, (OF_TRACES, "x")], "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: must be"),
        (vec![endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")], "OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf"),
        (vec![endpoint, ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")], "OTEL_EXPORTER_OTLP_COMPRESSION: must be none"),
        (vec![endpoint, ("OTEL_TRACES_SAMPLER", "always")], "OTEL_TRACES_SAMPLER: must be always_on, always_off"),
        (vec![endpoint, ratio], "OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1 with traceidratio"),
        (vec![endpoint, ratio, ("OTEL_TRACES_SAMPLER_ARG", "1.1")], "OTEL_TRACES_SAMPLER_ARG: must be a number"),
        (vec![endpoint, ratio, ("OTEL_TRACES_SAMPLER_ARG", "-0.1")], "OTEL_TRACES_SAMPLER_ARG: must be a number"),
        (vec![endpoint, ("OTEL_EXPORTER_OTLP_TIMEOUT", "1s")], "OTEL_EXPORTER_OTLP_TIMEOUT: must be a whole number"),
    ] {
        let output = run(&["check-config"], &settings, None);
        let text = complaint(&output);
        assert!(!output.status.success() && text.contains(fault) && !text.contains("hunter2"), "{fault}: {text}");
        // Without the endpoint they have no effect.
        let without: Vec<_> = settings.into_iter().filter(|(name, _)| *name != ENDPOINT).collect();
        assert!(run(&["check-config"], &without, None).status.success(), "{without:?}");
    }
    for edge in ["0", "1"] {
        let settings = [endpoint, ratio, ("OTEL_TRACES_SAMPLER_ARG", edge)];
        assert!(run(&["check-config"], &settings, None).status.success(), "{edge}");
    }
}
