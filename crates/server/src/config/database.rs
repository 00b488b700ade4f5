//! The addresses of the database.

use std::path::PathBuf;

use tessera_adapters::DatabaseUrl;

use super::{Config, printout::Shown, source::Source};

/// The file of the database, relative to the working directory.
const DEFAULT: &str = "data/tessera.db";

pub(super) fn read_url(source: &mut Source) -> DatabaseUrl {
    let default = || DatabaseUrl::Sqlite(PathBuf::from(DEFAULT));
    let text = source.read_hidden("database_url", Some(&format!("sqlite://{DEFAULT}")), Shown::address);
    let Some(text) = text else { return default() };
    text.expose().parse().unwrap_or_else(|error| {
        source.fault("database_url", error);
        default()
    })
}

pub(super) fn read_direct_url(source: &mut Source) -> Option<DatabaseUrl> {
    const KEY: &str = "database_direct_url";
    let text = source.read_hidden(KEY, None, Shown::address)?;
    match text.expose().parse() {
        Ok(url @ DatabaseUrl::Postgres(_)) => Some(url),
        Ok(DatabaseUrl::Sqlite(_)) | Err(_) => {
            source.fault(KEY, "must start with postgres://, such as postgres://owner:password@127.0.0.1:5432/tessera");
            None
        }
    }
}

/// Checks the addresses as the store does before it connects.
pub(super) fn check(config: &Config, source: &mut Source) {
    let direct = config.database_direct_url.as_ref();
    for (key, url) in [("database_url", Some(&config.database_url)), ("database_direct_url", direct)] {
        if let Some(Err(error)) = url.map(DatabaseUrl::check) {
            source.fault(key, format_args!("{:#}", anyhow::Error::new(error)));
        }
    }
    if direct.is_some() && matches!(config.database_url, DatabaseUrl::Sqlite(_)) {
        source.fault("database_direct_url", "is of no use: the database of database_url is not PostgreSQL");
    }
    let is_encrypted = config.database_url.is_encrypted() || direct.is_some_and(DatabaseUrl::is_encrypted);
    if config.database_ca_file.is_some() && !is_encrypted {
        source.fault("database_ca_file", "is of no use: the connection to the database is not encrypted");
    }
}
