//! Commands, settings and errors of the binary.

mod branding;
mod commands;
mod documentation;
mod files;
mod limits;
mod messages;
mod printout;
mod proxies;
mod rotation;
mod scan;
mod servers;
mod tls;
mod traces;

use std::{
    collections::BTreeSet,
    process::{Command, Output},
};

use tempfile::TempDir;

/// Runs the binary in a new directory, with an optional settings file.
#[track_caller]
fn run(arguments: &[&str], settings: &[(&str, &str)], file: Option<&str>) -> Output {
    let directory = directory();
    if let Some(text) = file {
        std::fs::write(directory.path().join("tessera.toml"), text).unwrap_or_else(|error| panic!("no file: {error}"));
    }
    run_in(&directory, arguments, settings)
}

fn directory() -> TempDir {
    TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}"))
}

#[track_caller]
fn run_in(directory: &TempDir, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tessera"))
        .args(arguments)
        .env_clear()
        .envs(settings.iter().copied())
        .current_dir(directory.path())
        .output()
        .unwrap_or_else(|error| panic!("the binary does not run: {error}"))
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "it should have refused: {}", out(output));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_settings_in_force_are_printed_without_secrets() {
    let secret = "0123456789abcdeffedcba9876543210";
    let url = "postgres://tessera:hunter2hunter2@db.example.com/tessera";
    let settings = [("TESSERA_MASTER_KEY", secret), ("TESSERA_DATABASE_URL", url), ("TESSERA_LISTEN", "[::1]:9000")];
    let output = run(&["check-config"], &settings, None);
    assert!(output.status.success(), "{}", complaint(&output));
    let text = out(&output);
    assert!(text.contains("listen = \"[::1]:9000\"") && text.contains("# master_key = \"***\""), "{text}");
    assert!(!text.contains(secret) && !text.contains("hunter2"), "{text}");
}

/// What the check says about the settings of the test below.
const FAULTS: &[&str] = &[
    "TESSERA_LISTEN:",
    "TESSERA_BACKUP_HOURS: must be a whole number from 1 to 8760, such as 24",
    "TESSERA_BACKUP_KEEP: is of no use without TESSERA_BACKUP_DIR, such as data/backups",
    "TESSERA_METRICS_LISTEN: must be an IP address and a port, such as 127.0.0.1:9464",
    "TESSERA_PASSWORD_MIN_LENGTH:",
    "TESSERA_ARGON2_ITERATIONS:",
    "TESSERA_SIGNING_KEY_BITS: must be 2048, 3072 or 4096",
    "TESSERA_SIGNING_KEY_DAYS: must be a whole number from 1 to 3650, such as 90",
    "TESSERA_MAX_CONNECTIONS: must be a whole number from 1 to 1000000, such as 10000",
    "TESSERA_MAX_CONNECTIONS_PER_ADDRESS: must be a whole number from 1 to 1000000, such as 1000",
    "TESSERA_AUDIENCES: entry 2 must be a URI such as https://games.example.com, or a name without a colon",
    "entry 3 must not be empty; entry 4 is a duplicate; entry 5 must not be a UUID",
    "TESSERA_TRUSTED_PROXIES: entry 1 must be an IP address",
    "TESSERA_LISTNE: there is no such setting; did you mean TESSERA_LISTEN?",
    "TESSERA_NAME:",
    "TESSERA_LOGO:",
    "TESSERA_HOME_URL:",
    "TESSERA_MASTER_KEY:",
    "TESSERA_REGISTRATION: must be open, verified or invited",
    "TESSERA_LOG:",
    "TESSERA_listen: there is no such setting",
    "TESSERA_ACCESS_TTL: must be a whole number from 60 to 3600, such as 900",
    "TESSERA_REFRESH_GRACE: must be a whole number from 0 to 60, such as 10",
    "TESSERA_REFRESH_IDLE: must not exceed TESSERA_REFRESH_MAX, such as 7776000",
    "TESSERA_PASSKEY_RP_ID: must be a domain in lower case",
    "TESSERA_PASSKEY_ORIGINS: entry 1 must be an https origin",
    "TESSERA_MIGRATE: must be auto or off",
    "TESSERA_AUDIT_DAYS: must be a whole number from 0 to 36500, such as 400",
    "tessera.toml: publc_url: there is no such setting; did you mean tessera.toml: public_url?",
];

#[test]
fn all_configuration_errors_are_reported_at_once_s225() {
    let settings = [
        ("TESSERA_LISTEN", "nowhere"),
        ("TESSERA_METRICS_LISTEN", "localhost:9464"),
        ("TESSERA_PASSWORD_MIN_LENGTH", "7"),
        ("TESSERA_ARGON2_ITERATIONS", "1"),
        ("TESSERA_SIGNING_KEY_BITS", "1024"),
        ("TESSERA_SIGNING_KEY_DAYS", "0"),
        ("TESSERA_MAX_CONNECTIONS", "0"),
        ("TESSERA_MAX_CONNECTIONS_PER_ADDRESS", "0"),
        ("TESSERA_AUDIENCES", "https://a.example,b c:d,,https://a.example,0198C2F0-4A6B-7CC4-9D1E-2F6A1B3C4D5E"),
        ("TESSERA_TRUSTED_PROXIES", "proxy.example.com"),
        ("TESSERA_LISTNE", "127.0.0.1:80"),
        ("TESSERA_NAME", "a\u{7}b"),
        ("TESSERA_LOGO", "nowhere.svg"),
        ("TESSERA_HOME_URL", "javascript:x"),
        ("TESSERA_MASTER_KEY", "short"),
        ("TESSERA_REGISTRATION", "closed"),
        ("TESSERA_LOG", "foo=bar=baz"),
        ("TESSERA_listen", "127.0.0.1:81"),
        ("TESSERA_ACCESS_TTL", "59"),
        ("TESSERA_REFRESH_GRACE", "61"),
        ("TESSERA_REFRESH_IDLE", "7776001"),
        ("TESSERA_PASSKEY_RP_ID", "https://example.com"),
        ("TESSERA_PASSKEY_ORIGINS", "https://a.example/path,http://example.com,android:apk-key-hash:x"),
        ("TESSERA_MIGRATE", "later"),
        ("TESSERA_AUDIT_DAYS", "36501"),
        ("TESSERA_BACKUP_HOURS", "0"),
        ("TESSERA_BACKUP_KEEP", "3"),
    ];
    let text = complaint(&run(&["check-config"], &settings, Some("publc_url = \"http://x\"\n")));
    for key in FAULTS {
        assert!(text.contains(key), "{key} is missing from: {text}");
    }
}

#[test]
fn origins_outside_of_the_rp_id_are_all_reported() {
    let check = |settings: &[(&str, &str)]| run(&["check-config"], settings, None);
    let url = ("TESSERA_PUBLIC_URL", "https://accounts.example.com");
    let outside = complaint(&check(&[
        url,
        ("TESSERA_PASSKEY_RP_ID", "example.com"),
        (
            "TESSERA_PASSKEY_ORIGINS",
            "https://app.example.com,https://example.org,https://badexample.com,http://localhost:1",
        ),
    ]));
    for origin in ["https://example.org", "https://badexample.com", "http://localhost:1"] {
        let error = format!("TESSERA_PASSKEY_ORIGINS: {origin} is outside of the RP id example.com");
        assert!(outside.contains(&error), "{outside}");
    }
    assert!(!outside.contains("app.example.com"), "{outside}");
    let hash = format!("android:apk-key-hash:{}", "a".repeat(43));
    for (settings, error) in [
        (vec![url, ("TESSERA_PASSKEY_RP_ID", "example.org")], "TESSERA_PASSKEY_RP_ID: must be the host of public_url"),
        (vec![url, ("TESSERA_PASSKEY_ORIGINS", &hash)], "TESSERA_PASSKEY_ORIGINS: must have an origin of the web too"),
        (
            vec![("TESSERA_PUBLIC_URL", "http://127.0.0.1:8080"), ("TESSERA_PASSKEY_ORIGINS", "http://localhost:8080")],
            "TESSERA_PASSKEY_ORIGINS: is of no use without passkey_rp_id",
        ),
    ] {
        let text = complaint(&check(&settings));
        assert!(text.contains(error), "{text}");
    }
    let origins = format!("https://accounts.example.com,{hash}");
    let text = out(&check(&[url, ("TESSERA_PASSKEY_RP_ID", "example.com"), ("TESSERA_PASSKEY_ORIGINS", &origins)]));
    assert!(text.contains(&format!("passkey_origins = \"{origins}\"")), "{text}");
}

#[test]
fn environment_variables_override_the_file() {
    let file = "listen = \"127.0.0.1:1111\"\npublic_url = \"https://id.example.com/\"\nsession_ttl = 60\n";
    let output = run(&["check-config"], &[("TESSERA_LISTEN", "127.0.0.1:2222")], Some(file));
    let text = out(&output);
    assert!(text.contains("listen = \"127.0.0.1:2222\"  # TESSERA_LISTEN\n"), "{text}");
    assert!(
        text.contains("public_url = \"https://id.example.com\"  # tessera.toml\n")
            && text.contains("session_ttl = 60  # tessera.toml\n"),
        "{text}"
    );
}

#[test]
fn a_public_url_may_have_a_plain_path() {
    for (url, shown) in [
        ("https://example.com/", "https://example.com"),
        ("https://example.com/accounts/", "https://example.com/accounts"),
        ("https://example.com/a-b_c/d.e~1", "https://example.com/a-b_c/d.e~1"),
    ] {
        let text = out(&run(&["check-config"], &[("TESSERA_PUBLIC_URL", url)], None));
        assert!(text.contains(&format!("public_url = \"{shown}\"  #")), "{text}");
    }
    for url in [
        "https://example.com//evil.example",
        "https://example.com/a;b",
        "https://example.com/a%20b",
        "https://example.com/a//b",
    ] {
        let text = complaint(&run(&["check-config"], &[("TESSERA_PUBLIC_URL", url)], None));
        assert!(text.contains("TESSERA_PUBLIC_URL: must have a path of letters"), "{url}: {text}");
    }
}

#[test]
fn variables_that_kubernetes_sets_are_ignored_and_others_are_not() {
    let of_kubernetes = [
        ("TESSERA_SERVICE_HOST", "10.0.0.1"),
        ("TESSERA_SERVICE_PORT", "8080"),
        ("TESSERA_SERVICE_PORT_HTTP", "8080"),
        ("TESSERA_SERVICE_PORT_METRICS_V2", "9090"),
        ("TESSERA_PORT", "tcp://10.0.0.1:8080"),
        ("TESSERA_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("TESSERA_PORT_8080_TCP_PROTO", "tcp"),
        ("TESSERA_PORT_8080_TCP_PORT", "8080"),
        ("TESSERA_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("TESSERA_PORT_53_UDP_ADDR", "10.0.0.1"),
        ("TESSERA_PORT_9_SCTP", "sctp://10.0.0.1:9"),
    ];
    let output = run(&["check-config"], &of_kubernetes, None);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(out(&output).contains("listen = \"127.0.0.1:8080\"  # default\n"), "{}", out(&output));
    let of_others = [
        ("TESSERA_PORT", "8080"),
        ("TESSERA_SERVICE", "x"),
        ("TESSERA_SERVICE_PORT_", "1"),
        ("TESSERA_SERVICE_HOSTS", "x"),
        ("TESSERA_PORTS", "1"),
        ("TESSERA_PORT_8080", "1"),
        ("TESSERA_PORT_HTTP_TCP", "1"),
        ("TESSERA_PORT_99999_TCP", "1"),
        ("TESSERA_PORT_8080_ICMP", "1"),
        ("TESSERA_PORT_8080_TCP_HOST", "1"),
        ("TESSERA_PORT_8080_TCP_ADDR_X", "1"),
        ("TESSERA_service_host", "10.0.0.1"),
        ("TESSERA_DB_SERVICE_HOST", "10.0.0.1"),
    ];
    let text = complaint(&run(&["check-config"], &of_others, None));
    for (name, _) in of_others {
        assert!(text.contains(&format!("tessera: {name}: there is no such setting")), "{name} is missing from: {text}");
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let empty = ["LISTEN", "SMTP_URL", "MASTER_KEY", "SESSION_TTL", "RPC_BASE", "AUDIENCES", "CONFIG", "SMTP_CA_FILE"];
    let empty = empty.map(|name| format!("TESSERA_{name}"));
    let settings: Vec<(&str, &str)> = empty.iter().map(|name| (name.as_str(), "")).chain([("TESSERA_X", "")]).collect();
    let output = run(&["check-config"], &settings, Some("session_ttl = 60\n"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = out(&output);
    for line in ["listen = \"127.0.0.1:8080\"", "session_ttl = 60  #", "# smtp_url: not set", "# master_key: not set"] {
        assert!(text.contains(line), "{line} is missing from: {text}");
    }
}

#[test]
fn audiences_are_services_other_than_this_one() {
    let named = [("TESSERA_AUDIENCES", "https://games.example.com, urn:example:shop, nft-service")];
    let text = out(&run(&["check-config"], &named, None));
    assert!(text.contains("audiences = \"https://games.example.com,urn:example:shop,nft-service\"  #"), "{text}");
    assert!(text.contains("signing_key_bits = 2048  # default\nsigning_key_days = 90  # default\n"), "{text}");
    assert!(out(&run(&["check-config"], &[], None)).contains("# audiences: not set\n"));
    let text = complaint(&run(&["check-config"], &[("TESSERA_AUDIENCES", "http://127.0.0.1:8080")], None));
    assert!(text.contains("TESSERA_AUDIENCES: must not name this service itself"), "{text}");
}

#[test]
fn further_evm_chains_are_listed_by_their_id() {
    assert!(out(&run(&["check-config"], &[], None)).contains("# evm_chains: not set\n"));
    let most = (1_000..1_100).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    let quoted = format!("\"{most}\"");
    // The printed TOML is a settings file: one id is a number in it.
    for (given, shown) in [
        ("100", "100"),
        ("100, 9007199254740991", "\"100,9007199254740991\""),
        ("1,100", "\"1,100\""),
        (&most, &quoted),
    ] {
        let text = out(&run(&["check-config"], &[("TESSERA_EVM_CHAINS", given)], None));
        assert!(text.contains(&format!("evm_chains = {shown}  #")), "{given}: {text}");
        let again = out(&run(&["check-config"], &[], Some(&text)));
        assert!(again.contains(&format!("evm_chains = {shown}  #")), "{given}: {again}");
    }
    for (given, fault) in [
        ("0", "entry 1 must be a chain id (EIP-155) from 1 to 9007199254740991, such as 100"),
        ("100,9007199254740992", "entry 2 must be a chain id"),
        ("gnosis", "entry 1 must be a chain id"),
        ("100,", "entry 2 must be a chain id"),
        ("+100,0100", "such as 100; entry 2 must be a chain id"),
        ("100,100", "entry 2 is a duplicate"),
        (&format!("{most},1100"), "must have at most 100 entries"),
    ] {
        let text = complaint(&run(&["check-config"], &[("TESSERA_EVM_CHAINS", given)], None));
        assert!(text.contains("TESSERA_EVM_CHAINS: ") && text.contains(fault), "{fault}: {given}: {text}");
    }
}

#[test]
fn origins_are_accepted_in_the_form_of_browsers_only_s119() {
    let text = out(&run(&["check-config"], &[], None));
    assert!(text.contains("# cors_origins: not set\n"), "{text}");
    for (given, shown) in [
        ("*", "*"),
        ("https://app.example.com, http://localhost:5173", "https://app.example.com,http://localhost:5173"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ] {
        let text = out(&run(&["check-config"], &[("TESSERA_CORS_ORIGINS", given)], None));
        assert!(text.contains(&format!("cors_origins = \"{shown}\"  #")), "{given}: {text}");
    }
    let accepted = "must be an http or https origin in the form of browsers";
    for (given, faults) in [
        ("https://app.example.com/", &[accepted, "did you mean https://app.example.com?"][..]),
        ("https://app.example.com/path", &[accepted, "did you mean https://app.example.com?"]),
        ("https://App.Example.com", &[accepted, "did you mean https://app.example.com?"]),
        ("https://app.example.com:443", &["did you mean https://app.example.com?"]),
        ("https://bücher.example", &["did you mean https://xn--bcher-kva.example?"]),
        ("https://a.example,null,app.example.com", &["entry 2 must be an http or", "entry 3 must be an http or"]),
        ("https://a.example,", &["entry 2 must be an http or"]),
        ("ftp://a.example", &[accepted]),
        ("https://*.example.com", &[accepted]),
        ("https://a.example,*", &["entry 2 is *, which can't be combined"]),
        ("https://a.example,https://a.example", &["entry 2 is a duplicate"]),
    ] {
        let text = complaint(&run(&["check-config"], &[("TESSERA_CORS_ORIGINS", given)], None));
        for fault in faults {
            assert!(text.contains("TESSERA_CORS_ORIGINS: entry") && text.contains(fault), "{fault}: {given}: {text}");
        }
    }
}

#[test]
fn keys_are_listed_or_rotated_and_nothing_else() {
    for arguments in [&["keys"][..], &["keys", "burn"], &["keys", "list", "--now"], &["keys", "rotate", "again"]] {
        complaint(&run(arguments, &[], None));
    }
    assert!(out(&run(&["keys", "--help"], &[], None)).contains("rotate"));
    let help = out(&run(&["keys", "rotate", "--help"], &[], None));
    assert!(["--now", "--user-tokens", "--refresh-tokens"].iter().all(|option| help.contains(option)), "{help}");
    for options in [["--user-tokens", "--refresh-tokens"], ["--now", "--user-tokens"], ["--refresh-tokens", "--now"]] {
        let text = complaint(&run(&[&["keys", "rotate"], &options[..]].concat(), &[], None));
        assert!(text.contains("cannot be used with"), "{text}");
    }
}

#[test]
fn postgres_needs_a_master_key() {
    let text = complaint(&run(&["check-config"], &[("TESSERA_DATABASE_URL", "postgres://localhost/x")], None));
    assert!(text.contains("TESSERA_MASTER_KEY: is required"), "{text}");
}

#[test]
fn an_unknown_command_is_refused_and_help_is_given() {
    assert!(complaint(&run(&["srve"], &[], None)).contains("there is no command srve"));
    assert!(out(&run(&["--help"], &[], None)).contains("Usage: tessera [COMMAND]"));
    assert!(out(&run(&["--version"], &[], None)).starts_with("tessera "));
}

/// The keys of all settings, as `check-config` prints them.
fn keys() -> BTreeSet<String> {
    let printed = out(&run(&["check-config"], &[], None));
    // The last line is about traces, which are not in the settings file.
    let lines = printed.lines().filter(|line| !line.starts_with("# traces are not exported: "));
    let keys = lines.filter_map(|line| line.trim_start_matches("# ").split([' ', ':']).next());
    keys.map(str::to_owned).collect()
}

#[test]
fn every_setting_is_documented_and_every_documented_setting_exists() {
    let page = include_str!("../../../../docs/configuration.md");
    let rows = page.lines().filter(|line| line.starts_with("| `TESSERA_"));
    let names = rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`'));
    let documented: BTreeSet<String> = names.filter(|name| name.starts_with("TESSERA_")).map(str::to_owned).collect();
    // The configuration does not print this one: it names the file.
    let keys = keys().into_iter().chain(["config".to_owned()]);
    assert_eq!(documented, keys.map(|key| format!("TESSERA_{}", key.to_uppercase())).collect());
}
