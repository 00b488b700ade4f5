//! The file of breached passwords.

use std::{fmt::Write as _, fs, path::PathBuf};

use tempfile::TempDir;
use tessera_adapters::{BreachedPasswords, BreachedPasswordsError};
use tessera_testkit::expectations::{failed, ok};

/// The SHA-1 of `password` and of `abc`, from FIPS 180 and from the file of Pwned Passwords.
const PASSWORD: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";
const ABC: &str = "A9993E364706816ABA3E25717850C26C9CD0D89D";

fn file(directory: &TempDir, content: &str) -> PathBuf {
    let path = directory.path().join("hashes.txt");
    ok(fs::write(&path, content));
    path
}

fn open(content: &str) -> Result<BreachedPasswords, BreachedPasswordsError> {
    BreachedPasswords::open(&file(&ok(TempDir::new()), content))
}

/// A line for each number, in ascending order, with `known` among them.
fn lines(count: u32, known: &[&str], tail: impl Fn(u32) -> String) -> String {
    let numbered = (0..count).map(|number| format!("{:08X}{:032X}", number.wrapping_mul(4_294_967), number));
    let mut hashes: Vec<String> = numbered.chain(known.iter().map(|hash| (*hash).to_owned())).collect();
    hashes.sort();
    let mut text = String::new();
    for (hash, number) in hashes.iter().zip(0..) {
        ok(write!(text, "{hash}{}", tail(number)));
    }
    text
}

#[test]
fn a_password_is_found_wherever_its_line_is() {
    for count in [0, 1, 2, 3, 10, 999, 30_000] {
        for tail in [|_| "\n".to_owned(), |_| "\r\n".to_owned(), |number| format!(":{number}\n")] {
            let found = ok(open(&lines(count, &[PASSWORD], tail)));
            assert!(ok(found.contains("password")), "{count}");
            assert!(
                !ok(found.contains("abc")) && !ok(found.contains("Password")) && !ok(found.contains("")),
                "{count}"
            );
        }
        // Without a line end after the last hash, and in lower case.
        let text = lines(count, &[PASSWORD, ABC], |_| "\n".to_owned()).trim_end().to_lowercase();
        let found = ok(open(&text));
        assert!(ok(found.contains("password")) && ok(found.contains("abc")), "{count}");
    }
    let first = ok(open(&format!("{PASSWORD}:1\n{ABC}:2\n")));
    assert!(ok(first.contains("password")) && ok(first.contains("abc")));
}

#[test]
fn a_file_that_cannot_be_searched_is_rejected() {
    let missing = failed(BreachedPasswords::open(&ok(TempDir::new()).path().join("none")));
    assert!(matches!(missing, BreachedPasswordsError::Unreadable(_)), "{missing:?}");
    let sorted = lines(300, &[], |_| "\n".to_owned());
    for (content, at) in [
        (String::new(), 0),
        ("\n".to_owned(), 0),
        (format!("{PASSWORD}x\n"), 0),
        (format!("{}\n", &PASSWORD[1..]), 0),
        (format!("{sorted}not a hash, but as long as one of forty.\n"), 300 * 41),
        (format!("{sorted}\n"), 300 * 41),
        (format!("{PASSWORD}{}\n", "0".repeat(200)), 0),
        (format!("{PASSWORD}:{}\n", "0".repeat(200)), 0),
    ] {
        let error = failed(open(&content));
        assert!(matches!(error, BreachedPasswordsError::Malformed(place) if place == at), "{error:?} {content:.100}");
    }
    for content in [format!("{ABC}\n{PASSWORD}\n"), format!("{sorted}{PASSWORD}\n{sorted}")] {
        let error = failed(open(&content));
        assert!(matches!(error, BreachedPasswordsError::Unsorted(place) if place >= 41), "{error:?}");
    }
    // Of a large file, a part is compared.
    let large = lines(30_000, &[], |_| "\n".to_owned());
    let (start, end) = large.split_at(41 * 15_000);
    assert!(matches!(failed(open(&[end, start].concat())), BreachedPasswordsError::Unsorted(_)));
    // A part of a large file.
    assert!(!ok(ok(open(large.trim_end())).contains("password")));
    for missing in [2, 3, 40] {
        let part = &large[..large.len() - missing];
        assert!(matches!(failed(open(part)), BreachedPasswordsError::Malformed(_)), "{missing}");
    }
}
