//! Secrets in files, as container platforms mount them.

use std::fs;

use tempfile::TempDir;

use crate::{complaint, directory, out, run, run_in};

const SECRETS: [(&str, &str); 4] = [
    ("MASTER_KEY", "0123456789abcdef0123456789abcdef"),
    ("DATABASE_URL", "sqlite://elsewhere.db"),
    ("SMTP_URL", "smtps://user:hunter2@mail.example.com"),
    ("RPC_BASE", "https://node.example.com/hunter2"),
];

fn write(directory: &TempDir, name: &str, text: &str) {
    fs::write(directory.path().join(name), text).unwrap_or_else(|error| panic!("no file: {error}"));
}

#[test]
fn each_secret_can_be_read_from_a_file() {
    let page = include_str!("../../../../docs/configuration.md");
    for (name, value) in SECRETS {
        let directory = directory();
        write(&directory, "secret", &format!("{value}\n"));
        let (variable, file) = (format!("TESSERA_{name}"), format!("TESSERA_{name}_FILE"));
        let output = run_in(&directory, &["check-config"], &[(&file, "secret")]);
        let text = out(&output);
        assert!(text.contains(&format!("# {file}\n")) && !text.contains("hunter2"), "{}", complaint(&output));
        assert!(page.contains(&format!("`{file}`")) || name == "RPC_BASE", "{file} is not documented");
        // Both forms are an error, whatever they contain. An empty one counts as unset.
        let text = complaint(&run_in(&directory, &["check-config"], &[(&file, "secret"), (&variable, value)]));
        assert!(text.contains(&format!("{file}: must not be set together with {variable}")), "{text}");
        assert!(run_in(&directory, &["check-config"], &[(&file, "secret"), (&variable, "")]).status.success());
        assert!(run_in(&directory, &["check-config"], &[(&file, ""), (&variable, value)]).status.success());
        // The content is checked like the value.
        write(&directory, "secret", "no value!");
        let text = complaint(&run_in(&directory, &["check-config"], &[(&file, "secret")]));
        assert!(text.contains(&format!("{file}: ")), "{text}");
    }
}

#[test]
fn an_unusable_file_of_a_secret_is_rejected() {
    let directory = directory();
    write(&directory, "empty", "\n");
    for (path, fault) in [("empty", "empty is empty"), ("nowhere", "nowhere can't be read: No such file")] {
        let text = complaint(&run_in(&directory, &["check-config"], &[("TESSERA_SMTP_URL_FILE", path)]));
        assert!(text.contains(&format!("TESSERA_SMTP_URL_FILE: {fault}")), "{text}");
    }
    let text = complaint(&run(&["check-config"], &[("TESSERA_LISTEN_FILE", "x")], None));
    assert!(text.contains("TESSERA_LISTEN_FILE: there is no such setting"), "{text}");
}

#[test]
fn white_space_around_a_value_is_removed() {
    let settings = [("TESSERA_LISTEN", " 127.0.0.1:9\n"), ("TESSERA_SESSION_TTL", "60\n"), ("TESSERA_AUDIENCES", " ")];
    let text = out(&run(&["check-config"], &settings, None));
    assert!(text.contains("listen = \"127.0.0.1:9\"") && text.contains("session_ttl = 60  #"), "{text}");
    assert!(text.contains("# audiences: not set"), "{text}");
}

#[test]
fn a_key_file_that_serve_rejects_is_rejected_by_check_config() {
    let directory = directory();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap_or_else(|error| panic!("no directory: {error}"));
    fs::write(data.join("master.key"), "0123456789abcdef0123456789abcdef").unwrap_or_else(|error| panic!("{error}"));
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(data.join("master.key"), open).unwrap_or_else(|error| panic!("{error}"));
    assert!(complaint(&run_in(&directory, &["check-config"], &[])).contains("which is open to all users"));
}
