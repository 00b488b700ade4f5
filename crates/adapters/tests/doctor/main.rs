//! `tessera doctor` on both databases: each check finds what it is for. The tests are in this crate because they change rows
//! behind the back of the service, and on SQLite only this crate can.

mod database;
mod deep;
mod pooler;
mod rows;
mod safety;
mod servers;
mod settings;

use std::{path::Path, process::Output};

use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};
use serde_json::Value;
use tessera_testkit::expectations::ok;
use tessera_tests::process::{Installation, free_port};

/// All checks in the order of the output.
const CHECKS: [&str; 21] = [
    "config",
    "files",
    "database",
    "database_tls",
    "schema",
    "durability",
    "connections",
    "pooler",
    "clock",
    "master_key",
    "public_url",
    "mail",
    "signing_keys",
    "token_secret",
    "jobs",
    "outbox",
    "backup",
    "hashing",
    "limits",
    "rpc",
    "operators",
];

/// The checks that `--deep` adds.
const DEEP: [&str; 5] = ["integrity", "references", "owners", "sealed", "documents"];

/// What `tessera doctor --json` has printed.
struct Report {
    output: Output,
    findings: Vec<Value>,
}

impl Report {
    fn finding(&self, check: &str) -> &Value {
        let found = self.findings.iter().find(|finding| finding["check"] == check);
        found.unwrap_or_else(|| panic!("no check {check} in {:?}", self.findings))
    }

    fn status(&self, check: &str) -> &str {
        self.finding(check)["status"].as_str().unwrap_or_default()
    }

    /// Asserts the status of a check, and words of its detail or its advice.
    #[track_caller]
    fn has(&self, check: &str, status: &str, words: &str) {
        let finding = self.finding(check);
        assert_eq!(finding["status"], status, "{finding}");
        assert!(finding.to_string().contains(words), "{words}: {finding}");
        let needs_advice = matches!(status, "warn" | "fail");
        assert_eq!(finding["advice"].as_str().is_some_and(|advice| !advice.is_empty()), needs_advice, "{finding}");
        assert_eq!(self.output.status.code(), Some(i32::from(self.findings.iter().any(|one| one["status"] == "fail"))));
    }

    fn names(&self) -> Vec<&str> {
        self.findings.iter().filter_map(|finding| finding["check"].as_str()).collect()
    }
}

/// Runs the doctor with the settings of an installation.
#[track_caller]
fn examine(installation: &Installation, arguments: &[&str]) -> Report {
    let output = installation.run(&[&["doctor", "--json"], arguments].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let findings = serde_json::from_str(&text);
    let findings = findings.unwrap_or_else(|error| {
        panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr));
    });
    Report { output, findings }
}

/// An installation whose node has the public URL of the settings.
fn at_own_url(installation: Installation) -> Installation {
    let port = free_port();
    installation
        .set("TESSERA_LISTEN", &format!("127.0.0.1:{port}"))
        .set("TESSERA_PUBLIC_URL", &format!("http://127.0.0.1:{port}"))
}

/// The SQLite file of an installation.
fn file_of(installation: &Installation) -> Option<std::path::PathBuf> {
    installation.database().directory().map(|directory| directory.join("tessera.db"))
}

/// Runs statements on the database, which no service may use. Rules of the database are not enforced.
async fn change(installation: &Installation, sqlite: &str, postgres: &str) {
    if let Some(file) = file_of(installation) {
        change_file(&file, sqlite);
    } else {
        let unchecked = format!("SET session_replication_role = replica; {postgres}");
        installation.database().execute(&unchecked).await;
    }
}

fn change_file(file: &Path, statements: &str) {
    let mut connection = ok(SqliteConnection::establish(&file.to_string_lossy()));
    ok(connection.batch_execute("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON"));
    ok(connection.batch_execute(statements));
}
