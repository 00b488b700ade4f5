//! `tessera doctor`: diagnosis of an installation. The checks change nothing.

mod checks;
mod context;
mod finding;
mod report;
mod runner;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::{Arc, atomic::AtomicU64},
};

use anyhow::Context as _;
use tessera_kernel::EmailAddress;
use tokio::runtime::Runtime;

use crate::{
    config::{Config, ConfigError},
    progress::{Progress, Total, counted},
};
use checks::{CHECKS, DEEP};
use context::Context;
use finding::{Finding, Status};
use runner::Examined;

/// What to examine, and how to print it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Doctor {
    /// Also reads every row.
    pub(crate) deep: bool,
    pub(crate) json: bool,
    /// The recipient of a test mail.
    pub(crate) mail_to: Option<EmailAddress>,
}

/// Examines the installation and prints the findings. The exit code is 1 if a check failed.
pub(crate) fn run(doctor: Doctor, loaded: Result<Config, ConfigError>, runtime: Runtime) -> anyhow::Result<ExitCode> {
    let Doctor { deep, json, mail_to } = doctor;
    let findings = match loaded {
        Ok(config) => {
            let findings = runtime.block_on(examine(&Arc::new(Context::new(config, mail_to)), deep));
            // A statement of SQLite or the look-up of a name may still occupy a thread.
            runtime.shutdown_background();
            findings
        }
        Err(error) => of_invalid_settings(&error, deep),
    };
    let text = if json { report::json(&findings)? } else { report::text(&findings) };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("can't write to standard output")?;
    let failed = findings.iter().any(|Examined { finding, .. }| finding.status == Status::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn examine(context: &Arc<Context>, deep: bool) -> Vec<Examined> {
    let number = CHECKS.len() + if deep { DEEP.len() } else { 0 };
    let done = Arc::new(AtomicU64::new(0));
    let progress = Progress::start("doctor", Total::Checks(u64::try_from(number).unwrap_or(u64::MAX)), counted(&done));
    let mut findings = runner::examine(context, &done).await;
    if deep {
        findings.extend(runner::examine_deeply(context, &done).await);
    }
    drop(progress);
    for examined in &mut findings {
        examined.finding.detail = context.without_secrets(&examined.finding.detail);
    }
    findings
}

/// Without settings, nothing else can be examined.
fn of_invalid_settings(error: &ConfigError, deep: bool) -> Vec<Examined> {
    let names = CHECKS.iter().map(|check| check.name).chain(DEEP.iter().filter(|_| deep).map(|check| check.name));
    let finding = |check: &str| match check {
        "config" => Finding::fail(
            error.to_string(),
            "correct these settings; docs/configuration.md describes each, and tessera check-config checks them",
        ),
        _ => Finding::skip("the settings are invalid"),
    };
    names.map(|check| Examined { check, finding: finding(check) }).collect()
}
