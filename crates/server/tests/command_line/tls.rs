//! The settings of TLS on the address for clients, and of its stop.

use std::{fs, os::unix::fs::PermissionsExt as _};

use tempfile::TempDir;
use tessera_tests::tls::Authority;

use crate::{complaint, directory, out, run, run_in};

const BOTH: [(&str, &str); 2] = [("TESSERA_TLS_CERT_FILE", "tls.crt"), ("TESSERA_TLS_KEY_FILE", "tls.key")];

/// A directory with a certificate and its key.
fn with_pair() -> TempDir {
    let directory = directory();
    Authority::new().certificate("localhost").write_to(directory.path());
    directory
}

#[test]
fn the_files_are_printed_and_the_public_url_is_https() {
    let directory = with_pair();
    for (listen, url) in [("127.0.0.1:8443", "https://127.0.0.1:8443"), ("0.0.0.0:443", "https://localhost")] {
        let output = run_in(&directory, &["check-config"], &[BOTH[0], BOTH[1], ("TESSERA_LISTEN", listen)]);
        let text = out(&output);
        for line in [
            "tls_cert_file = \"tls.crt\"  # TESSERA_TLS_CERT_FILE".to_owned(),
            "tls_key_file = \"tls.key\"  # TESSERA_TLS_KEY_FILE".to_owned(),
            format!("public_url = \"{url}\"  # default"),
        ] {
            assert!(text.lines().any(|printed| printed == line), "{line} is missing from: {text}");
        }
        assert!(!text.contains("PRIVATE KEY"), "{text}");
    }
}

#[test]
fn one_file_alone_is_rejected_with_the_names_of_both() {
    let directory = with_pair();
    for (set, other) in [(BOTH[0], BOTH[1]), (BOTH[1], BOTH[0])] {
        let text = complaint(&run_in(&directory, &["check-config"], &[set]));
        assert!(text.contains(&format!("{}: needs {}: set both or neither", set.0, other.0)), "{text}");
    }
}

#[test]
fn files_without_a_usable_pair_are_rejected() {
    let directory = with_pair();
    let check = || complaint(&run_in(&directory, &["check-config"], &BOTH));
    let write = |name: &str, text: &str| {
        fs::write(directory.path().join(name), text).unwrap_or_else(|error| panic!("{name}: {error}"));
    };
    let read =
        |name: &str| fs::read_to_string(directory.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (certificate, key) = (read("tls.crt"), read("tls.key"));
    let foreign = Authority::new().certificate("localhost");
    for (name, content, said) in [
        ("tls.crt", key.as_str(), "TESSERA_TLS_CERT_FILE: tls.crt holds no certificate in PEM"),
        (
            "tls.crt",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "holds a certificate that can't be read",
        ),
        ("tls.key", certificate.as_str(), "TESSERA_TLS_KEY_FILE: tls.key holds no private key in PEM"),
        (
            "tls.key",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "tls.key holds a key that can't be used",
        ),
    ] {
        write(name, content);
        let text = check();
        assert!(text.contains(said), "{said}: {text}");
        write("tls.crt", &certificate);
        write("tls.key", &key);
    }
    foreign.write_to(directory.path());
    write("tls.crt", &certificate);
    let text = check();
    assert!(text.contains("TESSERA_TLS_KEY_FILE: tls.key is not the key of the certificate in tls.crt"), "{text}");
    fs::remove_file(directory.path().join("tls.key")).unwrap_or_else(|error| panic!("{error}"));
    assert!(check().contains("TESSERA_TLS_KEY_FILE: tls.key does not exist"));
    fs::remove_file(directory.path().join("tls.crt")).unwrap_or_else(|error| panic!("{error}"));
    assert!(check().contains("TESSERA_TLS_CERT_FILE: tls.crt can't be read: No such file"));
}

#[test]
fn a_private_key_that_all_users_can_read_is_rejected_s224() {
    let directory = with_pair();
    for (mode, is_rejected) in [(0o644, true), (0o604, true), (0o640, false), (0o400, false)] {
        let file = directory.path().join("tls.key");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap_or_else(|error| panic!("{error}"));
        let output = run_in(&directory, &["check-config"], &BOTH);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(!output.status.success(), is_rejected, "{mode:o}: {text}");
        assert_eq!(text.contains("which is open to all users: set it to 0600"), is_rejected, "{mode:o}: {text}");
    }
}

#[test]
fn an_expired_certificate_can_be_used() {
    let directory = directory();
    Authority::new().expired_certificate("localhost").write_to(directory.path());
    assert!(run_in(&directory, &["check-config"], &BOTH).status.success());
}

#[test]
fn the_drain_time_is_at_most_300_seconds() {
    for seconds in ["0", "300"] {
        let text = out(&run(&["check-config"], &[("TESSERA_DRAIN_SECONDS", seconds)], None));
        assert!(text.contains(&format!("\ndrain_seconds = {seconds}  # TESSERA_DRAIN_SECONDS\n")), "{text}");
    }
    for seconds in ["301", "-1", "1s"] {
        let text = complaint(&run(&["check-config"], &[("TESSERA_DRAIN_SECONDS", seconds)], None));
        assert!(text.contains("TESSERA_DRAIN_SECONDS: must be a whole number from 0 to 300, such as 0"), "{text}");
    }
}
