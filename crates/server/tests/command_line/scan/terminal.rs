//! The progress bar, which only a terminal gets.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::{Command, Stdio},
};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tessera_apikeys::model::KeyKind;

use super::{key, scan_command, tree};
use crate::directory;

/// Both ends of a new terminal.
fn terminal() -> (OwnedFd, File) {
    let opened = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).and_then(|end| {
        grantpt(&end)?;
        unlockpt(&end)?;
        let name = ptsname(&end, Vec::new())?;
        Ok((end, name))
    });
    let (end, name) = opened.unwrap_or_else(|error| panic!("no terminal: {error}"));
    let name = name.into_string().unwrap_or_else(|error| panic!("{error}"));
    let other = File::options().read(true).write(true).open(name).unwrap_or_else(|error| panic!("{error}"));
    (end, other)
}

#[test]
fn a_terminal_gets_a_summary() {
    let key = key(KeyKind::Application);
    let tree = tree(&[("d/one", key.expose().as_bytes()), ("d/two", &[b'x'; 3000])]);
    let (screen, end) = terminal();
    let mut command = scan_command(&tree, &["d"]);
    let output = command.stderr(end).output().unwrap_or_else(|error| panic!("{error}"));
    drop(command);
    assert_eq!(output.status.code(), Some(1));
    let shown = everything(screen);
    assert!(shown.ends_with("1 key found in 2 files, 2.9 KiB\r\n"), "{shown:?}");
}

#[test]
fn a_terminal_shows_the_progress_until_the_scan_ends() {
    let (directory, (screen, end)) = (directory(), terminal());
    let mut command = scan_command(&directory, &["-"]);
    let child = command.stdin(Stdio::piped()).stderr(end).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{error}"));
    drop(command);
    let mut input = child.stdin.take().unwrap_or_else(|| panic!("no pipe"));
    input.write_all(&[b'x'; 3000]).unwrap_or_else(|error| panic!("{error}"));
    let mut screen = File::from(screen);
    read_until(&mut screen, "\r\x1B[K0 files, 2.9 KiB");
    drop(input);
    let status = child.wait().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(status.code(), Some(0));
    let shown = everything(screen.into());
    assert!(shown.ends_with("\r\x1B[K0 keys found in 1 file, 2.9 KiB\r\n"), "{shown:?}");
}

#[test]
fn a_bar_shows_the_part_of_a_known_total() {
    let tree = tree(&[("file", &[b'x'; 3000])]);
    let pipe = tree.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().is_ok_and(|made| made.success()));
    let (screen, end) = terminal();
    let mut command = scan_command(&tree, &["file", "pipe"]);
    let child = command.stderr(end).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{error}"));
    drop(command);
    let mut screen = File::from(screen);
    // The scan waits for the other end of the pipe, so the line stays.
    read_until(&mut screen, "\r\x1B[K[====================] 100 %  1 of 2 files, 2.9 KiB");
    drop(File::options().write(true).open(pipe).unwrap_or_else(|error| panic!("{error}")));
    let status = child.wait().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(status.code(), Some(0));
    let shown = everything(screen.into());
    assert!(shown.ends_with("\r\x1B[K0 keys found in 2 files, 2.9 KiB\r\n"), "{shown:?}");
}

/// Reads what the terminal shows until it contains the text. The progress is shown again and again.
fn read_until(screen: &mut File, text: &str) {
    let mut shown = String::new();
    while !shown.contains(text) {
        let mut part = [0; 1024];
        let length = screen.read(&mut part).unwrap_or_else(|error| panic!("{error} after {shown:?}"));
        shown.push_str(&String::from_utf8_lossy(&part[..length]));
    }
}

/// What is left to read, up to the end that a terminal without another end reports as an error.
fn everything(screen: OwnedFd) -> String {
    let (mut screen, mut bytes) = (File::from(screen), Vec::new());
    drop(screen.read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}
