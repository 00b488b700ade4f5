//! The `tessera` binary: reads the configuration, connects all components and serves HTTP.

mod after_restore;
mod backup;
mod cli;
mod config;
mod descriptors;
mod dev_mail;
mod doctor;
mod health;
mod http;
mod jobs;
mod json_lines;
mod keys;
mod limits;
mod master_key;
mod metrics;
mod monitoring;
mod moving;
mod output;
mod plugs;
mod private_file;
mod progress;
mod readiness;
mod scan;
mod serve;
mod service_manager;
mod serving_lock;
mod sockets;
mod starting;
mod telemetry;
mod tls;
mod traces;
mod wiring;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use cli::Request;
use config::{Config, ConfigError, LogFormat, Printout, SettingsFile};
use output::print;
use tessera_adapters::SchemaChange;
use tessera_kernel::Secret;
use traces::Traces;

/// With it, a request takes less processor time, and the idle process less memory. Its settings are in `.cargo/config.toml`, so
/// they apply to builds in this repository.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let (error, code) = match cli::parse(std::env::args_os()).map(run) {
        Ok(Ok(code)) => return code,
        Ok(Err(error)) => (error, ExitCode::FAILURE),
        // Not 1: of `keys scan`, it says that a key was found.
        Err(error) => (error.into(), ExitCode::from(scan::INCOMPLETE)),
    };
    telemetry::report(&error);
    code
}

fn run(request: Request) -> anyhow::Result<ExitCode> {
    let done = match request {
        Request::Scan(scan) => return Ok(scan::run(&scan)),
        Request::Doctor(doctor) => return doctor::run(doctor, load_config().map(|(config, _)| config), runtime()?),
        Request::Print(text) => print(&text),
        Request::OpenApi => print(&format!("{}\n", tessera_api::openapi().to_pretty_json()?)),
        Request::CheckConfig => {
            let (config, printout) = load_config()?;
            master_key::check_file(&config)?;
            print(&printout.to_string())
        }
        Request::Migrate => {
            let config = start_logging()?;
            runtime()?.block_on(async { wiring::open_store(&config, SchemaChange::Migrate, None).await.map(drop) })
        }
        Request::Move(action) => {
            let (config, _) = load_config()?;
            runtime()?.block_on(moving::run(&config, action, postgres_password()))
        }
        Request::Health(Some(url)) => runtime()?.block_on(health::check(&url)),
        Request::Health(None) => {
            let (config, _) = load_config()?;
            runtime()?.block_on(health::check_own(&config))
        }
        Request::Keys(action) => {
            let config = start_logging()?;
            runtime()?.block_on(keys::run(&config, action))
        }
        Request::Backup(file) => backup::run(&load_config()?.0, &file),
        Request::Restore { file, force } => {
            let (config, _) = load_config()?;
            runtime()?.block_on(backup::restore(&config, file, force))
        }
        Request::AfterRestore(audit_log) => {
            let (config, _) = load_config()?;
            runtime()?.block_on(after_restore::run(&config, audit_log))
        }
        Request::MasterKey(action) => {
            let config = start_logging()?;
            runtime()?.block_on(master_key::commands::run(&config, action))
        }
        Request::Serve => {
            let (config, traces) = start_logging_and_traces()?;
            let passed = sockets::take_passed()?;
            let database = config.database_url.clone();
            let served = runtime()?.block_on(serve::serve(config, passed));
            // After the runtime, which has closed its connections.
            database.fold_log_in();
            if let Some(traces) = traces {
                traces.finish();
            }
            served
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// Reads the settings and starts the log. Errors of the settings are logged too.
fn start_logging() -> anyhow::Result<Config> {
    let config = load_or_log_faults()?;
    telemetry::start(config.log.as_str(), config.log_format, None)?;
    Ok(config)
}

/// Also starts the export of traces, if it is configured.
fn start_logging_and_traces() -> anyhow::Result<(Config, Option<Traces>)> {
    let config = load_or_log_faults()?;
    let traces = config.traces.as_ref().map(Traces::start).transpose()?;
    telemetry::start(config.log.as_str(), config.log_format, traces.as_ref().map(Traces::tracer))?;
    Ok((config, traces))
}

fn load_or_log_faults() -> anyhow::Result<Config> {
    load_config().map(|(config, _)| config).or_else(|error| {
        telemetry::start("error", error.log_format, None)?;
        Err(error.into())
    })
}

/// The runtime has several threads, because the migrations require a second one.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime can't start")
}

/// The password of the database that a move writes to: no secret is an argument.
#[expect(clippy::disallowed_methods, reason = "all other code gets the variable from here")]
fn postgres_password() -> Option<Secret<String>> {
    std::env::var("PGPASSWORD").ok().filter(|password| !password.is_empty()).map(Secret::new)
}

#[expect(clippy::disallowed_methods, reason = "all other code gets the settings from here")]
fn load_config() -> Result<(Config, Printout), ConfigError> {
    let mut environment: BTreeMap<String, String> = BTreeMap::new();
    let mut faults = Vec::new();
    for (name, value) in std::env::vars_os() {
        let is_setting = |name: &&str| name.starts_with(config::PREFIX) || name.starts_with(config::TRACES_PREFIX);
        let Some(name) = name.to_str().filter(is_setting) else { continue };
        match value.into_string() {
            Ok(value) => drop(environment.insert(name.to_owned(), value)),
            Err(_) => faults.push(format!("{name}: is not UTF-8")),
        }
    }
    let log_format = environment.get("TESSERA_LOG_FORMAT").and_then(|text| text.trim().parse().ok());
    let named = environment.remove("TESSERA_CONFIG").filter(|path| !path.trim().is_empty());
    let named = named.map(|path| PathBuf::from(path.trim()));
    let default = Path::new(config::DEFAULT_FILE);
    let file = named.as_deref().or_else(|| default.exists().then_some(default));
    let file = file.map_or_else(|| Ok(SettingsFile::default()), SettingsFile::read);
    let file = file.map_err(|fault| faults.push(fault));
    match file {
        Ok(file) if faults.is_empty() => Config::load(file, environment),
        _ => Err(ConfigError { faults, log_format: log_format.unwrap_or(LogFormat::Auto) }),
    }
}
