//! Every table and every action is decided, and log lines are read in each form.

use std::collections::BTreeSet;

use diesel::{QueryableByName, RunQueryDsl as _, sql_query, sql_types::Text};
use tempfile::TempDir;
use tessera_kernel::Role;

use super::{
    actions::{ACTIONS, Withdrawal},
    read_audit_log,
    tables::TABLES,
};
use crate::{DatabaseSettings, DatabaseUrl, SqlStore, database::engine::open_for_reading};

#[derive(QueryableByName)]
struct Table {
    #[diesel(sql_type = Text)]
    name: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn each_table_of_the_schema_has_a_treatment() {
    let directory = TempDir::new().unwrap_or_else(|error| panic!("{error}"));
    let file = directory.path().join("tessera.db");
    let settings = DatabaseSettings::new(DatabaseUrl::Sqlite(file.clone()));
    drop(SqlStore::open(&settings).await.unwrap_or_else(|error| panic!("{error}")));
    let mut connection = open_for_reading(&file).unwrap_or_else(|error| panic!("{error}"));
    let tables: Vec<Table> = sql_query("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .load(&mut connection)
        .unwrap_or_else(|error| panic!("{error}"));
    let tables: BTreeSet<String> = tables.into_iter().map(|table| table.name).collect();
    let decided: BTreeSet<String> = TABLES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(tables, decided);
    assert_eq!(decided.len(), TABLES.len(), "a table is listed twice");
}

/// The names at the beginning of each row of the table in the documentation.
fn documented() -> BTreeSet<String> {
    let page = include_str!("../../../../../docs/operations.md");
    let section = page.split_once("\n## Audit trail\n").map(|(_, rest)| rest.split("\n## ").next().unwrap_or_default());
    let rows = section.unwrap_or_default().lines().filter_map(|line| line.strip_prefix("| `"));
    let names = rows.filter_map(|row| row.split_once(" |")).flat_map(|(names, _)| names.split(", "));
    names.map(|name| name.trim_matches('`').to_owned()).filter(|name| name.contains('.')).collect()
}

#[test]
fn each_documented_action_has_a_meaning() {
    let decided: BTreeSet<String> = ACTIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(documented(), decided);
    assert_eq!(decided.len(), ACTIONS.len(), "an action is listed twice");
}

const DEMOTION: &str = r#"{"timestamp":"2026-11-30T12:00:01Z","level":"INFO","target":"audit","message":"audit","id":"01890a5d-ac96-774b-bcce-b302099a8057","occurred_at":"2026-11-30T12:00:00.5Z","name":"member.role_changed","outcome":"success","actor_kind":null,"actor_id":null,"organization_id":"01890a5d-ac96-774b-bcce-b302099a8058","subject":"01890a5d-ac96-774b-bcce-b302099a8059","details":{"from":"admin","to":"member"}}"#;

#[test]
fn audit_lines_are_read_with_members_at_the_top_or_in_fields() {
    let (head, members) = DEMOTION.split_once("\"id\"").unwrap_or_default();
    let nested = format!("{head}\"fields\":{{\"id\"{members}}}");
    let text = DEMOTION.replace(r#"{"from":"admin","to":"member"}"#, r#""{\"from\":\"admin\",\"to\":\"member\"}""#);
    let micros = DEMOTION.replace("\"2026-11-30T12:00:00.5Z\"", "1796040000500000");
    for line in [DEMOTION, &nested, &text, &micros] {
        let log = format!("starting\n{{\"target\":\"tessera\"}}\n{line}\n");
        let actions = read_audit_log(log.as_bytes()).unwrap_or_else(|error| panic!("{error}: {line}"));
        let [action] = actions.as_slice() else { panic!("{actions:?}") };
        assert_eq!(action.occurred_at.unix_timestamp_nanos(), 1_796_040_000_500_000_000);
        let organization = action.organization.unwrap_or_default();
        let user = action.subject.unwrap_or_default();
        assert_ne!(organization, user);
        assert_eq!(Withdrawal::of(action), Some(Withdrawal::Role { organization, user, to: Role::Member }));
    }
}

#[test]
fn a_denied_attempt_and_a_promotion_withdraw_nothing() {
    let denied = DEMOTION.replace("\"success\"", "\"refused\"");
    assert_eq!(read_audit_log(denied.as_bytes()).map(|actions| actions.len()).ok(), Some(0));
    let promotion = DEMOTION.replace(r#""from":"admin","to":"member""#, r#""from":"member","to":"admin""#);
    let actions = read_audit_log(promotion.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(actions.first().and_then(Withdrawal::of), None);
}

#[test]
fn a_log_that_may_hide_a_withdrawal_is_rejected() {
    for (from, to, member) in [
        ("\"id\":\"0189", "\"id\":\"x189", "id"),
        ("\"outcome\"", "\"result\"", "outcome"),
        ("2026-11-30T12:00:00.5Z", "yesterday", "occurred_at"),
        ("\"name\"", "\"action\"", "name"),
        (r#"{"from":"admin","to":"member"}"#, "7", "details"),
    ] {
        let log = format!("text\n{}", DEMOTION.replace(from, to));
        let error = read_audit_log(log.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(error, format!("line 2 has the target audit, but no valid {member}; nothing was done"));
    }
    let error = read_audit_log(&b"text\n{}"[..]).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.starts_with("no line of the log"), "{error}");
}
