//! The move of all rows from SQLite to PostgreSQL. It knows no table: it reads both live schemas.

mod move_error;
mod rows;
mod source;
mod tables;
mod target;
mod values;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use aws_lc_rs::digest::{Context, SHA256};
use tessera_kernel::Secret;

use super::engine::{
    SchemaChange,
    move_marks::{MovedFrom, MovedTo, TargetState},
};
use crate::{authorities::Authorities, crypto::MasterKey};
use source::{Others, Source, finished};
use tables::{Range, Table, Tables};
use target::Target;

pub use move_error::MoveError;

/// The databases of a move.
#[derive(Debug, Clone)]
pub struct MoveSettings {
    /// The file of the SQLite database.
    pub database: PathBuf,
    /// The address of the PostgreSQL database, without a password.
    pub target: String,
    /// The password of the address.
    pub password: Option<Secret<String>>,
    /// The authorities of the certificate of the PostgreSQL server. `None` means those of the system.
    pub authorities: Option<Authorities>,
}

/// A move, or a comparison, that has begun. Until the end of a move, other processes can only read the source.
pub struct Moving {
    source: Source,
    target: Target,
    address: String,
    tables: Tables,
    ordered: Vec<Arc<Table>>,
    /// The mark of the target. `None` if there is none, which a comparison does not need.
    mark: Option<MovedFrom>,
    rows: u64,
    begun: Instant,
}

/// A table that was moved or compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub name: String,
    /// The number of its rows.
    pub rows: u64,
    /// The SHA-256 of its rows in their canonical form, in the order of the primary key, in hexadecimal digits.
    pub digest: String,
    /// How long it took.
    pub time: Duration,
}

/// A database that was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedDatabase {
    /// Its tables, in the order in which they were copied.
    pub tables: Vec<MovedTable>,
    /// How long other processes could not write.
    pub without_writes: Duration,
}

/// The first row in which the databases differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The primary key, for people.
    pub key: String,
    /// How the row differs.
    pub what: &'static str,
}

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The tables that are equal, up to the first difference.
    pub tables: Vec<MovedTable>,
    /// `None` if all rows are equal.
    pub difference: Option<Difference>,
    /// Whether a node has opened the target, so that newer rows are expected.
    pub is_served: bool,
}

impl Moving {
    /// Begins a move. Waits up to a minute for the transactions of other processes. A move that was interrupted continues.
    ///
    /// # Errors
    /// See [`MoveError`]. The source has not changed.
    pub async fn begin(settings: &MoveSettings, key: &MasterKey) -> Result<Self, MoveError> {
        let begun = Instant::now();
        let source = Source::open(&settings.database, key, Others::Read).await?;
        let target =
            Target::connect(&settings.target, settings.password.as_ref(), settings.authorities.as_ref()).await?;
        target.require_no_other_move().await?;
        target.check_schema(SchemaChange::Migrate).await?;
        let mut moving = Self::between(source, target, settings, begun).await?;
        moving.check_marks()?;
        if !moving.is_complete() {
            if moving.mark.is_none() {
                moving.target.require_empty(moving.tables.ordered.iter()).await?;
                moving.target.begin(&moving.source.id).await?;
                moving.mark = moving.target.mark().await?;
            }
            // After the mark: a node that starts later finds it.
            moving.target.require_no_nodes().await?;
        }
        Ok(moving)
    }

    /// Begins a comparison. Other processes can write, and the comparison sees the rows of this moment.
    ///
    /// # Errors
    /// See [`MoveError`].
    pub async fn begin_comparison(settings: &MoveSettings, key: &MasterKey) -> Result<Self, MoveError> {
        let begun = Instant::now();
        let source = Source::open(&settings.database, key, Others::Write).await?;
        let target =
            Target::connect(&settings.target, settings.password.as_ref(), settings.authorities.as_ref()).await?;
        target.check_schema(SchemaChange::Require).await?;
        Self::between(source, target, settings, begun).await
    }

    async fn between(
        source: Source,
        target: Target,
        settings: &MoveSettings,
        begun: Instant,
    ) -> Result<Self, MoveError> {
        let columns = (source.columns().await?, target.columns().await?);
        let tables = Tables::new(columns.0, &columns.1, target.references().await?)?;
        let ordered: Vec<Arc<Table>> = tables.ordered.iter().cloned().map(Arc::new).collect();
        let (mark, rows) = (target.mark().await?, source.count(&ordered).await?);
        Ok(Self { source, target, address: settings.target.clone(), tables, ordered, mark, rows, begun })
    }

    /// Checks that the marks of both databases belong together.
    fn check_marks(&self) -> Result<(), MoveError> {
        match (&self.source.moved_to, &self.mark) {
            (None, None) => Ok(()),
            (_, Some(mark)) if mark.source != self.source.id => Err(MoveError::OtherSource),
            (Some(to), Some(mark)) if to.target == mark.target => Ok(()),
            (Some(to), _) => Err(MoveError::OtherTarget(to.address.clone())),
            (None, Some(mark)) if mark.state == TargetState::Incomplete => Ok(()),
            (None, Some(_)) => Err(MoveError::TargetInUse),
        }
    }

    /// The number of rows of the source.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether the database was moved before.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.source.moved_to.is_some() && self.mark.as_ref().is_some_and(|mark| mark.state == TargetState::Complete)
    }

    /// Copies the rows that the target does not have, closes the source, and opens the target. `report` gets the number of rows
    /// that are done.
    ///
    /// # Errors
    /// See [`MoveError`]. The next move continues. If the last step has failed, neither database accepts writes until then.
    pub async fn copy(self, mut report: impl FnMut(u64)) -> Result<MovedDatabase, MoveError> {
        let Some(mark) = self.mark.clone() else { return Err(MoveError::NotMoved) };
        self.delete_stale().await?;
        let (mut tables, mut done) = (Vec::new(), 0);
        for table in &self.ordered {
            let copying = async |range: &Range| self.copy_range(table, range).await.map(|()| true);
            let copied = self.walk(table, &mut done, &mut report, copying).await?;
            tables.push(copied);
        }
        self.target.advance_sequences().await?;
        self.target.require_no_nodes().await?;
        // First the source is closed, and then the target is opened: at no moment do both accept writes.
        if self.source.moved_to.is_none() {
            self.source.close(MovedTo { address: self.address.clone(), target: mark.target.clone() }).await?;
        }
        if !self.target.open(&mark.target).await? {
            return Err(MoveError::OtherTarget(self.address));
        }
        Ok(MovedDatabase { tables, without_writes: self.begun.elapsed() })
    }

    /// Compares all rows, up to the first difference.
    ///
    /// # Errors
    /// See [`MoveError`].
    pub async fn compare(self, mut report: impl FnMut(u64)) -> Result<Comparison, MoveError> {
        let (mut tables, mut done, mut difference) = (Vec::new(), 0, None);
        for table in &self.ordered {
            let comparing = async |range: &Range| {
                difference = self.difference(table, range).await?;
                Ok(difference.is_none())
            };
            let compared = self.walk(table, &mut done, &mut report, comparing).await?;
            if difference.is_some() {
                break;
            }
            tables.push(compared);
        }
        Ok(Comparison { tables, difference, is_served: self.mark.is_some_and(|mark| mark.is_served) })
    }

    /// Reads a table range by range, until `each` returns `false`.
    async fn walk(
        &self,
        table: &Arc<Table>,
        done: &mut u64,
        report: &mut impl FnMut(u64),
        mut each: impl AsyncFnMut(&Range) -> Result<bool, MoveError>,
    ) -> Result<MovedTable, MoveError> {
        let (begun, mut rows, mut digest) = (Instant::now(), 0, Context::new(&SHA256));
        let mut reading = Some(self.source.read(table, None));
        while let Some(range) = reading.take() {
            let range = finished(range).await?;
            reading = range.last.clone().map(|after| self.source.read(table, Some(after)));
            if !each(&range).await? {
                break;
            }
            digest.update(range.rows.bytes());
            let number = u64::try_from(range.rows.len()).unwrap_or_default();
            (rows, *done) = (rows + number, *done + number);
            report(*done);
        }
        let digest = data_encoding::HEXLOWER.encode(digest.finish().as_ref());
        Ok(MovedTable { name: table.name.clone(), rows, digest, time: begun.elapsed() })
    }

    /// Deletes the ranges of an interrupted move that differ from those of the source now, those that refer to others first. A
    /// row that the source does not have any more could otherwise have the unique value of a new one.
    async fn delete_stale(&self) -> Result<(), MoveError> {
        for table in self.ordered.iter().rev() {
            if self.target.is_empty(table).await? {
                continue;
            }
            let deleting = async |range: &Range| {
                let there = self.target.read(table, range).await?;
                if !there.is_empty() && !there.equals(&range.rows) {
                    self.target.delete(&self.tables, table, range).await?;
                }
                Ok(true)
            };
            self.walk(table, &mut 0, &mut |_| {}, deleting).await?;
        }
        Ok(())
    }

    /// Writes a range unless the target has it, and reads it back.
    async fn copy_range(&self, table: &Table, range: &Range) -> Result<(), MoveError> {
        let there = self.target.read(table, range).await?;
        if there.equals(&range.rows) {
            return Ok(());
        }
        self.target.replace(&self.tables, table, range, there.is_empty()).await?;
        match self.difference(table, range).await? {
            Some(Difference { table, key, what }) => Err(MoveError::NotStored { table, key, what }),
            None => Ok(()),
        }
    }

    async fn difference(&self, table: &Table, range: &Range) -> Result<Option<Difference>, MoveError> {
        let there = self.target.read(table, range).await?;
        if there.equals(&range.rows) {
            return Ok(None);
        }
        let first = range.rows.first_difference(&there, &table.key_kinds());
        Ok(first.map(|(key, what)| Difference { table: table.name.clone(), key: key.to_string(), what }))
    }
}

/// Makes a moved SQLite database accept writes again, and returns the address of its target, which is incomplete then. The
/// mark of the source has that address, so `password` is its password.
///
/// # Errors
/// Fails if a node has opened the target since, or if that is not known. Nothing has changed then.
pub async fn reopen_moved_database(
    database: &Path,
    password: Option<&Secret<String>>,
    authorities: Option<&Authorities>,
) -> Result<String, MoveError> {
    let MovedTo { address, target: id } = source::moved_to(database).await?.ok_or(MoveError::NotMoved)?;
    let target = Target::connect(&address, password, authorities).await?;
    match target.mark().await? {
        Some(mark) if mark.target != id => return Err(MoveError::NotTheTarget(address)),
        // The target is closed before the source is opened. A node that opens it at the same moment wins or waits.
        Some(_) if !target.close(&id).await? => return Err(MoveError::Served(address)),
        Some(_) => {}
        // The operator has dropped the target. A new database in its place must be one that no node has served.
        None if target.columns().await?.is_empty() => {}
        None => return Err(MoveError::NotTheTarget(address)),
    }
    source::reopen(database).await?;
    Ok(address)
}
