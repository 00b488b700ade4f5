//! The `tessera` binary: reads the configuration, connects all components and serves HTTP.

mod config;
mod descriptors;
mod http;
mod jobs;
mod keys;
mod master_key;
mod plugs;
mod readiness;
mod serve;
mod starting;
mod telemetry;
mod throttle;
mod wiring;

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use config::Config;

const USAGE: &str = "\
Tessera, a user account service.

Usage: tessera [COMMAND]

Commands:
  serve         Start the service (also the default without a command)
  migrate       Apply all database migrations
  check-config  Check the configuration and print it without its secrets
  openapi       Print the OpenAPI document
  keys list     Print the signing keys of service tokens and their validity
  keys rotate   Publish a new signing key, which signs as soon as all verifiers
                can have fetched it. With --now: remove all keys at once and
                sign with a new one; all issued service tokens become invalid

Options:
  -h, --help     Print this help
  -V, --version  Print the version

Settings are TESSERA_* variables, then the file that TESSERA_CONFIG names (default: tessera.toml).
See docs/configuration.md.
";

/// The command of the command line.
enum Command {
    Serve,
    Migrate,
    CheckConfig,
    OpenApi,
    Keys(keys::Action),
    Help,
    Version,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Logging is not started yet at this point, so standard error is used directly.
            drop(writeln!(io::stderr(), "tessera: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    match command(lexopt::Parser::from_env())? {
        Command::Help => print(USAGE),
        Command::Version => print(concat!("tessera ", env!("CARGO_PKG_VERSION"), "\n")),
        Command::OpenApi => print(&format!("{}\n", tessera_api::openapi().to_pretty_json()?)),
        Command::CheckConfig => print(&load_config()?.to_string()),
        Command::Migrate => {
            let config = load_config()?;
            telemetry::start(&config)?;
            runtime()?.block_on(async { wiring::open_store(&config).await.map(drop) })
        }
        Command::Keys(action) => {
            let config = load_config()?;
            telemetry::start(&config)?;
            runtime()?.block_on(keys::run(&config, action))
        }
        Command::Serve => {
            let config = load_config()?;
            telemetry::start(&config)?;
            runtime()?.block_on(serve::serve(config))
        }
    }
}

/// The runtime has several threads, because the migrations require a second one.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime can't start")
}

fn command(mut arguments: lexopt::Parser) -> anyhow::Result<Command> {
    use lexopt::Arg::{Long, Short, Value};
    let mut command = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(Command::Help),
            Short('V') | Long("version") => return Ok(Command::Version),
            Value(name) if command.is_none() && name == "keys" => {
                return Ok(keys::action(&mut arguments)?.map_or(Command::Help, Command::Keys));
            }
            Value(name) if command.is_none() => command = Some(named(&name)?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(command.unwrap_or(Command::Serve))
}

fn named(name: &OsStr) -> anyhow::Result<Command> {
    match name.to_str() {
        Some("serve") => Ok(Command::Serve),
        Some("migrate") => Ok(Command::Migrate),
        Some("check-config") => Ok(Command::CheckConfig),
        Some("openapi") => Ok(Command::OpenApi),
        _ => bail!("there is no command {}; see tessera --help", name.display()),
    }
}

#[expect(clippy::disallowed_methods, reason = "all other code gets the settings from here")]
fn load_config() -> anyhow::Result<Config> {
    let mut environment: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with("TESSERA_")) else { continue };
        let value = value.into_string().map_err(|_| anyhow::anyhow!("{name} is not UTF-8"))?;
        environment.insert(name.to_owned(), value);
    }
    let named = environment.remove("TESSERA_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    let default = Path::new(config::DEFAULT_FILE);
    let file = named.as_deref().or_else(|| default.exists().then_some(default));
    Ok(Config::load(config::read_file(file)?, environment)?)
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("can't write to standard output")
}
