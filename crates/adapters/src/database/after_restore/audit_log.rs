//! Recorded actions from log lines with the target `audit`.

use std::{
    collections::BTreeMap,
    io::{self, BufRead},
};

use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use super::recorded_action::RecordedAction;

/// Why a log can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AuditLogError {
    /// The file can't be read.
    #[error("the log can't be read")]
    Read(#[from] io::Error),
    /// A line has the target `audit` but is no audit entry. A withdrawal that is overlooked would be given back.
    #[error("line {line} has the target audit, but no valid {member}; nothing was done")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// The member that is missing or has another form.
        member: &'static str,
    },
    /// The log has no audit entries, so it is probably another file.
    #[error("no line of the log is a JSON object with the target audit")]
    NoEntries,
}

/// Reads the successful actions of a log. Lines with other targets, and lines that are no JSON objects, are ignored.
///
/// # Errors
/// Fails if the log can't be read or has no audit entries, or if one is invalid.
pub fn read_audit_log(log: impl BufRead) -> Result<Vec<RecordedAction>, AuditLogError> {
    let (mut actions, mut any) = (Vec::new(), false);
    for (number, line) in (1..).zip(log.split(b'\n')) {
        let Ok(Value::Object(line)) = serde_json::from_slice(&line?) else { continue };
        if line.get("target").and_then(Value::as_str) != Some("audit") {
            continue;
        }
        any = true;
        let action = read_line(&line).map_err(|member| AuditLogError::Line { line: number, member })?;
        actions.extend(action);
    }
    if any { Ok(actions) } else { Err(AuditLogError::NoEntries) }
}

/// Returns `None` for a denied attempt.
fn read_line(line: &Map<String, Value>) -> Result<Option<RecordedAction>, &'static str> {
    // The members of an entry are at the top, or in `fields`, where another format of the log has them.
    let member = |name: &str| line.get(name).or_else(|| line.get("fields")?.get(name)).filter(|it| !it.is_null());
    let text = |name| member(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    match text("outcome") {
        Some("success") => {}
        Some(_) => return Ok(None),
        None => return Err("outcome"),
    }
    let id = |name: &'static str| match text(name) {
        None => Ok(None),
        Some(text) => text.parse::<Uuid>().map(Some).map_err(|_| name),
    };
    Ok(Some(RecordedAction {
        id: id("id")?.ok_or("id")?,
        occurred_at: member("occurred_at").and_then(time_of).ok_or("occurred_at")?,
        name: text("name").ok_or("name")?.to_owned(),
        organization: id("organization_id")?,
        subject: id("subject")?,
        details: member("details").map_or(Some(BTreeMap::new()), details_of).ok_or("details")?,
    }))
}

/// A time as text, or in microseconds since 1970 as SQLite stores it.
fn time_of(value: &Value) -> Option<OffsetDateTime> {
    match value {
        Value::String(text) => OffsetDateTime::parse(text, &Rfc3339).ok(),
        Value::Number(micros) => OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros.as_i64()?) * 1_000).ok(),
        _ => None,
    }
}

/// An object of strings, or its text.
fn details_of(value: &Value) -> Option<BTreeMap<String, String>> {
    match value {
        Value::String(text) if text.is_empty() => Some(BTreeMap::new()),
        Value::String(text) => serde_json::from_str(text).ok(),
        object => serde_json::from_value(object.clone()).ok(),
    }
}
