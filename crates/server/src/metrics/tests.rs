//! Tests of the text of a scrape.

use std::path::PathBuf;

use tessera_tests::openmetrics::Exposition as Text;

use super::*;

fn metrics() -> Metrics {
    Metrics::new(&DatabaseUrl::Sqlite(PathBuf::from("x.db")))
}

fn read(metrics: &Metrics) -> Text {
    Text::read(&metrics.write().unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn all_series_with_known_labels_exist_from_the_start() {
    let text = read(&metrics());
    for cache in ["keys", "sessions", "users", "roles", "applications"] {
        for outcome in ["hit", "miss", "untrusted"] {
            assert_eq!(text.count("tessera_cache_lookups_total", &[("cache", cache), ("outcome", outcome)]), 0);
        }
    }
    assert_eq!(text.series("tessera_key_verifications_total").count(), 9);
    assert_eq!(text.series("tessera_pruned_rows_total").count(), 23);
    assert_eq!(text.count("tessera_pruned_rows_total", &[("table", "events")]), 0);
    assert_eq!(text.count("tessera_revocation_lag_seconds_count", &[]), 0);
    assert_eq!(text.count("http_server_active_requests", &[]), 0);
    assert_eq!(text.count("tessera_backup_last_success_timestamp_seconds", &[]), 0);
    let build = [("version", env!("CARGO_PKG_VERSION")), ("database", "sqlite")];
    assert_eq!(text.count("tessera_build_info", &build), 1);
    assert_eq!(text.families.get("http_server_request_duration_seconds").map(String::as_str), Some("histogram"));
}

#[test]
#[cfg(target_os = "linux")]
fn the_process_reports_its_resources() {
    let text = read(&metrics());
    assert!(text.value("process_resident_memory_bytes", &[]) > 1e6);
    assert!(text.value("process_open_fds", &[]) >= 3.0);
    assert!(text.value("process_max_fds", &[]) >= text.value("process_open_fds", &[]));
    assert!(text.value("process_cpu_seconds_total", &[]) < 1e6);
    assert!(text.value("process_start_time_seconds", &[]) > 1.7e9);
}
