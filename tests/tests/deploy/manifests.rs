//! The manifests of containers, and the configuration of the proxy.

use tessera_tests::read_workspace_file;

use super::run;

#[test]
fn the_kubernetes_manifest_is_valid() {
    let said = run("kubernetes-validate", &["--strict", "deploy/kubernetes.yaml"]);
    for resource in ["secret", "deployment", "service", "poddisruptionbudget"] {
        assert!(said.contains(&format!("passed for resource {resource}/tessera")), "{said}");
    }
}

#[test]
fn the_compose_file_is_valid() {
    run("check-jsonschema", &["--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml"]);
}

#[test]
fn the_dockerfile_has_no_findings() {
    run("hadolint", &["deploy/Dockerfile"]);
}

#[test]
fn caddy_accepts_its_configuration() {
    run("caddy", &["validate", "--adapter", "caddyfile", "--config", "deploy/Caddyfile"]);
}

/// The number after a text.
#[track_caller]
fn number_after(text: &str, before: &str) -> u32 {
    let (_, after) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?}"));
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|error| panic!("{before}: {error}"))
}

#[test]
fn nothing_ends_a_node_before_its_requests() {
    let shutdown = number_after(&read_workspace_file("docs/configuration.md"), "| `TESSERA_SHUTDOWN_SECONDS` | `");
    let pods = read_workspace_file("deploy/kubernetes.yaml");
    let drain = number_after(&pods, "- name: TESSERA_DRAIN_SECONDS\n              value: \"");
    assert!(number_after(&pods, "terminationGracePeriodSeconds: ") >= drain + shutdown + 5);
    assert!(number_after(&read_workspace_file("deploy/compose.yaml"), "stop_grace_period: ") >= shutdown + 5);
    assert!(number_after(&read_workspace_file("deploy/tessera.service"), "TimeoutStopSec=") >= shutdown + 5);
}
