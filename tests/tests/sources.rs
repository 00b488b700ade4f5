//! Limits on the size and the location of source files.

use std::path::{Path, PathBuf};

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

/// The functions of a formatted file, with their number of lines.
fn functions(source: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = source.lines().collect();
    let starts = |line: &str| {
        let words = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
        let words = words.trim_start_matches("pub ").trim_start_matches("const ").trim_start_matches("async ");
        words.starts_with("fn ")
    };
    let beginnings = lines.iter().enumerate().filter(|(_, line)| starts(line));
    beginnings
        .filter_map(|(first, line)| {
            let end = format!("{}}}", " ".repeat(line.len() - line.trim_start().len()));
            let length = lines[first..].iter().position(|line| *line == end)?;
            Some(((*line).trim().to_owned(), length + 1))
        })
        .collect()
}

#[test]
fn no_function_reaches_60_lines() {
    let paths = sources("crates");
    let long: Vec<String> = paths
        .iter()
        .filter(|path| is_shipped(path))
        .flat_map(|path| functions(&text_of(path)))
        .filter(|(_, lines)| *lines >= 60)
        .map(|(name, lines)| format!("{name}: {lines}"))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn functions_are_measured_to_their_closing_brace() {
    let source = "impl A {\n    pub async fn one(&self) {\n        {\n        }\n    }\n}\nfn two() {\n}\n";
    assert_eq!(functions(source), [("pub async fn one(&self) {".to_owned(), 4), ("fn two() {".to_owned(), 2)]);
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
fn only_the_binary_reads_the_environment() {
    for path in sources("crates").iter().filter(|path| is_shipped(path)) {
        let binary = path.components().any(|part| part.as_os_str() == "server");
        let reads = ["env::var", "env::vars", "env::args"].iter().any(|call| text_of(path).contains(call));
        assert!(binary || !reads, "{}", path.display());
    }
}

#[test]
fn domains_keep_json_trees_out() {
    for domain in ["identity", "sso", "orgs", "apps", "apikeys", "inventory"] {
        for path in sources(&format!("crates/{domain}/src")) {
            assert!(!text_of(&path).contains("serde_json"), "{}", path.display());
        }
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
