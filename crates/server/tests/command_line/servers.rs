//! Settings of the servers that the service calls.

use tessera_tests::tls::Authority;

use crate::{complaint, out, run};

#[test]
fn chain_node_urls_are_configured_and_not_printed() {
    let url = "https://base.example.com/v2/hunter2hunter2";
    let text = out(&run(&["check-config"], &[("TESSERA_RPC_BASE", url)], None));
    assert!(
        text.contains("# rpc_base = \"***\"") && !text.contains("hunter2") && text.contains("# rpc_ethereum: not set"),
        "{text}"
    );
    let settings = [("TESSERA_RPC_BASE", "ftp://hunter2"), ("TESSERA_RPC_POLYGON", "x"), ("TESSERA_RPC_SOLANA", url)];
    let text = complaint(&run(&["check-config"], &settings, None));
    for fault in ["TESSERA_RPC_BASE: must be", "TESSERA_RPC_POLYGON: must be", "TESSERA_RPC_SOLANA: there is no such"] {
        assert!(text.contains(fault), "{fault} is missing from {text}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn unusable_smtp_authorities_are_rejected_s227() {
    let (authority, empty) = (Authority::new(), tempfile::NamedTempFile::new());
    let empty = empty.unwrap_or_else(|error| panic!("no file: {error}")).into_temp_path();
    let url = ("TESSERA_SMTP_URL", "smtps://user:hunter2@mail.example.com");
    let with = |file: &str, url: (&str, &str)| run(&["check-config"], &[("TESSERA_SMTP_CA_FILE", file), url], None);
    let text = out(&with(&authority.path(), url));
    assert!(text.contains(&format!("smtp_ca_file = \"{}\"  # TESSERA_SMTP_CA_FILE\n", authority.path())), "{text}");
    let empty = empty.display().to_string();
    for (file, url, fault) in [
        ("nowhere.pem", url, "TESSERA_SMTP_CA_FILE: nowhere.pem can't be read: No such file"),
        (&*empty, url, "holds no certificate in PEM"),
        (
            &*authority.path(),
            ("TESSERA_SMTP_URL", "smtp://mail"),
            "TESSERA_SMTP_CA_FILE: is of no use: smtp_url asks for no",
        ),
        (&*authority.path(), ("TESSERA_LOG", "info"), "TESSERA_SMTP_CA_FILE: is of no use without smtp_url"),
        (
            &*authority.path(),
            ("TESSERA_SMTP_URL", "smtp://u:hunter2@mail"),
            "TESSERA_SMTP_URL: would send the password",
        ),
    ] {
        let text = complaint(&with(file, url));
        assert!(text.contains(fault) && !text.contains("hunter2"), "{fault} is missing from {text}");
    }
}

#[test]
fn a_direct_address_belongs_to_a_postgresql_database() {
    let key = ("TESSERA_MASTER_KEY", "0123456789abcdef0123456789abcdef");
    let (url, direct) = ("postgres://t:hunter2@db/t", "postgres://owner:hunter2@db/t");
    let with = |url: &str, direct: &str| {
        let settings = [key, ("TESSERA_DATABASE_URL", url), ("TESSERA_DATABASE_DIRECT_URL", direct)];
        run(&["check-config"], &settings, None)
    };
    let text = out(&with(url, direct));
    assert!(text.contains("database_direct_url = \"postgres://owner:***@db/t\""), "{text}");
    for (url, direct, fault) in [
        (url, "sqlite://data/tessera.db", "TESSERA_DATABASE_DIRECT_URL: must start with postgres://"),
        (url, "postgres://owner:hunter2@db/t?sslmode=prefer", "TESSERA_DATABASE_DIRECT_URL: sslmode must be require"),
        ("sqlite://data/tessera.db", direct, "TESSERA_DATABASE_DIRECT_URL: is of no use: the database of database_url"),
    ] {
        let text = complaint(&with(url, direct));
        assert!(text.contains(fault) && !text.contains("hunter2"), "{fault} is missing from {text}");
    }
}
