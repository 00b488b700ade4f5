//! Commands of the documentation.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use crate::directory;

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn make(path: PathBuf) -> PathBuf {
    fs::create_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    path
}

#[test]
fn the_backup_commands_leave_nothing_in_the_checkout_and_separate_the_key() {
    let page = include_str!("../../../../docs/operations.md");
    let (_, section) = page.split_once("\n## Backup\n").unwrap_or_else(|| panic!("no section"));
    let script = section.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next());
    let script = script.unwrap_or_else(|| panic!("no commands"));
    let directory = directory();
    let [checkout, home, programs] = ["checkout", "home", "programs"].map(|name| make(directory.path().join(name)));
    let data = make(checkout.join("data"));
    for file in ["tessera.db", "master.key"] {
        write(&data.join(file), "");
    }
    // In place of the program: `tessera backup TARGET` copies the file.
    write(&programs.join("tessera"), "#!/bin/sh\ncp data/tessera.db \"$2\"\n");
    fs::set_permissions(programs.join("tessera"), fs::Permissions::from_mode(0o700))
        .unwrap_or_else(|error| panic!("{error}"));
    let output = Command::new("sh")
        .args(["-euc", script])
        .env_clear()
        .env("HOME", &home)
        .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
        .current_dir(&checkout)
        .output();
    let output = output.unwrap_or_else(|error| panic!("sh does not run: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(names(&checkout), ["data"]);
    assert_eq!(names(&data), ["master.key", "tessera.db"]);
    assert_eq!(names(&home.join("tessera-backup")), ["tessera.db"]);
    assert_eq!(names(&home.join("tessera-key")), ["master.key"]);
    assert_eq!(names(&home).len(), 2);
}
