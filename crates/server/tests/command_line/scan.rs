//! `tessera keys scan`.

mod failures;
mod terminal;

use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tessera_apikeys::model::{KeyKind, RawKey};
use tessera_system::system_ports;

use crate::{complaint, directory, out, run_in};

/// A new key.
fn key(kind: KeyKind) -> RawKey {
    RawKey::generate(kind, &*system_ports().entropy)
}

/// A directory with these files. Their directories are created.
fn tree(files: &[(&str, &[u8])]) -> TempDir {
    let directory = directory();
    for (path, content) in files {
        write(directory.path().join(path), content);
    }
    directory
}

fn write(path: impl AsRef<Path>, content: &[u8]) {
    let parent = path.as_ref().parent().unwrap_or_else(|| panic!("a file has a directory"));
    fs::create_dir_all(parent).and_then(|()| fs::write(&path, content)).unwrap_or_else(|error| panic!("{error}"));
}

/// The command of a scan in this directory. The invalid setting shows that it needs none.
fn scan_command(directory: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
    command.args(["keys", "scan"]).args(arguments).env_clear().env("TESSERA_LISTEN", "nowhere");
    command.current_dir(directory.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn scan(directory: &TempDir, arguments: &[&str]) -> Output {
    scan_command(directory, arguments).output().unwrap_or_else(|error| panic!("the binary does not run: {error}"))
}

/// Scans standard input.
fn scan_pipe(directory: &TempDir, arguments: &[&str], input: &[u8]) -> Output {
    let child = scan_command(directory, arguments).stdin(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("the binary does not run: {error}"));
    let mut pipe = child.stdin.take().unwrap_or_else(|| panic!("no pipe"));
    pipe.write_all(input).unwrap_or_else(|error| panic!("{error}"));
    drop(pipe);
    child.wait_with_output().unwrap_or_else(|error| panic!("{error}"))
}

/// Asserts the exit code and the lines of standard output in any order, and that nothing else was printed.
#[track_caller]
fn assert_found(output: &Output, lines: &[String]) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(errors, "");
    let text = out(output);
    let (mut found, mut expected): (Vec<&str>, Vec<&str>) =
        (text.lines().collect(), lines.iter().map(String::as_str).collect());
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(output.status.code(), Some(i32::from(!lines.is_empty())));
}

#[test]
fn keys_in_a_tree_are_found_with_their_place() {
    let (one, two) = (key(KeyKind::Application), key(KeyKind::Organization));
    let tree = tree(&[
        ("a/b/c/d/settings.env", format!("# game\nKEY={}\n", one.expose()).as_bytes()),
        ("a/.hidden/.env", format!("{}\n", two.expose()).as_bytes()),
        ("a/readme.md", b"Keys begin with ask_ or osk_.\n"),
        ("a/empty", b""),
    ]);
    let (first, second) = (one.shown(), two.shown());
    let expected = [format!("a/b/c/d/settings.env:2:5: {first}"), format!("a/.hidden/.env:1:1: {second}")];
    assert_found(&scan(&tree, &["a"]), &expected);
    assert_found(&scan(&tree, &["a/b/c/d/settings.env", "a/readme.md"]), &expected[..1]);
    assert_found(&scan(&tree, &["a/readme.md", "a/empty"]), &[]);
}

#[test]
fn a_key_itself_is_never_printed() {
    let key = key(KeyKind::Application);
    let tree = tree(&[("file", key.expose().as_bytes())]);
    for arguments in [&["file"][..], &["--json", "file"], &["file", "nowhere"]] {
        let output = scan(&tree, arguments);
        let all = format!("{}{}", out(&output), complaint(&output));
        assert!(all.contains(key.shown()) && !all.contains(&key.expose()[..=RawKey::SHOWN]), "{all}");
    }
}

#[test]
fn standard_input_is_searched() {
    let (one, two) = (key(KeyKind::Organization), key(KeyKind::Application));
    let directory = tree(&[("file", two.expose().as_bytes())]);
    let input = format!("a log line\ntoken={} user=1\n", one.expose());
    let expected = [format!("-:2:7: {}", one.shown()), format!("file:1:1: {}", two.shown())];
    assert_found(&scan_pipe(&directory, &["-"], input.as_bytes()), &expected[..1]);
    assert_found(&scan_pipe(&directory, &["-", "file"], input.as_bytes()), &expected);
    assert_found(&scan_pipe(&directory, &["-"], b"nothing"), &[]);
}

#[test]
fn several_keys_in_a_line_are_found() {
    let keys: Vec<_> = (0..3).map(|n| key(KeyKind::ALL[n % 2])).collect();
    let line = keys.iter().map(RawKey::expose).collect::<Vec<_>>().join("|");
    let tree = tree(&[("line", line.as_bytes())]);
    let expected: Vec<_> =
        keys.iter().zip([1, 55, 109]).map(|(key, at)| format!("line:1:{at}: {}", key.shown())).collect();
    assert_found(&scan(&tree, &["line"]), &expected);
}

#[test]
fn binary_files_are_searched() {
    let key = key(KeyKind::Application);
    let mut bytes = [&[0, 159, 146, 150, b'\n', 0xFF, 0xFE][..], key.expose().as_bytes(), &[0; 100]].concat();
    bytes.extend(0..=255);
    let tree = tree(&[("core", &bytes)]);
    assert_found(&scan(&tree, &["core"]), &[format!("core:2:3: {}", key.shown())]);
}

#[test]
fn a_wrong_checksum_is_not_reported() {
    let key = key(KeyKind::Application);
    let swapped: String = key.expose().chars().map(|c| if c.is_ascii_digit() { '7' } else { c }).collect();
    let longer = format!("{}0{}", &key.expose()[..10], &key.expose()[10..]);
    let tree = tree(&[("swapped", format!("{swapped}x").as_bytes()), ("longer", longer.as_bytes())]);
    assert_found(&scan(&tree, &["longer"]), &[]);
    // A key without another digit is the key itself.
    if swapped != key.expose() {
        assert_found(&scan(&tree, &["."]), &[]);
    }
}

#[test]
fn keys_across_the_blocks_of_a_read_are_found() {
    const BLOCK: usize = 256 * 1024;
    let key = key(KeyKind::Organization);
    let starts = [BLOCK - 53, BLOCK - 52, BLOCK - 26, BLOCK - 1, BLOCK, 2 * BLOCK - 4, 3 * BLOCK - 51];
    let tree = directory();
    for start in starts {
        let content = ["x".repeat(start - 1).as_bytes(), b"\n", key.expose().as_bytes(), b"x"].concat();
        write(tree.path().join(start.to_string()), &content);
    }
    let expected = starts.map(|start| format!("./{start}:2:1: {}", key.shown()));
    assert_found(&scan(&tree, &["."]), &expected);
}

#[test]
fn each_file_of_a_large_tree_is_searched_once() {
    let tree = directory();
    let key = key(KeyKind::Application);
    let mut expected = Vec::new();
    for number in 0..3000 {
        let path = format!("{}/{}/{number}", number % 7, number % 11);
        let leaked = number % 50 == 0;
        write(tree.path().join("t").join(&path), if leaked { key.expose().as_bytes() } else { b"nothing" });
        expected.extend(leaked.then(|| format!("t/{path}:1:1: {}", key.shown())));
    }
    assert_found(&scan(&tree, &["t"]), &expected);
}

#[test]
fn json_is_one_object_a_line() {
    let (one, two) = (key(KeyKind::Application), key(KeyKind::Organization));
    let tree = tree(&[("a \"b\".txt", format!("\n {}\n{}", one.expose(), two.expose()).as_bytes())]);
    let output = scan(&tree, &["--json", "a \"b\".txt"]);
    let lines: Vec<Value> = out(&output).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let object = |key: &RawKey, line, column| json!({"prefix": key.shown(), "file": "a \"b\".txt", "line": line, "column": column});
    assert_eq!(lines, [object(&one, 2, 2), object(&two, 3, 1)]);
    assert_eq!(out(&output).lines().count(), 2);
    assert_eq!(output.status.code(), Some(1));
    assert_found(&scan_pipe(&tree, &["-", "--json"], b""), &[]);
}

#[test]
fn a_name_cannot_forge_a_line_and_need_not_be_text() {
    let key = key(KeyKind::Application);
    let tree = directory();
    for name in [&b"new\nline"[..], b"\x1B[2Jred", b"not-\xFF-text", "größe".as_bytes()] {
        write(tree.path().join("d").join(OsStr::from_bytes(name)), key.expose().as_bytes());
    }
    let names = ["new\\nline", "\\u{1b}[2Jred", "not-\\xFF-text", "größe"];
    let expected = names.map(|name| format!("d/{name}:1:1: {}", key.shown()));
    assert_found(&scan(&tree, &["d"]), &expected);
    let text = out(&scan(&tree, &["d", "--json"]));
    let files: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let mut files: Vec<&str> = files.iter().filter_map(|line| line["file"].as_str()).collect();
    files.sort_unstable();
    assert_eq!(files, ["d/\u{1B}[2Jred", "d/größe", "d/new\nline", "d/not-\\xFF-text"].map(|file| file));
}

#[test]
fn links_and_pipes_below_a_directory_are_left_out() {
    let key = key(KeyKind::Application);
    let tree = tree(&[("outside", key.expose().as_bytes()), ("d/sub/file", b"nothing")]);
    let link = |to: &str, from: &str| symlink(to, tree.path().join(from)).unwrap_or_else(|error| panic!("{error}"));
    link("../outside", "d/link");
    link("..", "d/sub/circle");
    link("d", "named");
    link("outside", "named-file");
    // A read of this pipe would never end.
    let made = Command::new("mkfifo").arg(tree.path().join("d/pipe")).status();
    assert!(made.is_ok_and(|made| made.success()));
    assert_found(&scan(&tree, &["d"]), &[]);
    assert_found(&scan(&tree, &["named"]), &[]);
    assert_found(&scan(&tree, &["named-file"]), &[format!("named-file:1:1: {}", key.shown())]);
}

#[test]
fn a_scan_needs_a_path_and_known_options() {
    for (arguments, text) in [
        (&["keys", "scan"][..], "a PATH is required: a file, a directory, or - for standard input"),
        (&["keys", "scan", "--jsn", "."], "did you mean --json?"),
    ] {
        let output = run_in(&directory(), arguments, &[]);
        assert_eq!(output.status.code(), Some(2));
        let error = complaint(&output);
        assert!(error.starts_with("tessera: ") && error.contains(text) && error.lines().count() == 1, "{error}");
    }
    let help = out(&run_in(&directory(), &["keys", "scan", "--help"], &[]));
    assert!(help.contains("Usage: tessera keys scan [OPTIONS] <PATH>...") && help.contains("Exit code: 1"), "{help}");
}
