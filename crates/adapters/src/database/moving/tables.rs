//! The tables that are copied, as the two live schemas have them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    move_error::MoveError,
    rows::{Key, Rows},
    values::Kind,
};

/// Tables that are not copied. `__diesel_schema_migrations` has the versions, which are compared. The rows of `lock_rows` are
/// locked in place of names and are part of the schema of PostgreSQL.
pub(super) const NOT_COPIED: [&str; 2] = ["__diesel_schema_migrations", "lock_rows"];

/// Tables in which a migration inserts rows. They do not show that a database is in use.
pub(super) const SEEDED: [&str; 1] = ["credential_epoch"];

/// The most rows of a range, and the size in bytes after which it ends. A range is in memory at once.
const RANGE_ROWS: usize = 10_000;
const RANGE_BYTES: usize = 8 * 1024 * 1024;

/// A column as the schema of one database has it.
#[derive(Debug, Clone)]
pub(super) struct FoundColumn {
    pub(super) table: String,
    pub(super) name: String,
    pub(super) type_name: String,
    /// The place in the primary key, from 1. 0 if it is not in it, or not known.
    pub(super) key: usize,
}

/// A foreign key.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) child: String,
    pub(super) parent: String,
    /// The columns of the child with those of the parent.
    pub(super) columns: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct Column {
    name: String,
    kind: Kind,
}

/// A table that is copied. The columns of its primary key come first.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) name: String,
    columns: Vec<Column>,
    keys: usize,
    refers_to_itself: bool,
}

/// The tables, each after those to which it refers.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) ordered: Vec<Table>,
    references: Vec<Reference>,
}

/// Rows of the source with consecutive keys, and the keys that no other range has.
#[derive(Debug)]
pub(super) struct Range {
    /// Excluded. `None` for the first range.
    pub(super) after: Option<Key>,
    /// Included. `None` for the last range, which has no end.
    pub(super) last: Option<Key>,
    pub(super) rows: Rows,
}

impl Tables {
    /// Combines the schemas of the source and the target.
    pub(super) fn new(
        source: Vec<FoundColumn>,
        target: &[FoundColumn],
        references: Vec<Reference>,
    ) -> Result<Self, MoveError> {
        let mut tables: BTreeMap<String, Vec<FoundColumn>> = BTreeMap::new();
        for column in source.into_iter().filter(|column| !NOT_COPIED.contains(&column.table.as_str())) {
            tables.entry(column.table.clone()).or_default().push(column);
        }
        let tables = tables.into_iter().map(|(name, columns)| {
            let there: BTreeMap<&str, &str> = target
                .iter()
                .filter(|column| column.table == name)
                .map(|column| (column.name.as_str(), column.type_name.as_str()))
                .collect();
            let refers_to_itself = references.iter().any(|it| it.child == name && it.parent == name);
            Table::new(name, columns, &there, refers_to_itself)
        });
        let tables: Vec<Table> = tables.collect::<Result<_, _>>()?;
        Ok(Self { ordered: ordered(tables, &references)?, references })
    }

    /// Statements that delete the rows of a range, and before them all rows that refer to these.
    pub(super) fn delete(&self, table: &Table, range: &Range) -> Vec<String> {
        let mut statements = Vec::new();
        self.add_deletions(&table.name, 0, &table.in_range("t0", range), &mut statements);
        statements
    }

    fn add_deletions(&self, table: &str, depth: usize, rows: &str, statements: &mut Vec<String>) {
        let (here, below) = (format!("t{depth}"), depth + 1);
        // One statement may delete rows that refer to each other.
        for reference in self.references.iter().filter(|it| it.parent == table && it.child != table) {
            let pairs = reference.columns.iter();
            let joined = pairs.map(|(child, parent)| format!("t{below}.{} = {here}.{}", quoted(child), quoted(parent)));
            let joined = joined.collect::<Vec<_>>().join(" AND ");
            let children = format!("EXISTS (SELECT 1 FROM {} {here} WHERE {joined} AND {rows})", quoted(table));
            self.add_deletions(&reference.child, below, &children, statements);
        }
        statements.push(format!("DELETE FROM {} {here} WHERE {rows}", quoted(table)));
    }
}

impl Table {
    fn new(
        name: String,
        mut columns: Vec<FoundColumn>,
        target: &BTreeMap<&str, &str>,
        refers_to_itself: bool,
    ) -> Result<Self, MoveError> {
        let unsupported = |reason: &str| MoveError::Unsupported(format!("the table {name} can't be copied: {reason}"));
        if let Some(missing) = target.keys().find(|column| columns.iter().all(|it| it.name != **column)) {
            return Err(unsupported(&format!("the source has no column {missing}")));
        }
        let keys = columns.iter().filter(|column| column.key > 0).count();
        if keys == 0 {
            return Err(unsupported("it has no primary key"));
        }
        columns.sort_by_key(|column| if column.key > 0 { column.key } else { usize::MAX });
        let typed = columns.into_iter().map(|FoundColumn { name, type_name, key, .. }| {
            let there = target.get(name.as_str());
            let there = there.ok_or_else(|| unsupported(&format!("the target has no column {name}")))?;
            match Kind::of(&type_name, there) {
                Some(kind) if key == 0 || kind.is_key() => Ok(Column { name, kind }),
                Some(_) => Err(unsupported(&format!("{name} is in the primary key, with the type {there}"))),
                None => Err(unsupported(&format!("{name} has the types {type_name} and {there}"))),
            }
        });
        let columns = typed.collect::<Result<_, _>>()?;
        Ok(Self { name, columns, keys, refers_to_itself })
    }

    fn key(&self) -> &[Column] {
        self.columns.get(..self.keys).unwrap_or_default()
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.columns.iter().map(|column| column.kind).collect()
    }

    pub(super) fn key_kinds(&self) -> Vec<Kind> {
        self.key().iter().map(|column| column.kind).collect()
    }

    pub(super) fn quoted_name(&self) -> String {
        quoted(&self.name)
    }

    /// Whether a range with these rows ends. A row may refer to any row of its own table, so such a table is one range: the
    /// target checks the references after the statement.
    pub(super) fn is_full(&self, rows: &Rows) -> bool {
        !self.refers_to_itself && (rows.len() == RANGE_ROWS || rows.bytes().len() >= RANGE_BYTES)
    }

    fn names(&self) -> String {
        self.columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
    }

    /// The query of SQLite for the rows after a key.
    pub(super) fn sqlite_rows(&self, after: Option<&Key>) -> String {
        let key = self.key().iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ");
        let after = after.map_or_else(String::new, |after| format!(" WHERE ({key}) > ({})", after.sqlite_literals()));
        format!("SELECT {} FROM {}{after} ORDER BY {key}", self.names(), self.quoted_name())
    }

    /// The statement of PostgreSQL for the rows of a range, and one more than the source has.
    pub(super) fn copy_out(&self, range: &Range) -> String {
        format!(
            "COPY (SELECT {} FROM {} t WHERE {} ORDER BY {} LIMIT {}) TO STDOUT (FORMAT binary)",
            self.names(),
            self.quoted_name(),
            self.in_range("t", range),
            self.sorted("t"),
            range.rows.len() + 1
        )
    }

    pub(super) fn copy_in(&self) -> String {
        format!("COPY {} ({}) FROM STDIN (FORMAT binary)", self.quoted_name(), self.names())
    }

    /// The columns of the key, in the order that SQLite has.
    fn sorted(&self, alias: &str) -> String {
        let sorted = |column: &Column| match column.kind {
            Kind::Text => format!("{alias}.{} COLLATE \"C\"", quoted(&column.name)),
            _ => format!("{alias}.{}", quoted(&column.name)),
        };
        self.key().iter().map(sorted).collect::<Vec<_>>().join(", ")
    }

    /// The condition of PostgreSQL for the rows of a range.
    fn in_range(&self, alias: &str, range: &Range) -> String {
        let bound =
            |operator: &str, key: &Key| format!("({}) {operator} ({})", self.sorted(alias), key.postgres_literals());
        let bounds = [range.after.as_ref().map(|key| bound(">", key)), range.last.as_ref().map(|key| bound("<=", key))];
        let bounds: Vec<String> = bounds.into_iter().flatten().collect();
        if bounds.is_empty() { "TRUE".to_owned() } else { bounds.join(" AND ") }
    }
}

/// Puts each table after those to which it refers.
fn ordered(mut left: Vec<Table>, references: &[Reference]) -> Result<Vec<Table>, MoveError> {
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waiting: BTreeSet<String> = left.iter().map(|table| table.name.clone()).collect();
        let waits = |table: &Table| {
            references
                .iter()
                .any(|it| it.child == table.name && it.parent != table.name && waiting.contains(&it.parent))
        };
        let (later, next): (Vec<Table>, Vec<Table>) = left.into_iter().partition(waits);
        if next.is_empty() {
            let names = later.iter().map(|table| table.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(MoveError::Unsupported(format!("these tables refer to each other in a circle: {names}")));
        }
        ordered.extend(next);
        left = later;
    }
    Ok(ordered)
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
