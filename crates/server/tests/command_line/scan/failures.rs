//! Paths that cannot be read, and an output that cannot be written.

use std::{
    fs::{self, File},
    os::unix::fs::{PermissionsExt as _, symlink},
};

use tessera_apikeys::model::KeyKind;

use super::{key, scan, scan_command, tree};
use crate::{complaint, out};

#[test]
fn a_path_that_cannot_be_read_is_named_and_the_others_are_searched() {
    let key = key(KeyKind::Application);
    let tree = tree(&[("file", key.expose().as_bytes())]);
    symlink("circle", tree.path().join("circle")).unwrap_or_else(|error| panic!("{error}"));
    let output = scan(&tree, &["nowhere", "circle", "file", "\u{7}"]);
    assert_eq!(out(&output), format!("file:1:1: {}\n", key.shown()));
    // A key was found, which matters more than the path that could not be read.
    assert_eq!(output.status.code(), Some(1));
    let errors = complaint(&output);
    for start in ["nowhere can't be read: No such file", "circle can't be read: ", "\\u{7} can't be read: "] {
        assert!(errors.lines().any(|line| line.starts_with(&format!("tessera: {start}"))), "{errors}");
    }
    assert_eq!(errors.lines().count(), 3);
    assert_eq!(scan(&tree, &["nowhere"]).status.code(), Some(2));
}

#[test]
fn a_file_without_permission_is_named_and_the_others_are_searched() {
    let key = key(KeyKind::Application);
    let tree =
        tree(&[("d/closed", b"nothing"), ("d/closed-too/file", b"nothing"), ("d/open", key.expose().as_bytes())]);
    let closed = ["d/closed", "d/closed-too"].map(|path| tree.path().join(path));
    for path in &closed {
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap_or_else(|error| panic!("{error}"));
    }
    // The permissions of files do not apply to root.
    let readable = File::open(&closed[0]).is_ok();
    let output = scan(&tree, &["d"]);
    assert_eq!(out(&output), format!("d/open:1:1: {}\n", key.shown()));
    assert_eq!(output.status.code(), Some(1));
    let mut errors: Vec<_> = complaint(&output).lines().map(str::to_owned).collect();
    errors.sort_unstable();
    let named =
        ["d/closed can't be read", "d/closed-too can't be read"].map(|text| format!("tessera: {text}: Permission"));
    let expected = if readable { &[][..] } else { &named };
    assert_eq!(errors.len(), expected.len(), "{errors:?}");
    assert!(errors.iter().zip(expected).all(|(error, start)| error.starts_with(start)), "{errors:?}");
    fs::set_permissions(&closed[1], fs::Permissions::from_mode(0o700)).unwrap_or_else(|error| panic!("{error}"));
}

/// The first page of the memory of a process is not mapped, so its read fails after the file was opened.
#[test]
#[cfg(target_os = "linux")]
fn a_read_that_fails_is_an_error() {
    let output = scan(&tree(&[]), &["/proc/self/mem"]);
    assert_eq!((output.status.code(), out(&output)), (Some(2), String::new()));
    let error = complaint(&output);
    assert!(error.starts_with("tessera: /proc/self/mem can't be read: Input/output error"), "{error}");
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_that_cannot_be_written_ends_the_scan() {
    let key = key(KeyKind::Application);
    let tree = tree(&[("file", format!("{}\n", key.expose()).repeat(100).as_bytes())]);
    let full = File::options().write(true).open("/dev/full").unwrap_or_else(|error| panic!("{error}"));
    let output = scan_command(&tree, &["file"]).stdout(full).output().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(output.status.code(), Some(1));
    let error = complaint(&output);
    assert!(error.starts_with("tessera: can't write to standard output: No space left"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}
