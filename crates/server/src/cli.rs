//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Arg, ArgAction, ArgMatches, Command,
    error::{ContextKind, ErrorKind},
    value_parser,
};

use tessera_kernel::EmailAddress;
use url::Url;

use crate::{config, doctor::Doctor, health, keys::Action, scan::Scan};

/// A parsed command line. Without a command, it is [`Self::Serve`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Serve,
    Migrate,
    /// Without a URL, that of the service with the settings in force.
    Health(Option<Url>),
    CheckConfig,
    OpenApi,
    Keys(Action),
    Scan(Scan),
    Doctor(Doctor),
    /// Text for standard output: a help page or the version.
    Print(String),
}

const SETTINGS: &str = "\
Settings are TESSERA_* environment variables, then the file that TESSERA_CONFIG names
(default: tessera.toml). There are no options for them. docs/configuration.md lists them;
tessera check-config prints the values in force.";

const SCAN: &str = "\
One line for each key: FILE:LINE:COLUMN: and the first characters of the key, never the key.
The column counts bytes. Only keys with a valid checksum are found. Directories are searched
with all files below them, without links. No settings and no database are needed.
Exit code: 1 if a key was found; otherwise 2 if something could not be read, and 0 if not.";

const HEALTH: &str = "\
URL is the address of the service, such as http://127.0.0.1:8080. Without it, the settings name
the address. Exit code: 0 if /health/ready responds with 200 within 2 s, otherwise 1.";

const DOCTOR: &str = "\
Run it with the settings, in the working directory and as the user of the service, while the
service runs or not. It changes nothing and prints no secrets. One line for each check: ok, warn,
FAIL or skip, its name and the finding, and a line of advice for each warning and failure. A check
takes at most 5 s, and all together 20 s, without --deep. docs/operations.md lists the checks.
Exit code: 1 if a check failed, otherwise 0.";

/// One line that says what is wrong with the arguments and what is accepted.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(String);

/// Parses the arguments, the name of the program first.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, UsageError> {
    let mut command = command();
    let matches = match command.try_get_matches_from_mut(arguments) {
        Ok(matches) => matches,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return Ok(Request::Print(error.to_string()));
        }
        Err(error) => return Err(UsageError(explain(&error))),
    };
    Ok(match matches.subcommand() {
        None | Some(("serve", _)) => Request::Serve,
        Some(("migrate", _)) => Request::Migrate,
        Some(("health", matches)) => Request::Health(matches.get_one("url").cloned()),
        Some(("check-config", _)) => Request::CheckConfig,
        Some(("openapi", _)) => Request::OpenApi,
        Some(("doctor", matches)) => Request::Doctor(Doctor {
            deep: matches.get_flag("deep"),
            json: matches.get_flag("json"),
            mail_to: matches.get_one("mail-to").cloned(),
        }),
        Some(("keys", matches)) => keys_request(matches),
        Some(_) => Request::Print(command.render_version()),
    })
}

fn keys_request(matches: &ArgMatches) -> Request {
    match matches.subcommand() {
        Some(("rotate", matches)) if matches.get_flag("now") => Request::Keys(Action::Replace),
        Some(("rotate", _)) => Request::Keys(Action::Rotate),
        Some(("scan", matches)) => {
            let paths = matches.get_many("paths").into_iter().flatten().cloned().collect();
            Request::Scan(Scan { paths, json: matches.get_flag("json") })
        }
        _ => Request::Keys(Action::List),
    }
}

fn keys_command() -> Command {
    let now = Arg::new("now")
        .long("now")
        .action(ArgAction::SetTrue)
        .help("Remove all keys at once and sign with a new one: all issued service tokens become invalid");
    let json = Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one JSON object for each key");
    let paths = Arg::new("paths")
        .value_name("PATH")
        .required(true)
        .num_args(1..)
        .value_parser(value_parser!(PathBuf))
        .help("A file, a directory, or - for standard input");
    Command::new("keys")
        .about("List or rotate the signing keys of service tokens, or search files for API keys")
        .subcommand_required(true)
        .subcommand(
            Command::new("list")
                .about("Print the signing keys of service tokens and their validity")
                .after_help(SETTINGS),
        )
        .subcommand(
            Command::new("rotate")
                .about("Publish a new signing key, which signs as soon as all verifiers can have fetched it")
                .arg(now)
                .after_help(SETTINGS),
        )
        .subcommand(
            Command::new("scan")
                .about("Search files and standard input for API keys")
                .arg(json)
                .arg(paths)
                .after_help(SCAN),
        )
}

fn doctor_command() -> Command {
    let deep =
        Arg::new("deep").long("deep").action(ArgAction::SetTrue).help("Also read every row, without a time limit");
    let json = Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print a JSON array");
    let mail_to = Arg::new("mail-to")
        .long("mail-to")
        .value_name("ADDRESS")
        .value_parser(value_parser!(EmailAddress))
        .help("Send a test mail to this address");
    Command::new("doctor")
        .about("Diagnose the installation, and print what is wrong and what to do")
        .args([deep, json, mail_to])
        .after_help(DOCTOR)
}

fn command() -> Command {
    Command::new("tessera")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Tessera, a user account service")
        .after_help(SETTINGS)
        .subcommand(
            Command::new("serve").about("Start the service (the default without a command)").after_help(SETTINGS),
        )
        .subcommand(Command::new("migrate").about("Apply all database migrations").after_help(SETTINGS))
        .subcommand(
            Command::new("health")
                .about("Check whether the service is ready, for health checks of containers")
                .arg(Arg::new("url").value_name("URL").value_parser(health::base_url))
                .after_help(HEALTH),
        )
        .subcommand(
            Command::new("check-config")
                .about("Check the settings as serve does, and print them as TOML with the source of each value")
                .after_help("Secrets are printed as ***. The output can be used as a settings file."),
        )
        .subcommand(doctor_command())
        .subcommand(Command::new("openapi").about("Print the OpenAPI document"))
        .subcommand(keys_command())
        .subcommand(Command::new("version").about("Print the version"))
}

/// Describes an error in one line.
fn explain(error: &clap::Error) -> String {
    let context = |kind| error.get(kind).map(ToString::to_string);
    let wrong = context(ContextKind::InvalidSubcommand).or_else(|| context(ContextKind::InvalidArg));
    let similar = context(ContextKind::SuggestedSubcommand).or_else(|| context(ContextKind::SuggestedArg));
    let similar = similar.map(|name| format!("; did you mean {name}?"));
    match (error.kind(), wrong) {
        (ErrorKind::InvalidSubcommand, Some(name)) => {
            format!("there is no command {name}{}", similar.unwrap_or("; see tessera --help".to_owned()))
        }
        (ErrorKind::UnknownArgument, Some(name)) => match setting(&name) {
            Some(variable) => format!("there is no option {name}: set the variable {variable} instead"),
            None => format!("there is no argument {name}{}", similar.unwrap_or("; see tessera --help".to_owned())),
        },
        (ErrorKind::MissingSubcommand, _) => {
            let commands = context(ContextKind::ValidSubcommand).unwrap_or_default();
            format!("a command is required: one of {commands}")
        }
        (ErrorKind::MissingRequiredArgument, _) => {
            "a PATH is required: a file, a directory, or - for standard input".to_owned()
        }
        _ => {
            let text = error.to_string();
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    }
}

/// Returns the variable of the setting that an option such as `--listen` or `--listen=…` means.
fn setting(option: &str) -> Option<String> {
    let name = option.strip_prefix("--")?.split('=').next()?.replace('-', "_");
    config::variable_like(&name.to_ascii_lowercase())
}
