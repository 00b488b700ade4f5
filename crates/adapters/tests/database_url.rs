//! Tests of database addresses.

use std::path::PathBuf;

use tessera_adapters::{DatabaseUrl, DatabaseUrlError};
use tessera_testkit::expectations::{failed, parsed};

fn file(text: &str) -> PathBuf {
    match parsed(text) {
        DatabaseUrl::Sqlite(file) => file,
        DatabaseUrl::Postgres(_) => panic!("{text} must be a file"),
    }
}

#[test]
fn a_file_is_named_from_here_or_from_the_root() {
    assert_eq!(file("sqlite://data/tessera.db"), PathBuf::from("data/tessera.db"));
    assert_eq!(file("sqlite:///var/lib/tessera.db"), PathBuf::from("/var/lib/tessera.db"));
}

#[test]
fn a_server_has_two_spellings_and_its_password_is_not_shown() {
    for text in ["postgres://u:sesame@db.example/tessera", "postgresql://u:sesame@db.example/tessera"] {
        let url: DatabaseUrl = parsed(text);
        assert!(!format!("{url:?}").contains("sesame"));
        assert!(matches!(url, DatabaseUrl::Postgres(address) if address.expose() == text));
    }
}

#[test]
fn anything_else_is_refused_and_told_why() {
    let refused = [
        ("", DatabaseUrlError::UnknownScheme),
        ("tessera.db", DatabaseUrlError::UnknownScheme),
        ("sqlite:tessera.db", DatabaseUrlError::UnknownScheme),
        ("mysql://u:sesame@db.example/tessera", DatabaseUrlError::UnknownScheme),
        ("sqlite://", DatabaseUrlError::NoFile),
        ("sqlite://data/", DatabaseUrlError::NoFile),
        ("sqlite://:memory:", DatabaseUrlError::InMemory),
        ("sqlite://tessera.db?mode=ro", DatabaseUrlError::Options),
        ("postgres://", DatabaseUrlError::NoServer),
    ];
    for (text, reason) in refused {
        assert_eq!(failed(text.parse::<DatabaseUrl>()), reason, "{text}");
    }
}
