//! The settings in the files.

use std::collections::BTreeSet;

use tessera_tests::{read_workspace_file, workspace_root};

/// The names of settings in a text.
fn settings(text: &str) -> BTreeSet<&str> {
    let words = text.split(|character: char| character != '_' && !character.is_ascii_alphanumeric());
    words.filter(|word| word.starts_with("TESSERA_") && word.len() > "TESSERA_".len()).collect()
}

#[test]
fn every_setting_is_documented() {
    let documents = read_workspace_file("docs/configuration.md");
    let documented = settings(&documents);
    let directory = workspace_root().join("deploy");
    let files = std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut found = 0;
    for file in files.flatten().map(|entry| entry.path()).filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for name in settings(&text) {
            found += 1;
            let secret = name.strip_suffix("_FILE").unwrap_or(name);
            assert!(documented.contains(name) || documented.contains(secret), "{name} in {}", file.display());
        }
    }
    assert!(found > 10, "only {found} settings were found");
}
