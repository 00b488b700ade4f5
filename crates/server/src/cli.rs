//! The command line.

use std::ffi::OsString;

use clap::{
    Arg, ArgAction, ArgMatches, Command,
    error::{ContextKind, ErrorKind},
};

use crate::{config, keys::Action};

/// A parsed command line. Without a command, it is [`Self::Serve`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Serve,
    Migrate,
    CheckConfig,
    OpenApi,
    Keys(Action),
    /// Text for standard output: a help page or the version.
    Print(String),
}

const SETTINGS: &str = "\
Settings are TESSERA_* environment variables, then the file that TESSERA_CONFIG names
(default: tessera.toml). There are no options for them. docs/configuration.md lists them;
tessera check-config prints the values in force.";

/// Parses the arguments, the name of the program first.
///
/// # Errors
/// One line that says what is wrong and what is accepted.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> anyhow::Result<Request> {
    let mut command = command();
    let matches = match command.try_get_matches_from_mut(arguments) {
        Ok(matches) => matches,
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            return Ok(Request::Print(error.to_string()));
        }
        Err(error) => anyhow::bail!(explain(&error)),
    };
    Ok(match matches.subcommand() {
        None | Some(("serve", _)) => Request::Serve,
        Some(("migrate", _)) => Request::Migrate,
        Some(("check-config", _)) => Request::CheckConfig,
        Some(("openapi", _)) => Request::OpenApi,
        Some(("keys", matches)) => Request::Keys(action(matches)),
        Some(_) => Request::Print(command.render_version()),
    })
}

fn action(matches: &ArgMatches) -> Action {
    match matches.subcommand() {
        Some(("rotate", matches)) if matches.get_flag("now") => Action::Replace,
        Some(("rotate", _)) => Action::Rotate,
        _ => Action::List,
    }
}

fn command() -> Command {
    let now = Arg::new("now")
        .long("now")
        .action(ArgAction::SetTrue)
        .help("Remove all keys at once and sign with a new one: all issued service tokens become invalid");
    let keys = Command::new("keys")
        .about("List or rotate the signing keys of service tokens")
        .subcommand_required(true)
        .subcommand(Command::new("list").about("Print the signing keys of service tokens and their validity"))
        .subcommand(
            Command::new("rotate")
                .about("Publish a new signing key, which signs as soon as all verifiers can have fetched it")
                .arg(now),
        );
    Command::new("tessera")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Tessera, a user account service")
        .after_help(SETTINGS)
        .subcommand(
            Command::new("serve").about("Start the service (the default without a command)").after_help(SETTINGS),
        )
        .subcommand(Command::new("migrate").about("Apply all database migrations").after_help(SETTINGS))
        .subcommand(
            Command::new("check-config")
                .about("Check the settings as serve does, and print them as TOML with the source of each value")
                .after_help("Secrets are printed as ***. The output can be used as a settings file."),
        )
        .subcommand(Command::new("openapi").about("Print the OpenAPI document"))
        .subcommand(keys.after_help(SETTINGS))
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
