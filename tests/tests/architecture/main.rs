//! Allowed dependencies between crates. The table below is section 2 of the style guide.

mod modules;

use std::{collections::BTreeSet, process::Command};

use serde_json::{Value, json};
use tessera_tests::workspace_root;

/// One crate with its allowed workspace dependencies, and its allowed external dependencies if that list is closed.
struct Row {
    name: &'static str,
    inside: &'static [&'static str],
    outside: Option<&'static [&'static str]>,
}

const DOMAINS: [&str; 6] =
    ["tessera-identity", "tessera-sso", "tessera-orgs", "tessera-apps", "tessera-apikeys", "tessera-inventory"];

const INNER_CRATES: &[&str] = &[
    "tessera-kernel",
    "tessera-outbox",
    "tessera-identity",
    "tessera-sso",
    "tessera-orgs",
    "tessera-apps",
    "tessera-apikeys",
    "tessera-inventory",
];

/// In addition to the guide: Unicode normalization, domain names, the encoding of wallet addresses, short texts, and the
/// checksum of secrets
/// (ADR 0006).
const KERNEL_OUTSIDE: &[&str] = &[
    "async-trait",
    "serde",
    "thiserror",
    "time",
    "uuid",
    "unicode-normalization",
    "idna",
    "sha3",
    "bs58",
    "data-encoding",
    "smol_str",
    "crc32fast",
];

const DOMAIN_INSIDE: &[&str] = &["tessera-kernel", "tessera-outbox"];

const DOMAIN_OUTSIDE: &[&str] = &["async-trait", "serde", "thiserror", "time", "uuid", "mockall", "data-encoding"];

const TABLE: &[Row] = &[
    Row { name: "tessera-kernel", inside: &[], outside: Some(KERNEL_OUTSIDE) },
    Row { name: "tessera-outbox", inside: &["tessera-kernel"], outside: Some(KERNEL_OUTSIDE) },
    // In addition to the guide: avatar URLs (ADR 0006).
    Row {
        name: "tessera-identity",
        inside: DOMAIN_INSIDE,
        outside: Some(&["async-trait", "serde", "thiserror", "time", "uuid", "mockall", "url"]),
    },
    Row { name: "tessera-sso", inside: DOMAIN_INSIDE, outside: Some(DOMAIN_OUTSIDE) },
    Row { name: "tessera-orgs", inside: DOMAIN_INSIDE, outside: Some(DOMAIN_OUTSIDE) },
    // In addition to the guide: redirect URIs (ADR 0006).
    Row {
        name: "tessera-apps",
        inside: DOMAIN_INSIDE,
        outside: Some(&["async-trait", "serde", "thiserror", "time", "uuid", "mockall", "url"]),
    },
    // In addition to the guide: the search for keys in text, and where they were found (ADR 0006);
    // a lock that waits, and verifications at the same time (ADR 0007).
    Row {
        name: "tessera-apikeys",
        inside: DOMAIN_INSIDE,
        outside: Some(&[
            "async-trait",
            "serde",
            "thiserror",
            "time",
            "uuid",
            "mockall",
            "memchr",
            "url",
            "futures-util",
        ]),
    },
    Row { name: "tessera-inventory", inside: DOMAIN_INSIDE, outside: Some(DOMAIN_OUTSIDE) },
    Row { name: "tessera-testkit", inside: INNER_CRATES, outside: Some(&["async-trait", "time", "tokio", "uuid"]) },
    // In addition to the guide: comparison in constant time (ADR 0007).
    Row {
        name: "tessera-system",
        inside: &["tessera-kernel"],
        outside: Some(&["getrandom", "sha2", "subtle", "time"]),
    },
    // In addition to the guide: types in the interface of actix-http (ADR 0007).
    Row {
        name: "tessera-http-guard",
        inside: &[],
        outside: Some(&["actix-http", "actix-service", "bytes", "futures-core", "memchr", "tokio"]),
    },
    Row {
        name: "tessera-adapters",
        inside: &[
            "tessera-kernel",
            "tessera-outbox",
            "tessera-identity",
            "tessera-sso",
            "tessera-orgs",
            "tessera-apps",
            "tessera-apikeys",
            "tessera-inventory",
            "tessera-system",
        ],
        outside: None,
    },
    Row { name: "tessera-api", inside: INNER_CRATES, outside: None },
    Row {
        name: "tessera-server",
        inside: &[
            "tessera-kernel",
            "tessera-outbox",
            "tessera-identity",
            "tessera-sso",
            "tessera-orgs",
            "tessera-apps",
            "tessera-apikeys",
            "tessera-inventory",
            "tessera-system",
            "tessera-adapters",
            "tessera-api",
            "tessera-http-guard",
        ],
        outside: None,
    },
    Row { name: "tessera-tests", inside: &[], outside: None },
];

/// Additional dependencies of tests: the fakes and the harness, which use no adapter. The tests of the whole service
/// also write expired keys, sign-ins and thousands of credentials directly into storage.
const DEV_INSIDE: &[(&str, &[&str])] = &[
    ("tessera-kernel", &["tessera-testkit"]),
    ("tessera-outbox", &["tessera-testkit"]),
    ("tessera-identity", &["tessera-testkit"]),
    ("tessera-sso", &["tessera-testkit"]),
    ("tessera-orgs", &["tessera-testkit"]),
    ("tessera-apps", &["tessera-testkit"]),
    ("tessera-apikeys", &["tessera-testkit"]),
    ("tessera-inventory", &["tessera-testkit"]),
    ("tessera-system", &["tessera-testkit"]),
    ("tessera-adapters", &["tessera-testkit", "tessera-tests"]),
    ("tessera-api", &["tessera-testkit"]),
    ("tessera-server", &["tessera-testkit", "tessera-tests"]),
    (
        "tessera-tests",
        &[
            "tessera-kernel",
            "tessera-outbox",
            "tessera-identity",
            "tessera-sso",
            "tessera-apikeys",
            "tessera-system",
            "tessera-adapters",
            "tessera-testkit",
        ],
    ),
];

/// Technologies, and the only crates that may use them.
const EXCLUSIVE: &[(&str, &[&str])] = &[
    ("diesel", &["tessera-adapters"]),
    ("diesel-async", &["tessera-adapters"]),
    ("diesel_migrations", &["tessera-adapters"]),
    ("argon2", &["tessera-adapters"]),
    ("jsonwebtoken", &["tessera-adapters"]),
    ("ethers-core", &["tessera-adapters"]),
    ("actix-web", &["tessera-api", "tessera-server"]),
    ("memchr", &["tessera-apikeys", "tessera-http-guard"]),
    ("utoipa", &["tessera-api"]),
    ("anyhow", &["tessera-server"]),
    ("prometheus-client", &["tessera-server"]),
    ("opentelemetry-otlp", &["tessera-server"]),
    ("tracing-opentelemetry", &["tessera-api", "tessera-server"]),
];

/// One edge of the dependency graph that starts at a crate of the workspace.
struct Edge<'a> {
    from: &'a str,
    to: &'a str,
    dev: bool,
    inside: bool,
}

fn edges(metadata: &Value) -> Vec<Edge<'_>> {
    let packages = metadata["packages"].as_array().unwrap_or_else(|| panic!("no packages"));
    packages
        .iter()
        .flat_map(|package| {
            let from = name_of(package);
            let dependencies = package["dependencies"].as_array().unwrap_or_else(|| panic!("no dependencies: {from}"));
            dependencies.iter().map(move |dependency| Edge {
                from,
                to: name_of(dependency),
                dev: dependency["kind"] == "dev",
                inside: dependency["path"].is_string(),
            })
        })
        .collect()
}

#[track_caller]
fn name_of(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_else(|| panic!("no name: {value}"))
}

/// Every violation of the table.
fn breaches(metadata: &Value) -> Vec<String> {
    let mut found: Vec<String> = edges(metadata).iter().filter_map(breach).collect();
    let packages = metadata["packages"].as_array().into_iter().flatten().map(name_of);
    found.extend(
        packages.filter(|name| row(name).is_none()).map(|name| format!("{name} has no row in the table of layers")),
    );
    found
}

fn row(name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name)
}

fn breach(edge: &Edge<'_>) -> Option<String> {
    let Edge { from, to, dev, inside } = edge;
    let row = row(from)?;
    let extra = DEV_INSIDE.iter().find(|(name, _)| name == from).map_or(&[][..], |(_, extra)| *extra);
    let allowed = match (inside, dev) {
        (true, false) => row.inside.contains(to),
        (true, true) => row.inside.contains(to) || extra.contains(to),
        (false, false) => row.outside.is_none_or(|outside| outside.contains(to)),
        (false, true) => true,
    };
    let theirs =
        EXCLUSIVE.iter().find(|(technology, _)| technology == to).is_none_or(|(_, users)| users.contains(from));
    (!(allowed && theirs)).then(|| format!("{from} must not use {to}{}", if *dev { ", not even in tests" } else { "" }))
}

#[expect(clippy::disallowed_methods, reason = "cargo names itself in the environment")]
fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--offline", "--manifest-path"];
    let manifest = workspace_root().join("Cargo.toml");
    let output = Command::new(cargo).args(arguments).arg(manifest).output();
    let output = output.unwrap_or_else(|error| panic!("cargo metadata does not run: {error}"));
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("cargo metadata wrote no JSON: {error}"))
}

/// The real metadata with one additional dependency.
fn with_edge(from: &str, dependency: &Value) -> Value {
    let mut metadata = metadata();
    let packages = metadata["packages"].as_array_mut().unwrap_or_else(|| panic!("no packages"));
    let package = packages.iter_mut().find(|package| package["name"] == from).unwrap_or_else(|| panic!("no {from}"));
    let dependencies = package["dependencies"].as_array_mut().unwrap_or_else(|| panic!("no dependencies"));
    dependencies.push(dependency.clone());
    metadata
}

fn inner(name: &str) -> Value {
    json!({"name": name, "kind": null, "path": "/somewhere"})
}

fn outer(name: &str) -> Value {
    json!({"name": name, "kind": null})
}

#[test]
fn dependencies_point_inwards() {
    assert_eq!(breaches(&metadata()), Vec::<String>::new());
}

#[test]
fn every_row_of_the_table_is_a_crate() {
    let metadata = metadata();
    let crates: BTreeSet<&str> = metadata["packages"].as_array().into_iter().flatten().map(name_of).collect();
    assert_eq!(TABLE.iter().map(|row| row.name).collect::<BTreeSet<_>>(), crates);
}

#[test]
fn a_domain_that_sees_another_is_a_breach() {
    for (from, to) in DOMAINS.iter().flat_map(|from| DOMAINS.iter().map(move |to| (from, to))).filter(|(a, b)| a != b) {
        assert_eq!(breaches(&with_edge(from, &inner(to))), [format!("{from} must not use {to}")]);
    }
}

#[test]
fn a_domain_that_uses_a_technology_is_a_breach() {
    for to in ["diesel", "actix-web", "tokio", "serde_json", "rand"] {
        assert_eq!(
            breaches(&with_edge("tessera-identity", &outer(to))),
            [format!("tessera-identity must not use {to}")]
        );
    }
}

#[test]
fn an_edge_that_sees_the_adapters_is_a_breach() {
    let metadata = with_edge("tessera-api", &inner("tessera-adapters"));
    assert_eq!(breaches(&metadata), ["tessera-api must not use tessera-adapters"]);
}

#[test]
fn an_edge_that_queries_the_database_is_a_breach() {
    let metadata = with_edge("tessera-api", &outer("diesel"));
    assert_eq!(breaches(&metadata), ["tessera-api must not use diesel"]);
}

#[test]
fn a_binary_that_holds_the_test_kit_is_a_breach() {
    let metadata = with_edge("tessera-server", &inner("tessera-testkit"));
    assert_eq!(breaches(&metadata), ["tessera-server must not use tessera-testkit"]);
}

#[test]
fn a_domain_whose_tests_see_another_is_a_breach() {
    let edge = json!({"name": "tessera-orgs", "kind": "dev", "path": "/somewhere"});
    let found = breaches(&with_edge("tessera-identity", &edge));
    assert_eq!(found, ["tessera-identity must not use tessera-orgs, not even in tests"]);
}

#[test]
fn a_crate_without_a_row_is_a_breach() {
    let mut metadata = metadata();
    let packages = metadata["packages"].as_array_mut().unwrap_or_else(|| panic!("no packages"));
    packages.push(json!({"name": "tessera-utils", "dependencies": []}));
    assert_eq!(breaches(&metadata), ["tessera-utils has no row in the table of layers"]);
}

#[test]
fn a_domain_compiles_mocks_only_on_demand() {
    let metadata = metadata();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            if dependency["name"] == "mockall" && dependency["kind"].is_null() {
                assert_eq!(dependency["optional"], true, "mockall of {}", name_of(package));
            }
        }
    }
}

#[test]
fn no_crate_can_make_an_id_without_the_injected_clock_and_entropy() {
    let metadata = metadata();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let features = dependency["features"].as_array().into_iter().flatten();
            let makes = |feature: &Value| feature == "v4" || feature == "v7";
            let random = dependency["name"] == "uuid" && features.filter(|feature| makes(feature)).count() > 0;
            assert!(!random, "{} draws its own ids", name_of(package));
        }
    }
}

#[test]
fn the_exceptions_to_the_guide_are_decided() {
    let decisions: String = std::fs::read_dir(workspace_root().join("docs/adr"))
        .unwrap_or_else(|error| panic!("docs/adr: {error}"))
        .flatten()
        .map(|entry| std::fs::read_to_string(entry.path()).unwrap_or_default())
        .collect();
    for name in ["unicode-normalization", "idna", "url", "crc32fast", "sha3", "bs58", "data-encoding"] {
        assert!(decisions.contains(&format!("`{name}`")), "no ADR grants {name}");
    }
}
