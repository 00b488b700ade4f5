//! The addresses of the database.

use std::path::PathBuf;

use tessera_adapters::DatabaseUrl;

use super::{printout::Shown, source::Source};

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

/// Checks the addresses as the store does before it connects. `has_authorities` says whether there is a file of authorities.
pub(super) fn check(url: &DatabaseUrl, direct: Option<&DatabaseUrl>, has_authorities: bool, source: &mut Source) {
    for (key, url) in [("database_url", Some(url)), ("database_direct_url", direct)] {
        if let Some(Err(error)) = url.map(DatabaseUrl::check) {
            source.fault(key, format_args!("{:#}", anyhow::Error::new(error)));
        }
    }
    if direct.is_some() && matches!(url, DatabaseUrl::Sqlite(_)) {
        source.fault("database_direct_url", "is of no use: the database of database_url is not PostgreSQL");
    }
    if has_authorities && !url.is_encrypted() && !direct.is_some_and(DatabaseUrl::is_encrypted) {
        source.fault("database_ca_file", "is of no use: the connection to the database is not encrypted");
    }
}
