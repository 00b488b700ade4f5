//! Fills every table of a SQLite database. It knows the schemas only from the databases: SQLite rejects what it may not hold,
//! and then the next values are tried.

use std::collections::BTreeMap;

use diesel::{
    QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection as _,
    result::{DatabaseErrorKind, Error},
    sql_query,
    sql_types::{BigInt, Integer, Nullable, Text},
};
use tessera_testkit::expectations::ok;

/// How many rows may be rejected in a row before a table is full: `credential_epoch` can have one row.
const TRIES: usize = 2_000;

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    sql: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Integer)]
    is_required: i32,
    #[diesel(sql_type = Nullable<Text>)]
    parent: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    parent_column: Option<String>,
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

/// A small generator of numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or_default()
    }

    fn one_of<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len())]
    }
}

fn blob(bytes: &[u8]) -> String {
    format!("x'{}'", data_encoding::HEXLOWER.encode(bytes))
}

fn text(text: &str) -> String {
    format!("CAST({} AS TEXT)", blob(text.as_bytes()))
}

/// What the schema says about a column.
struct Column {
    name: String,
    is_required: bool,
    /// The type in PostgreSQL.
    kind: String,
    /// The only length of its values.
    length: Option<usize>,
    /// Texts that a condition names.
    named: Vec<String>,
    /// The table and the column to which it refers.
    parent: Option<(String, String)>,
}

impl Column {
    fn of(found: &Found, kinds: &BTreeMap<(String, String), String>) -> Self {
        let name = found.column_name.clone();
        let sql = found.sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let number = |start: String| {
            let rest = sql.split_once(&start)?.1;
            rest.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
        };
        let list: Option<Vec<String>> = [format!("({name} IN ("), format!("( {name} IN (")].iter().find_map(|start| {
            let rest = sql.split_once(start.as_str())?.1;
            Some(rest.split_once(')')?.0.split(',').map(|it| it.trim().trim_matches('\'').to_owned()).collect())
        });
        Self {
            is_required: found.is_required != 0,
            kind: kinds.get(&(found.table_name.clone(), name.clone())).cloned().unwrap_or_default(),
            length: number(format!("length({name}) = ")),
            named: list.unwrap_or_default(),
            parent: found.parent.clone().zip(found.parent_column.clone()),
            name,
        }
    }

    /// A literal of SQLite.
    fn value(&self, numbers: &mut Numbers, parents: &BTreeMap<(String, String), Vec<String>>) -> String {
        if !self.is_required && numbers.below(2) == 0 {
            return "NULL".to_owned();
        }
        if let Some(parent) = &self.parent {
            let known = parents.get(parent).unwrap_or_else(|| panic!("{parent:?} has no rows yet"));
            return numbers.one_of(known).clone();
        }
        let word = numbers.next();
        match self.kind.as_str() {
            "uuid" => blob(&(u128::from(word) << 64 | u128::from(numbers.next())).to_be_bytes()),
            "bytea" => {
                let length = self.length.unwrap_or_else(|| numbers.below(70));
                blob(&(0..length).map(|_| numbers.next().to_be_bytes()[0]).collect::<Vec<_>>())
            }
            "json" => text(&format!("{{ \"b\": [1.0, 1e2,\"\\u00e9\"],  \"a\" : \"{word} ü\", \"a\":null}}")),
            "text" if !self.named.is_empty() => text(numbers.one_of(&self.named).as_str()),
            "text" => {
                text(&format!("{word}{}", numbers.one_of(&["", "'\"\\", "\n\t", "żółw 🦀", " \u{1}", "Ab", "ab"])))
            }
            "bool" => (word % 2).to_string(),
            "int2" => (word % 30_000).to_string(),
            "int4" => numbers.one_of(&[1, 2, 7, i32::MAX, i32::MIN]).to_string(),
            "int8" => match word % 4 {
                0 => (word >> 8).to_string(),
                1 => (word % 4_294_967_295).to_string(),
                _ => (word % 1000).to_string(),
            },
            "timestamptz" => numbers
                .one_of(&[-1_i64, 0, 946_684_799_999_999, 1_790_000_000_123_456, 253_402_300_799_999_999])
                .saturating_sub(i64::try_from(word % 1_000_000).unwrap_or_default())
                .to_string(),
            other => panic!("no values for {} of the type {other}", self.name),
        }
    }
}

/// Inserts rows into every table but these. `kinds` has the types of PostgreSQL by table and column. Returns the number of rows
/// of each table.
pub(crate) fn fill(
    connection: &mut SqliteConnection,
    kinds: &BTreeMap<(String, String), String>,
    except: &[&str],
    rows: usize,
) -> BTreeMap<String, i64> {
    ok(connection.batch_execute("PRAGMA foreign_keys = ON; BEGIN IMMEDIATE"));
    let found: Vec<Found> = ok(sql_query(
        "SELECT m.name AS table_name, m.sql, c.name AS column_name, c.\"notnull\" + c.pk AS is_required,
            f.\"table\" AS parent, f.\"to\" AS parent_column
        FROM sqlite_schema m JOIN pragma_table_info(m.name) c
        LEFT JOIN pragma_foreign_key_list(m.name) f ON f.\"from\" = c.name
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, c.cid",
    )
    .load(connection));
    let mut left: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for column in found.iter().filter(|column| !except.contains(&column.table_name.as_str())) {
        left.entry(column.table_name.clone()).or_default().push(Column::of(column, kinds));
    }
    let (mut numbers, mut parents) = (Numbers(7), BTreeMap::new());
    while !left.is_empty() {
        let next = left.iter().find(|(table, columns)| {
            columns
                .iter()
                .filter_map(|it| it.parent.as_ref())
                .all(|(parent, _)| parent == *table || !left.contains_key(parent))
        });
        let Some(table) = next.map(|(table, _)| table.clone()) else {
            panic!("tables refer to each other in a circle")
        };
        let columns = left.remove(&table).unwrap_or_default();
        fill_table(connection, &table, &columns, (&mut numbers, &parents), rows);
        for column in found.iter().filter(|it| it.parent.as_ref() == Some(&table)) {
            let parent = column.parent_column.clone().unwrap_or_default();
            let values = format!("SELECT quote({parent}) AS text FROM {table}");
            let values: Vec<Line> = ok(sql_query(values).load(connection));
            parents.insert((table.clone(), parent), values.into_iter().map(|line| line.text).collect());
        }
    }
    ok(connection.batch_execute("COMMIT"));
    let tables: std::collections::BTreeSet<&String> = found.iter().map(|column| &column.table_name).collect();
    tables.into_iter().map(|table| (table.clone(), count(connection, table))).collect()
}

pub(crate) fn count(connection: &mut SqliteConnection, table: &str) -> i64 {
    let count: Count = ok(sql_query(format!("SELECT count(*) AS rows FROM {table}")).get_result(connection));
    count.rows
}

fn fill_table(
    connection: &mut SqliteConnection,
    table: &str,
    columns: &[Column],
    (numbers, parents): (&mut Numbers, &BTreeMap<(String, String), Vec<String>>),
    rows: usize,
) {
    let names = columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
    let (mut inserted, mut rejected) = (0, 0);
    while inserted < rows && rejected < TRIES {
        let values = columns.iter().map(|column| column.value(numbers, parents)).collect::<Vec<_>>().join(", ");
        match connection.batch_execute(&format!("INSERT INTO {table} ({names}) VALUES ({values})")) {
            Ok(()) => (inserted, rejected) = (inserted + 1, 0),
            Err(Error::DatabaseError(
                DatabaseErrorKind::CheckViolation
                | DatabaseErrorKind::UniqueViolation
                | DatabaseErrorKind::NotNullViolation,
                _,
            )) => rejected += 1,
            Err(error) => panic!("{table} ({names}) ({values}): {error}"),
        }
    }
}
