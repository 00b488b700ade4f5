//! Error messages: each one contains a value that is accepted, and has the format of the log.

use std::{fs, net::TcpListener};

use serde_json::Value;

use crate::{complaint, directory, keys, out, run, run_in};

#[test]
fn each_rejected_setting_names_a_value_that_is_accepted() {
    // The values of seven settings are paths, two of which need each other, and this text is a name. Audiences may be any text without a colon.
    // Settings of passkeys depend on the public URL, whose default has no domain. The direct URL depends on the database, and
    // the second master key requires the first.
    let others = [
        "passkey_origins",
        "passkey_rp_id",
        "smtp_ca_file",
        "database_ca_file",
        "logo",
        "tls_cert_file",
        "tls_key_file",
        "backup_dir",
        "breached_passwords",
        "name",
        "database_direct_url",
        "master_key_also",
    ];
    for key in keys().into_iter().filter(|key| !others.contains(&key.as_str())) {
        let variable = format!("TESSERA_{}", key.to_uppercase());
        let text = complaint(&run(&["check-config"], &[(&variable, "no value:")], None));
        let start = format!("tessera: {variable}: ");
        let text = text.trim_end().strip_prefix(&start).unwrap_or_else(|| panic!("{variable}: {text}"));
        let examples: Vec<&str> = match text.split_once("such as ") {
            Some((_, "the output of openssl rand -hex 32")) => vec!["0123456789abcdef0123456789abcdef"],
            Some((_, example)) => vec![example],
            None => text.trim_start_matches("must be ").split(", ").flat_map(|part| part.split(" or ")).collect(),
        };
        for example in examples {
            let output = run(&["check-config"], &[(&variable, example)], None);
            assert!(output.status.success(), "{variable} rejects its example {example}: {}", complaint(&output));
        }
    }
}

#[test]
fn a_word_that_is_not_a_log_level_is_rejected() {
    for wrong in ["verbose", "infos", "info,verbose", "debug,tessera_adapters"] {
        let text = complaint(&run(&["check-config"], &[("TESSERA_LOG", wrong)], None));
        assert!(text.contains("is not a log level: must be off, error, warn"), "{text}");
    }
    for right in ["WARN", "off", "warn,tessera_adapters=debug", "tessera_adapters=trace", "info,a[b{c=d}]=debug"] {
        assert!(run(&["check-config"], &[("TESSERA_LOG", right)], None).status.success(), "{right}");
    }
}

#[test]
fn check_config_rejects_every_address_that_serve_rejects() {
    let key = ("TESSERA_MASTER_KEY", "0123456789abcdef0123456789abcdef");
    for options in ["sslmode=prefer", "sslmode=verify-ca", "sslmode=no", "connect_timeout=soon", "unknown=1"] {
        let url = format!("postgres://tessera:hunter2@127.0.0.1:1/x?{options}");
        for command in ["check-config", "serve", "migrate"] {
            let text = complaint(&run(&[command], &[key, ("TESSERA_DATABASE_URL", &url)], None));
            assert!(text.contains("TESSERA_DATABASE_URL: ") && !text.contains("hunter2"), "{command}: {text}");
        }
    }
}

/// The log lines of a start that fails, as JSON.
fn log_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[test]
fn a_fatal_error_has_the_format_of_the_log() {
    let wrong = [("TESSERA_LISTEN", "nowhere"), ("TESSERA_SESSION_TTL", "24h")];
    let lines = log_lines(&complaint(&run(&["serve"], &wrong, None)));
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line["level"] == "ERROR" && line["target"] == "tessera"), "{lines:?}");
    log_lines(&complaint(&run(&["serve"], &[], Some("= 1"))));
    log_lines(&complaint(&run(&["keys", "list"], &[], None)));
    let text = [wrong[0], ("TESSERA_LOG_FORMAT", "text")];
    assert!(complaint(&run(&["serve"], &text, None)).contains("ERROR tessera: TESSERA_LISTEN: must be"));
    // A filter that admits no error does not hide why the process ends.
    let silent = [("TESSERA_LOG", "off")];
    assert!(complaint(&run(&["keys", "list"], &silent, None)).starts_with("tessera: there is no database"));
}

#[test]
fn the_error_in_a_settings_file_has_a_line_number() {
    let text = complaint(&run(&["check-config"], &[], Some("session_ttl = 60\n\nlisten = \n")));
    assert!(text.starts_with("tessera: tessera.toml is not TOML: line 3: ") && text.lines().count() == 1, "{text}");
}

#[test]
fn a_second_process_on_the_same_address_creates_no_files() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no port: {error}"));
    let address = taken.local_addr().unwrap_or_else(|error| panic!("no address: {error}")).to_string();
    let directory = directory();
    let output = run_in(&directory, &["serve"], &[("TESSERA_LISTEN", &address)]);
    let lines = log_lines(&complaint(&output));
    let message = lines[0]["message"].as_str().unwrap_or_default();
    assert!(message.starts_with(&format!("can't listen on {address}: ")), "{message}");
    assert_eq!(out(&output), "");
    let files = fs::read_dir(directory.path()).unwrap_or_else(|error| panic!("no directory: {error}"));
    assert_eq!(files.count(), 0);
}
