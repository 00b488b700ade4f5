//! The two migration trees have the same migrations, and create the same tables, column names, unique keys and indexes.
//! Only `CREATE` statements are read: types and columns that `ALTER TABLE` adds are not compared. The adapters test that
//! the migrations run up, down and up again.

use std::collections::{BTreeMap, BTreeSet};

use tessera_tests::{read_workspace_file, workspace_root};

const TREES: [&str; 2] = ["postgres", "sqlite"];

/// The names of the migrations of a tree, in order.
fn names(tree: &str) -> Vec<String> {
    let directory = workspace_root().join("migrations").join(tree);
    let entries = std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// One table of a migration.
#[derive(Debug, PartialEq, Eq)]
struct Table {
    columns: Vec<String>,
    /// The names of unique keys, with their columns.
    keys: BTreeMap<String, Vec<String>>,
    strict: bool,
}

/// Every table that a tree creates.
fn tables(tree: &str) -> BTreeMap<String, Table> {
    names(tree)
        .iter()
        .flat_map(|name| {
            let sql = read_workspace_file(&format!("migrations/{tree}/{name}/up.sql"));
            statements(&sql).iter().filter_map(|statement| table(statement)).collect::<Vec<_>>()
        })
        .collect()
}

/// The statements of a script, without comments.
fn statements(sql: &str) -> Vec<String> {
    let code: Vec<&str> = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    code.join("\n").split(';').map(|statement| statement.trim().to_owned()).filter(|s| !s.is_empty()).collect()
}

fn table(statement: &str) -> Option<(String, Table)> {
    let rest = statement.strip_prefix("CREATE TABLE ")?;
    let (name, rest) = rest.split_once('(')?;
    let (body, options) = rest.rsplit_once(')')?;
    let mut table = Table { columns: Vec::new(), keys: BTreeMap::new(), strict: options.trim() == "STRICT" };
    for definition in split_definitions(body) {
        let first = definition.split_whitespace().next().unwrap_or_default();
        if first.chars().next().is_some_and(char::is_lowercase) {
            table.columns.push(first.to_owned());
        }
        table.keys.extend(unique_key(&definition, first));
    }
    Some((name.trim().to_owned(), table))
}

/// Splits at commas outside of parentheses.
fn split_definitions(body: &str) -> Vec<String> {
    let mut depth = 0;
    let mut parts = vec![String::new()];
    for c in body.chars() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        match parts.last_mut() {
            Some(part) if c != ',' || depth > 0 => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The unique key that a column or table definition declares.
fn unique_key(definition: &str, column: &str) -> Option<(String, Vec<String>)> {
    if !definition.contains("UNIQUE") && !definition.contains("PRIMARY KEY") {
        return None;
    }
    let (_, rest) =
        definition.split_once("CONSTRAINT ").unwrap_or_else(|| panic!("a key without a name: {definition}"));
    let (name, kind) = rest.split_once(' ').unwrap_or_else(|| panic!("a constraint of no kind: {definition}"));
    let listed = kind.trim_start_matches("PRIMARY KEY").trim_start_matches("UNIQUE").trim();
    let columns = if column == "CONSTRAINT" {
        let inner = listed.trim_start_matches('(').trim_end_matches(')');
        inner.split(',').map(|column| column.trim().to_owned()).collect()
    } else {
        vec![column.to_owned()]
    };
    Some((name.to_owned(), columns))
}

#[test]
fn both_trees_have_the_same_names() {
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

#[test]
fn names_are_numbered_without_a_gap() {
    for (place, name) in names("sqlite").iter().enumerate() {
        assert!(name.starts_with(&format!("{:04}_", place + 1)), "{name}");
    }
}

#[test]
fn every_migration_goes_up_and_down() {
    for (tree, name) in TREES.iter().flat_map(|tree| names(tree).into_iter().map(move |name| (tree, name))) {
        for file in ["up.sql", "down.sql"] {
            let sql = read_workspace_file(&format!("migrations/{tree}/{name}/{file}"));
            assert!(!statements(&sql).is_empty(), "{tree}/{name}/{file} does nothing");
        }
    }
}

#[test]
fn both_trees_make_the_same_tables_with_the_same_columns() {
    let columns = |tree| tables(tree).into_iter().map(|(name, table)| (name, table.columns)).collect::<Vec<_>>();
    assert!(columns("sqlite").len() >= 8);
    assert_eq!(columns("sqlite"), columns("postgres"));
}

#[test]
fn both_trees_have_the_same_unique_keys() {
    let keys = |tree| tables(tree).into_values().flat_map(|table| table.keys).collect::<Vec<_>>();
    assert!(keys("sqlite").len() >= 12);
    assert_eq!(keys("sqlite"), keys("postgres"));
}

#[test]
fn a_unique_key_is_named_after_its_table_and_columns() {
    for (name, table) in TREES.iter().flat_map(|tree| tables(tree)) {
        for (key, columns) in table.keys {
            assert_eq!(key, format!("{name}_{}", columns.join("_")));
        }
    }
}

#[test]
fn every_table_has_a_unique_key() {
    for (name, table) in TREES.iter().flat_map(|tree| tables(tree)) {
        assert!(!table.keys.is_empty(), "{name}");
    }
}

/// SQLite can't add a constraint to an existing table. `ON CONFLICT` resolves conflicts with the first index, so its name is
/// never reported. The second one is named after its table and column, as a constraint would be.
const ON_EXISTING_TABLES: [&str; 2] =
    ["CREATE UNIQUE INDEX events_attempts_key ", "CREATE UNIQUE INDEX sessions_refresh_family "];

#[test]
fn no_unique_index_hides_beside_the_tables() {
    for (tree, name) in TREES.iter().flat_map(|tree| names(tree).into_iter().map(move |name| (tree, name))) {
        let sql = read_workspace_file(&format!("migrations/{tree}/{name}/up.sql"));
        let sql = ON_EXISTING_TABLES.iter().fold(sql, |sql, index| sql.replace(index, ""));
        assert!(!sql.contains("UNIQUE INDEX"), "{tree}/{name}: name it as a constraint of its table");
    }
}

#[test]
fn both_trees_have_the_same_indexes() {
    let indexes = |tree: &str| -> BTreeSet<String> {
        let scripts =
            names(tree).into_iter().map(|name| read_workspace_file(&format!("migrations/{tree}/{name}/up.sql")));
        let created =
            scripts.flat_map(|sql| statements(&sql)).filter(|statement| statement.starts_with("CREATE INDEX"));
        created.map(|statement| statement.replace(" CONCURRENTLY", "")).collect()
    };
    assert_eq!(indexes("sqlite"), indexes("postgres"));
}

#[test]
fn every_table_of_sqlite_is_strict() {
    for (name, table) in tables("sqlite") {
        assert!(table.strict, "{name}");
    }
}

#[test]
fn every_table_that_goes_up_comes_down() {
    for tree in TREES {
        let scripts = names(tree);
        let scripts = scripts.iter().map(|name| read_workspace_file(&format!("migrations/{tree}/{name}/down.sql")));
        // A table under another name is the old one while it is created again.
        let renamed = |script: &[String], table: &str| {
            script.iter().any(|statement| statement.ends_with(&format!(" RENAME TO {table}")))
        };
        let dropped = |script: String| {
            let script = statements(&script);
            let tables = script.iter().filter_map(|statement| statement.strip_prefix("DROP TABLE "));
            tables.filter(|table| !renamed(&script, table)).map(str::to_owned).collect::<Vec<_>>()
        };
        let dropped: BTreeSet<String> = scripts.flat_map(dropped).collect();
        assert_eq!(dropped, tables(tree).into_keys().collect(), "{tree}");
    }
}

/// The object that a statement creates and the one that it drops, such as `INDEX sessions_by_end`.
fn created_and_dropped(statement: &str) -> (Option<String>, Option<String>) {
    let statement = statement.replace(" UNIQUE ", " ").replace(" CONCURRENTLY ", " ").replace(" IF EXISTS ", " ");
    let words: Vec<&str> = statement.split(' ').collect();
    match *words {
        ["CREATE", kind @ ("TABLE" | "INDEX"), name, ..] => (Some(format!("{kind} {name}")), None),
        ["DROP", kind @ ("TABLE" | "INDEX"), name] => (None, Some(format!("{kind} {name}"))),
        ["ALTER", "TABLE", old, "RENAME", "TO", new] => (Some(format!("TABLE {new}")), Some(format!("TABLE {old}"))),
        ["ALTER", "TABLE", table, "ADD", kind @ ("COLUMN" | "CONSTRAINT"), name, ..] => {
            (Some(format!("{kind} {table}.{name}")), None)
        }
        ["ALTER", "TABLE", table, "DROP", kind @ ("COLUMN" | "CONSTRAINT"), name, ..] => {
            (None, Some(format!("{kind} {table}.{name}")))
        }
        ["DELETE", "FROM", table, ..] => (None, Some(format!("ROWS {table}"))),
        _ => (None, None),
    }
}

/// The rule of a statement that stops others while it reads a whole table.
fn blocking(statement: &str, is_new: impl Fn(&str) -> bool) -> Option<&'static str> {
    let words: Vec<&str> = statement.split(' ').collect();
    let rest = |from: usize| words.get(from..).unwrap_or_default();
    let checked = |from: usize| rest(from).iter().any(|word| matches!(*word, "CHECK" | "REFERENCES"));
    match *words {
        ["CREATE", "UNIQUE", "INDEX", _, "ON", table, ..] | ["CREATE", "INDEX", _, "ON", table, ..]
            if !is_new(table) =>
        {
            Some("index")
        }
        ["ALTER", "TABLE", table, "ADD", ..] if !is_new(table) && checked(4) && !statement.ends_with(" NOT VALID") => {
            Some("constraint")
        }
        _ => None,
    }
}

/// The rules that a script breaks.
fn broken_rules(tree: &str, sql: &str) -> BTreeSet<&'static str> {
    let one_line = |statement: &String| statement.split_whitespace().collect::<Vec<_>>().join(" ");
    let script: Vec<String> = statements(sql).iter().map(one_line).collect();
    let (created, dropped): (Vec<_>, Vec<_>) = script.iter().map(|statement| created_and_dropped(statement)).unzip();
    let created: BTreeSet<String> = created.into_iter().flatten().collect();
    let dropped: BTreeSet<String> = dropped.into_iter().flatten().collect();
    let mut broken = BTreeSet::new();
    if created.difference(&dropped).next().is_some() && dropped.difference(&created).next().is_some() {
        broken.insert("adds-and-removes");
    }
    if tree == "postgres" {
        let is_new = |table: &str| created.contains(&format!("TABLE {table}"));
        broken.extend(script.iter().filter_map(|statement| blocking(statement, is_new)));
        let concurrent = script.iter().filter(|statement| statement.contains(" INDEX CONCURRENTLY ")).count();
        if concurrent > 0 && (concurrent < script.len() || created != dropped) {
            broken.insert("concurrent-index");
        }
    }
    broken
}

/// The last migration from before these rules.
const LAST_WITHOUT_RULES: &str = "0043";

#[test]
fn no_migration_stops_older_nodes() {
    let known = read_workspace_file("tests/migration-exceptions.txt");
    let known: BTreeSet<String> = known.lines().map(str::to_owned).collect();
    let mut found = BTreeSet::new();
    for (tree, name) in TREES.iter().flat_map(|tree| names(tree).into_iter().map(move |name| (tree, name))) {
        let sql = read_workspace_file(&format!("migrations/{tree}/{name}/up.sql"));
        found.extend(broken_rules(tree, &sql).into_iter().map(|rule| format!("{tree}/{name} {rule}")));
    }
    assert_eq!(found, known, "migrations/README.md has the rules");
    let new = found.iter().find(|line| line.split(['/', '_']).nth(1) > Some(LAST_WITHOUT_RULES));
    assert_eq!(new, None, "the rules hold for new migrations");
}

#[test]
fn migrations_with_concurrent_indexes_run_without_a_transaction() {
    let listed = read_workspace_file("crates/adapters/src/database/engine/migrate/concurrent.rs");
    for name in names("postgres") {
        let sql = read_workspace_file(&format!("migrations/postgres/{name}/up.sql"));
        let file = format!("migrations/postgres/{name}/up.sql");
        assert_eq!(sql.contains("CONCURRENTLY"), listed.contains(&file), "{name}");
    }
}

#[test]
fn a_migration_that_breaks_a_rule_is_found() {
    for (sql, broken) in [
        ("ALTER TABLE a ADD COLUMN b text; DROP INDEX c", vec!["adds-and-removes"]),
        ("ALTER TABLE a ADD COLUMN b text; DELETE FROM a", vec!["adds-and-removes"]),
        ("CREATE INDEX b ON a (c)", vec!["index"]),
        ("CREATE UNIQUE INDEX b ON a (c)", vec!["index"]),
        ("CREATE TABLE a (c text); CREATE INDEX b ON a (c)", vec![]),
        ("DROP INDEX CONCURRENTLY IF EXISTS b; CREATE INDEX CONCURRENTLY b ON a (c)", vec![]),
        ("CREATE INDEX CONCURRENTLY b ON a (c)", vec!["concurrent-index"]),
        (
            "DROP INDEX CONCURRENTLY IF EXISTS b; CREATE INDEX CONCURRENTLY b ON a (c); ALTER TABLE a ADD COLUMN d text",
            vec!["concurrent-index"],
        ),
        ("ALTER TABLE a ADD COLUMN b uuid REFERENCES c (id)", vec!["constraint"]),
        ("ALTER TABLE a ADD CHECK (b > 0)", vec!["constraint"]),
        ("ALTER TABLE a DROP CONSTRAINT b; ALTER TABLE a ADD CONSTRAINT b CHECK (c > 0) NOT VALID", vec![]),
        ("DROP INDEX b; ALTER TABLE a DROP COLUMN c", vec![]),
    ] {
        assert_eq!(broken_rules("postgres", sql).into_iter().collect::<Vec<_>>(), broken, "{sql}");
    }
}
