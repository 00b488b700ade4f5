//! The output of `check-config`.

use crate::{complaint, out, run};

/// The lines without their comments.
fn values(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.split("  #").next().unwrap_or_default()).collect()
}

#[test]
fn the_output_is_a_settings_file_with_the_same_effect() {
    let settings = [
        ("TESSERA_LISTEN", "[::]:9000"),
        ("TESSERA_AUDIENCES", "https://games.example.com,urn:example:shop"),
        ("TESSERA_MAIL_FROM", "\"A \\\" B\" <a@example.com>"),
        ("TESSERA_LOG", "info,a[b{c=\"d\"}]=debug"),
        ("TESSERA_QUOTA_ITEMS", "0"),
        ("TESSERA_THROTTLE", "off"),
    ];
    let first = run(&["check-config"], &settings, None);
    assert!(first.status.success(), "{}", complaint(&first));
    let first = out(&first);
    let again = run(&["check-config"], &[], Some(&first));
    assert!(again.status.success(), "{}", complaint(&again));
    let again = out(&again);
    assert_eq!(values(&first), values(&again));
    assert!(!again.contains("# default"), "{again}");
    // Secrets and settings without a value are comments.
    let secret = [("TESSERA_MASTER_KEY", "0123456789abcdef0123456789abcdef")];
    assert!(run(&["check-config"], &[], Some(&out(&run(&["check-config"], &secret, None)))).status.success());
}

#[test]
fn each_value_has_its_source() {
    let file = "session_ttl = 60\nlisten = \"127.0.0.1:1\"\n";
    let text = out(&run(&["check-config"], &[("TESSERA_LISTEN", "127.0.0.1:2")], Some(file)));
    for line in [
        "listen = \"127.0.0.1:2\"  # TESSERA_LISTEN",
        "session_ttl = 60  # tessera.toml",
        "database_pool = 10  # default",
        "# smtp_url: not set",
    ] {
        assert!(text.lines().any(|printed| printed == line), "{line} is missing from: {text}");
    }
}

#[test]
fn a_database_address_is_printed_without_its_password() {
    let key = ("TESSERA_MASTER_KEY", "0123456789abcdef0123456789abcdef");
    for (url, shown) in [
        ("postgres://t:hunter2@db.example:5/x", "# database_url = \"postgres://t:***@db.example:5/x\""),
        ("postgres://t@db.example/x", "database_url = \"postgres://t@db.example/x\""),
        ("postgres://t@db.example/x?password=hunter2", "# database_url = \"***\""),
        ("postgres://t:hunter2@a:1,b:2/x", "# database_url = \"***\""),
    ] {
        let text = out(&run(&["check-config"], &[key, ("TESSERA_DATABASE_URL", url)], None));
        let line = format!("{shown}  # TESSERA_DATABASE_URL\n");
        assert!(text.contains(&format!("\n{line}")) && !text.contains("hunter2"), "{line}: {text}");
    }
}

#[test]
fn the_address_of_the_metrics_is_another_one_than_that_of_the_service() {
    let check = |settings: &[(&str, &str)]| run(&["check-config"], settings, None);
    assert!(out(&check(&[])).contains("# metrics_listen: not set\n"));
    let text = out(&check(&[("TESSERA_METRICS_LISTEN", "127.0.0.1:9464")]));
    assert!(text.contains("metrics_listen = \"127.0.0.1:9464\"  # TESSERA_METRICS_LISTEN\n"), "{text}");
    // The system chooses two ports.
    let both = check(&[("TESSERA_LISTEN", "127.0.0.1:0"), ("TESSERA_METRICS_LISTEN", "127.0.0.1:0")]);
    assert!(both.status.success(), "{}", String::from_utf8_lossy(&both.stderr));
    let text = complaint(&check(&[("TESSERA_METRICS_LISTEN", "127.0.0.1:8080")]));
    assert!(
        text.contains("TESSERA_METRICS_LISTEN: must not be the address of TESSERA_LISTEN, such as 127.0.0.1:9464"),
        "{text}"
    );
}

#[test]
fn the_public_url_follows_the_listen_address() {
    for (listen, url) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("127.0.0.1:80", "http://127.0.0.1"),
        ("[::1]:9000", "http://[::1]:9000"),
        ("0.0.0.0:9000", "http://localhost:9000"),
        ("[::]:9000", "http://localhost:9000"),
    ] {
        let text = out(&run(&["check-config"], &[("TESSERA_LISTEN", listen)], None));
        assert!(text.contains(&format!("public_url = \"{url}\"  # default\n")), "{text}");
    }
}
