//! The PostgreSQL database to which another one is moved.

use std::{collections::BTreeSet, io::Cursor, pin::pin, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use tessera_kernel::Secret;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::{
    move_error::MoveError,
    rows::Rows,
    tables::{FoundColumn, Range, Reference, SEEDED, Table, Tables},
};
use crate::{
    authorities::Authorities,
    database::engine::{
        DatabaseSettings, DatabaseUrl, OpenError, SchemaChange, migrate,
        move_marks::{self, MovedFrom},
        open::server_at,
        postgres::{LoneConnection, connect_alone, pooler::require_own_session, server::Server},
    },
};

/// The columns of the tables. Generated ones are not copied.
const COLUMNS: &str = "
    SELECT c.relname, a.attname, t.typname
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
    ORDER BY c.relname, a.attnum";

/// The foreign keys: one row for each of their columns.
const REFERENCES: &str = "
    SELECT f.conname, child.relname, parent.relname, ca.attname, pa.attname
    FROM pg_constraint f
    JOIN pg_class child ON child.oid = f.conrelid
    JOIN pg_class parent ON parent.oid = f.confrelid
    CROSS JOIN unnest(f.conkey, f.confkey) WITH ORDINALITY AS k (child, parent, number)
    JOIN pg_attribute ca ON ca.attrelid = f.conrelid AND ca.attnum = k.child
    JOIN pg_attribute pa ON pa.attrelid = f.confrelid AND pa.attnum = k.parent
    WHERE f.contype = 'f' AND f.connamespace = current_schema()::regnamespace
    ORDER BY child.relname, f.conname, k.number";

/// Statements that make sequences continue after the rows that were copied.
const SEQUENCES: &str = "
    SELECT format('SELECT setval(%L, max(%I)) FROM %I HAVING max(%I) IS NOT NULL', s.name, a.attname, c.relname, a.attname)
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN LATERAL pg_get_serial_sequence(quote_ident(c.relname), a.attname) AS s (name)
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND s.name IS NOT NULL";

/// The connections of nodes, which have these names unless the address says otherwise.
const NODES: &str = "
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name IN ('tessera', 'tessera credentials')";

/// Other moves. One that was killed may still be writing: the server notices it at its next read.
const MOVES: &str = "
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'tessera move' AND pid <> pg_backend_pid()";

/// The number of requests whether another move has ended, and the pause after each: 10 s.
const REQUESTS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(200);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(20);

/// A connection to the database to which another one is moved.
pub(super) struct Target {
    connection: LoneConnection,
    server: Server,
}

impl Target {
    /// Connects. The address must not have a password.
    pub(super) async fn connect(
        address: &str,
        password: Option<&Secret<String>>,
        authorities: Option<&Authorities>,
    ) -> Result<Self, MoveError> {
        let url = DatabaseUrl::Postgres(Secret::new(address.to_owned()));
        let settings = DatabaseSettings {
            authorities: authorities.cloned(),
            acquire_timeout: CONNECT,
            ..DatabaseSettings::new(url)
        };
        let mut server = server_at(address, &settings)?;
        if server.config.get_password().is_some() {
            return Err(MoveError::PasswordInUrl);
        }
        if let Some(password) = password {
            server.config.password(password.expose());
        }
        server.config.application_name("tessera move");
        require_own_session(&server).await.map_err(OpenError::Unavailable)?;
        let connection = connect_alone(&server).await.map_err(|fault| OpenError::Unavailable(fault.into()))?;
        let settings = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0";
        connection.client.batch_execute(settings).await?;
        Ok(Self { connection, server })
    }

    async fn rows(&self, query: &str) -> Result<Vec<SimpleQueryRow>, MoveError> {
        let messages = self.connection.client.simple_query(query).await?;
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        };
        Ok(messages.into_iter().filter_map(row).collect())
    }

    /// Returns the applied migrations.
    async fn versions(&self) -> Result<BTreeSet<String>, MoveError> {
        let table = self.rows("SELECT to_regclass('__diesel_schema_migrations')").await?;
        if table.first().is_none_or(|row| row.get(0).is_none()) {
            return Ok(BTreeSet::new());
        }
        let versions = self.rows("SELECT version FROM __diesel_schema_migrations").await?;
        Ok(versions.iter().filter_map(|row| row.get(0).map(str::to_owned)).collect())
    }

    /// Checks that the schema is that of this version. With [`SchemaChange::Migrate`], creates it if there is none.
    pub(super) async fn check_schema(&self, change: SchemaChange) -> Result<(), MoveError> {
        let failed = |reason: String| MoveError::Schema { of: "target", reason };
        let versions = self.versions().await?;
        if versions.is_empty() {
            return match change {
                SchemaChange::Migrate => Ok(migrate::postgres(&self.server, SchemaChange::Migrate).await?),
                SchemaChange::Require => Err(failed("it has no tables".to_owned())),
            };
        }
        match migrate::pending_count(true, &versions)? {
            0 => Ok(()),
            pending => Err(failed(format!("{pending} migrations are pending; run tessera migrate on it first"))),
        }
    }

    pub(super) async fn mark(&self) -> Result<Option<MovedFrom>, MoveError> {
        Ok(move_marks::read_moved_from(&self.connection.client).await?)
    }

    /// Marks the target as incomplete, so that no node becomes ready on it.
    pub(super) async fn begin(&self, source: &str) -> Result<(), MoveError> {
        Ok(self.connection.client.batch_execute(&move_marks::mark_target(source)).await?)
    }

    /// Opens the target for nodes. Returns `false` if it is not the one of the move any more.
    pub(super) async fn open(&self, target: &str) -> Result<bool, MoveError> {
        Ok(move_marks::open_target(&self.connection.client, target).await?)
    }

    /// Closes the target for nodes. Returns `false` if one has opened it.
    pub(super) async fn close(&self, target: &str) -> Result<bool, MoveError> {
        Ok(move_marks::close_target(&self.connection.client, target).await?)
    }

    async fn count(&self, query: &str) -> Result<u64, MoveError> {
        let counts = self.rows(query).await?;
        let count = counts.first().and_then(|row| row.get(0)).and_then(|count| count.parse().ok());
        count.ok_or_else(|| MoveError::target("the server returned no count"))
    }

    /// Fails while a node is connected.
    pub(super) async fn require_no_nodes(&self) -> Result<(), MoveError> {
        match self.count(NODES).await? {
            0 => Ok(()),
            nodes => Err(MoveError::Nodes(nodes)),
        }
    }

    /// Waits until the server has ended the connection of a move that was killed. Fails while another one is in progress.
    pub(super) async fn require_no_other_move(&self) -> Result<(), MoveError> {
        for _ in 0..REQUESTS {
            if self.count(MOVES).await? == 0 {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(MoveError::OtherMove)
    }

    /// The columns of all tables.
    pub(super) async fn columns(&self) -> Result<Vec<FoundColumn>, MoveError> {
        let found = |row: &SimpleQueryRow| {
            let text = |column: usize| row.get(column).unwrap_or_default().to_owned();
            FoundColumn { table: text(0), name: text(1), type_name: text(2), key: 0 }
        };
        Ok(self.rows(COLUMNS).await?.iter().map(found).collect())
    }

    pub(super) async fn references(&self) -> Result<Vec<Reference>, MoveError> {
        let mut references: Vec<(String, Reference)> = Vec::new();
        for row in self.rows(REFERENCES).await? {
            let text = |column: usize| row.get(column).unwrap_or_default().to_owned();
            let (name, child, parent, columns) = (text(0), text(1), text(2), (text(3), text(4)));
            match references.last_mut() {
                Some((last, reference)) if *last == name && reference.child == child => reference.columns.push(columns),
                _ => references.push((name, Reference { child, parent, columns: vec![columns] })),
            }
        }
        Ok(references.into_iter().map(|(_, reference)| reference).collect())
    }

    /// Returns whether a table has no rows.
    pub(super) async fn is_empty(&self, table: &Table) -> Result<bool, MoveError> {
        Ok(self.rows(&format!("SELECT FROM {} LIMIT 1", table.quoted_name())).await?.is_empty())
    }

    /// Fails if a table has rows that no migration has inserted.
    pub(super) async fn require_empty(&self, tables: impl Iterator<Item = &Table>) -> Result<(), MoveError> {
        for table in tables.filter(|table| !SEEDED.contains(&table.name.as_str())) {
            if !self.is_empty(table).await? {
                return Err(MoveError::OtherRows(table.name.clone()));
            }
        }
        Ok(())
    }

    /// Reads the rows of a range. If there are more than the source has, only one more.
    pub(super) async fn read(&self, table: &Table, range: &Range) -> Result<Rows, MoveError> {
        let failed = |fault| MoveError::table(&table.name, fault);
        let client = &self.connection.client;
        let mut stream = pin!(client.copy_out(&table.copy_out(range)).await.map_err(failed)?);
        let mut copy = Vec::with_capacity(range.rows.bytes().len());
        while let Some(part) = stream.next().await {
            copy.extend_from_slice(&part.map_err(failed)?);
        }
        Rows::parse(&copy).ok_or_else(|| MoveError::table(&table.name, "the server has sent no binary rows"))
    }

    /// Deletes the rows of a range, and those that refer to them, in one transaction.
    pub(super) async fn delete(&self, tables: &Tables, table: &Table, range: &Range) -> Result<(), MoveError> {
        let statements = tables.delete(table, range).join("; ");
        let deleted = self.connection.client.batch_execute(&format!("BEGIN; {statements}; COMMIT")).await;
        deleted.map_err(|fault| MoveError::table(&table.name, fault))
    }

    /// Writes a range in one transaction, after the deletion of what it has.
    pub(super) async fn replace(
        &self,
        tables: &Tables,
        table: &Table,
        range: &Range,
        is_empty: bool,
    ) -> Result<(), MoveError> {
        let failed = |fault| MoveError::table(&table.name, fault);
        let client = &self.connection.client;
        let deletions = if is_empty { String::new() } else { tables.delete(table, range).join("; ") };
        client.batch_execute(&format!("BEGIN; {deletions}")).await.map_err(failed)?;
        if !range.rows.is_empty() {
            let mut sink = pin!(client.copy_in(&table.copy_in()).await.map_err(failed)?);
            sink.send(Cursor::new(range.rows.to_copy())).await.map_err(failed)?;
            sink.finish().await.map_err(failed)?;
        }
        client.batch_execute("COMMIT").await.map_err(failed)
    }

    /// Makes sequences continue after the rows that were copied.
    pub(super) async fn advance_sequences(&self) -> Result<(), MoveError> {
        for row in self.rows(SEQUENCES).await? {
            self.connection.client.batch_execute(row.get(0).unwrap_or_default()).await?;
        }
        Ok(())
    }
}
