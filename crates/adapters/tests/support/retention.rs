//! Tests of the deletion of old rows. The rows are made from the schema, so a new rule is tested too.
//!
//! `TEST_RETENTION_ROWS` is the number of old rows that are deleted while clients write.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration as Wait, Instant},
};

use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query, sql_types::Text};
use tessera_adapters::{DeletedRows, Retention, RetentionSettings, RowLimit, SqlStore, TABLE_RULES, TimeLimit};
use tessera_kernel::StoreError;
use tessera_orgs::{model::InvitationState, ports::OrgStore};
use tessera_testkit::{
    builders::{NOW, invitation, invitation_id, organization, organization_id, user, user_id},
    expectations::{ok, parsed, some},
};
use tessera_tests::database::{Backend, TestDatabase};
use time::Duration;

use super::store::{self, Subject, execute};

pub(crate) const SETTINGS: RetentionSettings =
    RetentionSettings { audit_entries: Some(Duration::days(400)), notice_window: Duration::HOUR };

/// How far rows are from the limit. The tables are filled and read within this time.
const DISTANCE: Duration = Duration::minutes(10);

pub(crate) fn job(store: &SqlStore, settings: RetentionSettings) -> (Retention, Arc<DeletedRows>) {
    let deleted = Arc::<DeletedRows>::default();
    (Retention::new(store.clone(), settings, Arc::clone(&deleted)), deleted)
}

fn deleted_from(rows: &DeletedRows, table: &str) -> u64 {
    some(rows.tables().find(|(of, _)| *of == table)).1
}

pub(crate) fn time_limits() -> impl Iterator<Item = (&'static str, &'static TimeLimit)> {
    TABLE_RULES.iter().filter_map(|rule| match &rule.limit {
        RowLimit::Time(limit) => Some((rule.table, limit)),
        RowLimit::Count => None,
    })
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Runs a query that returns one column, `line`, without the store.
pub(crate) async fn lines(database: &TestDatabase, query: &str) -> Vec<String> {
    if let Some(directory) = database.directory() {
        let file = directory.join("tessera.db");
        let mut connection = ok(SqliteConnection::establish(some(file.to_str())));
        let lines: Vec<Line> = ok(sql_query(query).load(&mut connection));
        return lines.into_iter().map(|line| line.line).collect();
    }
    let (client, connection) = ok(tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await);
    let connection = tokio::spawn(connection);
    let lines = ok(client.query(query, &[]).await).iter().map(|row| row.get("line")).collect();
    drop(client);
    ok(ok(connection.await));
    lines
}

struct Column {
    name: String,
    kind: String,
    required: bool,
    in_key: bool,
}

/// The columns of a table.
async fn columns(database: &TestDatabase, backend: Backend, table: &str) -> Vec<Column> {
    let query = match backend {
        Backend::Sqlite => format!(
            "SELECT name || '|' || type || '|' || ((\"notnull\" OR pk > 0) AND dflt_value IS NULL) || '|' || (pk > 0)
                 AS line FROM pragma_table_info('{table}')"
        ),
        Backend::Postgres => format!(
            "SELECT concat_ws('|', column_name, data_type, (is_nullable = 'NO' AND column_default IS NULL)::int,
                 (EXISTS (SELECT FROM pg_index WHERE indrelid = '{table}'::regclass AND indisprimary
                     AND ordinal_position::int2 = ANY (indkey)))::int) AS line
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}'"
        ),
    };
    let column = |line: String| {
        let mut parts = line.split('|').map(str::to_owned);
        let mut next = || some(parts.next());
        Column { name: next(), kind: next(), required: next() == "1", in_key: next() == "1" }
    };
    lines(database, &query).await.into_iter().map(column).collect()
}

/// A value that no other row has, if the type allows it.
fn value_of(kind: &str) -> &'static str {
    match kind {
        "uuid" => "gen_random_uuid()",
        "bytea" => "decode(md5(random()::text) || md5(random()::text), 'hex')",
        "text" => "md5(random()::text)",
        "timestamp with time zone" => "now()",
        "json" => "'{}'",
        "BLOB" => "randomblob(32)",
        "TEXT" => "hex(randomblob(16))",
        "boolean" => "false",
        _ => "1",
    }
}

/// The time that was so long ago, in SQL.
fn ago(backend: Backend, age: Duration) -> String {
    let micros = age.whole_microseconds();
    match backend {
        Backend::Sqlite => format!("unixepoch() * 1000000 - ({micros})"),
        Backend::Postgres => format!("now() - interval '{micros} microseconds'"),
    }
}

/// Adds rows with these values. Each other column has its default, NULL, or a generated value.
async fn add(database: &TestDatabase, backend: Backend, table: &str, count: u32, values: &[(&str, String)]) {
    let (mut names, mut row) = (String::new(), String::new());
    for column in columns(database, backend, table).await {
        let given = values.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value.as_str());
        if let Some(value) = given.or_else(|| column.required.then(|| value_of(&column.kind))) {
            let comma = if names.is_empty() { "" } else { ", " };
            ok(write!(names, "{comma}{}", column.name));
            ok(write!(row, "{comma}{value}"));
        }
    }
    let statement = match backend {
        Backend::Sqlite => format!(
            "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA busy_timeout = 20000;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
             INSERT INTO {table} ({names}) SELECT {row} FROM n"
        ),
        Backend::Postgres => format!("INSERT INTO {table} ({names}) SELECT {row} FROM generate_series(1, {count})"),
    };
    execute(database, &statement).await;
}

/// Removes what rejects generated rows: checks of values, and references.
async fn accept_generated_rows(database: &TestDatabase, backend: Backend) {
    if backend == Backend::Postgres {
        let drop_constraints = "DO $$ DECLARE c record; BEGIN
            FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint
                WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace
            LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP;
        END $$";
        execute(database, drop_constraints).await;
    }
}

async fn count(database: &TestDatabase, table: &str) -> u64 {
    let query = format!("SELECT CAST(count(*) AS text) AS line FROM {table}");
    parsed(&some(lines(database, &query).await.pop()))
}

pub(crate) async fn every_table_has_a_rule_that_fits_the_schema(backend: Backend) {
    let Subject { database, .. } = Subject::on(backend).await;
    let query = match backend {
        Backend::Sqlite => {
            "SELECT name AS line FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        }
        Backend::Postgres => "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public'",
    };
    let tables: BTreeSet<String> = lines(&database, query).await.into_iter().collect();
    let rules: BTreeSet<String> = TABLE_RULES.iter().map(|rule| rule.table.to_owned()).collect();
    assert_eq!(tables, rules, "each table needs a rule in crates/adapters/src/database/retention/rules.rs");
    assert_eq!(rules.len(), TABLE_RULES.len(), "a table has one rule");
    for (table, limit) in time_limits() {
        let columns = columns(&database, backend, table).await;
        let key: BTreeSet<&str> = columns.iter().filter(|column| column.in_key).map(|column| &*column.name).collect();
        assert_eq!(limit.key.iter().copied().collect::<BTreeSet<_>>(), key, "{table}");
        for time in limit.times {
            assert!(columns.iter().any(|column| column.name == *time), "{table}.{time}");
        }
    }
}

pub(crate) async fn rows_are_deleted_when_they_are_old_enough(backend: Backend) {
    let Subject { database, store, .. } = Subject::on(backend).await;
    accept_generated_rows(&database, backend).await;
    for (table, limit) in time_limits() {
        let age = some(limit.after.duration(&SETTINGS));
        for (place, time) in limit.times.iter().enumerate() {
            // The later times say the opposite, and do not count.
            let later = &limit.times[place + 1..];
            let values = |age, later_age| {
                let others = later.iter().map(|time| (*time, ago(backend, later_age)));
                [(*time, ago(backend, age))].into_iter().chain(others).collect::<Vec<_>>()
            };
            let (old, young) = (age + Duration::SECOND, age - DISTANCE);
            add(&database, backend, table, 2, &values(old, young)).await;
            add(&database, backend, table, 3, &values(young, old)).await;
        }
    }
    let (job, deleted) = job(&store, SETTINGS);
    let all = ok(job.run().await);
    assert_eq!(all, deleted.tables().map(|(_, rows)| rows).sum::<u64>());
    for (table, limit) in time_limits() {
        let times = limit.times.len() as u64;
        let found = (deleted_from(&deleted, table), count(&database, table).await);
        assert_eq!(found, (2 * times, 3 * times), "{table}");
    }
    assert_eq!(ok(job.run().await), 0);
}

pub(crate) async fn audit_entries_can_be_kept_for_ever(backend: Backend) {
    let Subject { database, store, .. } = Subject::on(backend).await;
    accept_generated_rows(&database, backend).await;
    add(&database, backend, "events", 1, &[("occurred_at", ago(backend, Duration::days(36_500)))]).await;
    let (keeping, _) = job(&store, RetentionSettings { audit_entries: None, ..SETTINGS });
    assert_eq!(ok(keeping.run().await), 0);
    let (deleting, _) = job(&store, RetentionSettings { audit_entries: Some(Duration::days(36_499)), ..SETTINGS });
    assert_eq!(ok(deleting.run().await), 1);
}

pub(crate) async fn an_acceptance_is_known_after_its_invitation_is_deleted(backend: Backend) {
    let subject = Subject::on(backend).await;
    let (store, stores) = (&subject.store, &subject.stores);
    stores.add_organizations([&organization(1), &organization(2)]).await;
    for (number, state) in [(1, InvitationState::Accepted { at: NOW }), (2, InvitationState::Withdrawn { at: NOW })] {
        stores.add_invitations(&[invitation(number, organization_id(number), user_id(1))]).await;
        let mut tx = ok(OrgStore::begin(store).await);
        assert!(ok(tx.invitations().end(invitation_id(number), state).await));
        ok(tx.commit().await);
    }
    let (job, deleted) = job(store, SETTINGS);
    ok(job.run().await);
    assert_eq!(deleted_from(&deleted, "invitations"), 2);
    let mut tx = ok(OrgStore::begin(store).await);
    for (number, accepted) in [(1, true), (2, false)] {
        assert_eq!(ok(tx.invitations().any_accepted(organization_id(number)).await), accepted, "{number}");
    }
}

/// Adds sessions of a user that ended long ago.
pub(crate) async fn add_old_sessions(subject: &Subject, backend: Backend, count: u32) {
    subject.stores.add_users([&user(0)]).await;
    let user = ("user_id", "(SELECT id FROM users LIMIT 1)".to_owned());
    let ended = ("ended_at", ago(backend, Duration::days(60)));
    let id = ("id", if backend == Backend::Sqlite { "randomblob(16)" } else { "gen_random_uuid()" }.to_owned());
    add(&subject.database, backend, "sessions", count, &[user, ended, id]).await;
}

pub(crate) async fn nodes_delete_at_the_same_time(backend: Backend) {
    let subject = Subject::on(backend).await;
    let other = ok(store::open(&subject.database).await);
    add_old_sessions(&subject, backend, 5_000).await;
    let ((one, _), (two, _)) = (job(&subject.store, SETTINGS), job(&other, SETTINGS));
    let (by_one, by_two) = tokio::join!(one.run(), two.run());
    // A step that skips rows of the other node may end a run early.
    let rest = ok(one.run().await);
    assert_eq!(ok(by_one) + ok(by_two) + rest, 5_000);
    assert_eq!(count(&subject.database, "sessions").await, 0);
}

/// Concurrent clients.
const CLIENTS: u32 = 32;

/// No client waits longer in CI, where a disk may stall. In a longer run, none waits for a second.
fn longest_wait(rows: u32) -> Wait {
    Wait::from_secs(if rows >= 1_000_000 { 1 } else { 9 })
}

#[expect(clippy::disallowed_methods, reason = "a longer run is asked for by a variable of the environment")]
fn old_rows() -> u32 {
    std::env::var("TEST_RETENTION_ROWS").map_or(10_000, |rows| parsed(&rows))
}

/// Clients that write until `stop` is set.
struct Clients {
    stop: Arc<AtomicBool>,
    running: Vec<tokio::task::JoinHandle<Result<Vec<Wait>, StoreError>>>,
}

impl Clients {
    fn start(store: &SqlStore, number: &Arc<AtomicU32>) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let client = |_| {
            let (store, number, stop) = (store.clone(), Arc::clone(number), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let begun = Instant::now();
                    store::write(&store, number.fetch_add(1, Ordering::Relaxed)).await?;
                    waits.push(begun.elapsed());
                }
                Ok(waits)
            })
        };
        Self { running: (0..CLIENTS).map(client).collect(), stop }
    }

    /// Returns how long each write took, in ascending order.
    async fn finish(self) -> Vec<Wait> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for client in self.running {
            all.extend(ok(ok(client.await)));
        }
        all.sort();
        all
    }
}

fn percentile(waits: &[Wait], percent: usize) -> Wait {
    some(waits.get((waits.len() - 1) * percent / 100).copied())
}

pub(crate) async fn writers_wait_briefly_while_old_rows_are_deleted(backend: Backend) {
    let (subject, rows) = (Subject::on(backend).await, old_rows());
    add_old_sessions(&subject, backend, rows).await;
    let number = Arc::new(AtomicU32::new(1));
    let clients = Clients::start(&subject.store, &number);
    // As many writes as it takes for a 99th percentile.
    let enough = if rows >= 1_000_000 { 20_000 } else { 500 };
    let measured = async {
        while number.load(Ordering::Relaxed) < enough {
            tokio::time::sleep(Wait::from_millis(10)).await;
        }
    };
    ok(tokio::time::timeout(Wait::from_mins(5), measured).await);
    let without = clients.finish().await;
    let clients = Clients::start(&subject.store, &number);
    let (job, begun) = (job(&subject.store, SETTINGS).0, Instant::now());
    let mut deleted = 0;
    for _ in 0..=rows / 1_000 {
        deleted += ok(job.run().await);
        if deleted == u64::from(rows) {
            break;
        }
    }
    let lasted = begun.elapsed();
    let during = clients.finish().await;
    assert_eq!((deleted, count(&subject.database, "sessions").await), (rows.into(), 0));
    let (before, after) = (percentile(&without, 99), percentile(&during, 99));
    eprintln!(
        "{backend:?}: {rows} rows in {lasted:?}, {:.0} rows/s; {} writes without and {} during; p50 {:?} and {:?}, \
         p99 {before:?} and {after:?}, ratio {:.2}, longest {:?} and {:?}",
        f64::from(rows) / lasted.as_secs_f64(),
        without.len(),
        during.len(),
        percentile(&without, 50),
        percentile(&during, 50),
        after.as_secs_f64() / before.as_secs_f64(),
        percentile(&without, 100),
        percentile(&during, 100),
    );
    assert!(percentile(&during, 100) < longest_wait(rows), "{:?}", percentile(&during, 100));
}
