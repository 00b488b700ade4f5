//! The manifest of a backup: the table `backup_manifest`.

use std::collections::BTreeMap;

use diesel::{
    OptionalExtension as _, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Binary, Text},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::BackupError;
use crate::crypto::MasterKey;

/// The table `backup_manifest` of a backup. The restore compares the file with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupManifest {
    /// The time at which the backup began (RFC 3339).
    pub made_at: String,
    /// The version of the program that wrote it.
    pub version: String,
    /// The last migration of its schema.
    pub schema: String,
    /// The number of rows of each table.
    pub rows: BTreeMap<String, i64>,
    /// The id of the master key that opens its secrets.
    pub key_id: String,
}

#[derive(QueryableByName)]
struct Entry {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    text: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

#[derive(QueryableByName)]
struct Sealed {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
}

impl BackupManifest {
    pub(super) fn describe(
        connection: &mut SqliteConnection,
        key: &MasterKey,
        made_at: OffsetDateTime,
    ) -> Result<Self, BackupError> {
        let schema = "SELECT max(version) AS text FROM __diesel_schema_migrations";
        let schema: Line = sql_query(schema).get_result(connection)?;
        Ok(Self {
            made_at: made_at.format(&Rfc3339).map_err(BackupError::database)?,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: schema.text,
            rows: count_rows(connection)?,
            key_id: key.key_id(),
        })
    }

    /// Adds the manifest to a copy.
    pub(super) fn store(&self, connection: &mut SqliteConnection) -> Result<(), BackupError> {
        let rows = serde_json::to_string(&self.rows).map_err(BackupError::database)?;
        connection.batch_execute(
            "CREATE TABLE backup_manifest (
                name TEXT NOT NULL CONSTRAINT backup_manifest_name PRIMARY KEY, value TEXT NOT NULL
            ) STRICT",
        )?;
        for (name, value) in [
            ("made_at", &self.made_at),
            ("version", &self.version),
            ("schema", &self.schema),
            ("rows", &rows),
            ("key_id", &self.key_id),
        ] {
            sql_query("INSERT INTO backup_manifest (name, value) VALUES (?, ?)")
                .bind::<Text, _>(name)
                .bind::<Text, _>(value)
                .execute(connection)?;
        }
        Ok(())
    }

    /// Reads the manifest of a file.
    pub(super) fn read(connection: &mut SqliteConnection) -> Result<Self, BackupError> {
        let exists = "SELECT name AS text FROM sqlite_schema WHERE type = 'table' AND name = 'backup_manifest'";
        // A file that is no database fails here.
        let exists: Option<Line> = sql_query(exists)
            .get_result(connection)
            .optional()
            .map_err(|error| BackupError::Damaged(error.to_string()))?;
        if exists.is_none() {
            return Err(BackupError::NoManifest);
        }
        let entries: Vec<Entry> = sql_query("SELECT name, value FROM backup_manifest")
            .load(connection)
            .map_err(|error| BackupError::Damaged(error.to_string()))?;
        let mut entries: BTreeMap<String, String> = entries.into_iter().map(|it| (it.name, it.value)).collect();
        let mut take = |name: &str| entries.remove(name).ok_or(BackupError::NoManifest);
        Ok(Self {
            made_at: take("made_at")?,
            version: take("version")?,
            schema: take("schema")?,
            rows: serde_json::from_str(&take("rows")?).map_err(|_| BackupError::NoManifest)?,
            key_id: take("key_id")?,
        })
    }

    /// Compares the number of rows of each table.
    pub(super) fn check_rows(&self, connection: &mut SqliteConnection) -> Result<(), BackupError> {
        let mut found = count_rows(connection)?;
        found.remove("backup_manifest");
        let tables: std::collections::BTreeSet<&String> = self.rows.keys().chain(found.keys()).collect();
        for table in tables {
            let (found, expected) = (found.get(table).copied(), self.rows.get(table).copied());
            if found != expected {
                let (found, expected) = (found.unwrap_or_default(), expected.unwrap_or_default());
                return Err(BackupError::Rows { table: table.clone(), found, expected });
            }
        }
        Ok(())
    }
}

fn count_rows(connection: &mut SqliteConnection) -> Result<BTreeMap<String, i64>, BackupError> {
    let tables =
        "SELECT name AS text FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let tables: Vec<Line> = sql_query(tables).load(connection)?;
    let mut rows = BTreeMap::new();
    for Line { text: table } in tables {
        let count = format!("SELECT count(*) AS rows FROM \"{}\"", table.replace('"', "\"\""));
        let count: Count = sql_query(count).get_result(connection)?;
        rows.insert(table, count.rows);
    }
    Ok(rows)
}

/// Runs the integrity check of SQLite, which reads the whole file.
pub(super) fn check_integrity(connection: &mut SqliteConnection) -> Result<(), BackupError> {
    let check = "SELECT integrity_check AS text FROM pragma_integrity_check LIMIT 3";
    let lines: Vec<Line> =
        sql_query(check).load(connection).map_err(|error| BackupError::Damaged(error.to_string()))?;
    match lines.as_slice() {
        [Line { text }] if text == "ok" => Ok(()),
        found => Err(BackupError::Damaged(
            found.iter().map(|line| line.text.replace('\n', " ")).collect::<Vec<_>>().join("; "),
        )),
    }
}

/// Checks that the key opens a secret of the database. During a rotation, some are sealed with another key.
pub(super) fn check_key(connection: &mut SqliteConnection, key: &MasterKey) -> Result<(), BackupError> {
    let secrets: Vec<Sealed> = sql_query("SELECT name, sealed FROM secrets").load(connection)?;
    if secrets.is_empty() || secrets.iter().any(|secret| key.open(&secret.name, &secret.sealed).is_ok()) {
        return Ok(());
    }
    let needed =
        "it does not open the secrets of the database: set TESSERA_MASTER_KEY, or restore master.key".to_owned();
    Err(BackupError::WrongKey { present: key.key_id(), needed })
}
