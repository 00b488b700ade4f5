//! Limits on the size and the location of source files.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use tessera_kernel::Outcome;
use tessera_tests::workspace_root;

/// Every Rust source file in a directory of the workspace.
fn sources(directory: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![workspace_root().join(directory)];
    while let Some(directory) = open.pop() {
        let entries = std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "no sources under {directory}");
    found.sort();
    found
}

fn text_of(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Whether the file is shipped, that is, in `src/` of a crate.
fn is_shipped(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "src")
}

#[test]
fn no_file_reaches_400_lines() {
    let long: Vec<String> = sources("crates")
        .iter()
        .chain(&sources("tests"))
        .map(|path| (path, text_of(path).lines().count()))
        .filter(|(_, lines)| *lines >= 400)
        .map(|(path, lines)| format!("{}: {lines}", path.display()))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn no_module_hides_in_mod_rs() {
    for path in sources("crates").iter().chain(&sources("tests")) {
        assert_ne!(path.file_name(), Some("mod.rs".as_ref()), "{}", path.display());
    }
}

#[test]
fn every_shipped_module_opens_with_what_it_is_for() {
    for path in sources("crates").iter().filter(|path| is_shipped(path)) {
        assert!(text_of(path).starts_with("//! "), "{}", path.display());
    }
}

#[test]
fn every_crate_obeys_the_lints_of_the_workspace() {
    let crates = std::fs::read_dir(workspace_root().join("crates")).unwrap_or_else(|error| panic!("crates: {error}"));
    let manifests = crates.flatten().map(|entry| entry.path().join("Cargo.toml"));
    for manifest in manifests.chain([workspace_root().join("tests/Cargo.toml")]) {
        assert!(text_of(&manifest).contains("[lints]\nworkspace = true\n"), "{}", manifest.display());
    }
}

/// Quoted words of the form of the name of an audit entry.
fn event_names(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |word: &&str| {
        let words = word.split_once('.');
        words.is_some_and(|(object, action)| {
            [object, action]
                .iter()
                .all(|part| part.len() > 2 && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        })
    };
    text.split('"').skip(1).step_by(2).filter(is_name)
}

#[test]
fn every_audit_entry_has_a_series_from_the_start() {
    let mut used = BTreeSet::new();
    for path in sources("crates").iter().filter(|path| is_shipped(path)) {
        let (text, storage) = (text_of(path), path.ends_with("adapters/src/database/tables/events.rs"));
        if !storage && (path.ends_with("events.rs") || text.contains("AuditEntry {")) {
            used.extend(event_names(&text).map(str::to_owned));
        }
    }
    let known = [Outcome::Success, Outcome::Refused].into_iter().flat_map(Outcome::event_names);
    assert_eq!(used, known.map(|name| (*name).to_owned()).collect());
}

/// Where limits may be declared: the table, the counter of guesses that never rejects, the limits that belong to a key and not
/// to a requester of this service, and the setting of connections, which are counted before a request is read.
const DECLARE_LIMITS: [&str; 5] = [
    "kernel/src/limits.rs",
    "kernel/src/limits/table.rs",
    "kernel/src/limits/guesses.rs",
    "apikeys/src/verification/charge.rs",
    "server/src/config.rs",
];

/// Names of constants and fields that limit what a requester may do or have open.
const LIMIT_NAMES: [&str; 8] = [
    "per_network",
    "per_node",
    "per_application",
    "per_address",
    "PER_NETWORK",
    "PER_PLACE",
    "PER_ADDRESS",
    "PER_MINUTE",
];

/// Whether the line gives a limit a number.
fn declares_a_limit(line: &str) -> bool {
    let declares = |name: &str| line.contains(name);
    let is_set = |name: &&str| {
        let value = line.split_once(*name).and_then(|(_, rest)| rest.rsplit_once([':', '=']));
        value.is_some_and(|(_, value)| value.trim().starts_with(|digit: char| digit.is_ascii_digit()))
    };
    declares("RateLimit::new(") || LIMIT_NAMES.iter().any(is_set)
}

#[test]
fn every_limit_is_in_the_table() {
    let mut elsewhere = Vec::new();
    let shipped = |path: &&PathBuf| is_shipped(path) && !path.starts_with(workspace_root().join("crates/testkit"));
    for path in sources("crates").iter().filter(shipped) {
        if DECLARE_LIMITS.iter().any(|known| path.ends_with(known)) {
            continue;
        }
        let text = text_of(path);
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        elsewhere.extend(code.filter(|line| declares_a_limit(line)).map(|line| format!("{}: {line}", path.display())));
    }
    assert_eq!(elsewhere, Vec::<String>::new());
    // The test recognizes what it looks for.
    for line in ["Limits { per_network: 300, per_node: 5 }", "const HASH_QUEUE_PER_PLACE: usize = 256;"] {
        assert!(declares_a_limit(line), "{line}");
    }
    assert!(!declares_a_limit("per_network: limit::OPEN_SIGN_INS.maximum,"));
}
