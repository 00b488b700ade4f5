//! The command line.

use std::{ffi::OsString, path::PathBuf};

use clap::{
    Arg, ArgAction, ArgMatches, Command,
    error::{ContextKind, ErrorKind},
    value_parser,
};

use tessera_kernel::EmailAddress;
use url::Url;

use tessera_adapters::SecretKind;

use crate::{
    config, doctor::Doctor, health, keys::Action, master_key::commands::MasterKeyAction, moving::MoveAction, scan::Scan,
};

/// A parsed command line. Without a command, it is [`Self::Serve`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Serve,
    Migrate,
    Move(MoveAction),
    /// Without a URL, that of the service with the settings in force.
    Health(Option<Url>),
    CheckConfig,
    /// The file that is written.
    Backup(PathBuf),
    Restore {
        file: PathBuf,
        /// Whether an existing database is moved away.
        force: bool,
    },
    /// The log with audit entries.
    AfterRestore(Option<PathBuf>),
    OpenApi,
    Keys(Action),
    MasterKey(MasterKeyAction),
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

const MIGRATE: &str = "\
With --to, all rows of the SQLite database of the settings are moved to an empty database of
PostgreSQL. Meanwhile the service reads, and rejects writes with 503. After a failure, run it again:
it continues. At the end, the SQLite database rejects all writes, and the settings of the nodes are
printed. URL has no password: set PGPASSWORD. docs/operations.md describes the move.

Settings are TESSERA_* environment variables, as of tessera serve.";

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
        Some(("migrate", matches)) => migrate_request(matches),
        Some(("health", matches)) => Request::Health(matches.get_one("url").cloned()),
        Some(("check-config", _)) => Request::CheckConfig,
        Some(("backup", matches)) => Request::Backup(file(matches)),
        Some(("restore", matches)) => Request::Restore { file: file(matches), force: matches.get_flag("force") },
        Some(("after-restore", matches)) => Request::AfterRestore(matches.get_one("audit-log").cloned()),
        Some(("openapi", _)) => Request::OpenApi,
        Some(("doctor", matches)) => Request::Doctor(Doctor {
            deep: matches.get_flag("deep"),
            json: matches.get_flag("json"),
            mail_to: matches.get_one("mail-to").cloned(),
        }),
        Some(("keys", matches)) => keys_request(matches),
        Some(("master-key", matches)) => Request::MasterKey(match matches.subcommand_name() {
            Some("rotate") => MasterKeyAction::Rotate,
            Some("reseal") => MasterKeyAction::Reseal,
            _ => MasterKeyAction::Status,
        }),
        Some(_) => Request::Print(command.render_version()),
    })
}

/// The required FILE of a command.
fn file(matches: &ArgMatches) -> PathBuf {
    matches.get_one("file").cloned().unwrap_or_default()
}

fn backup_commands() -> [Command; 3] {
    let file =
        |help| Arg::new("file").value_name("FILE").required(true).value_parser(value_parser!(PathBuf)).help(help);
    let force = Arg::new("force")
        .long("force")
        .action(ArgAction::SetTrue)
        .help("Replace an existing database, whose files are kept under another name");
    let log = Arg::new("audit-log").long("audit-log").value_name("FILE").value_parser(value_parser!(PathBuf));
    [
        Command::new("backup")
            .about("Write a backup of the SQLite database, while the service runs or not")
            .arg(file("The file to write. It must not exist"))
            .after_help(SETTINGS),
        Command::new("restore")
            .about("Replace the SQLite database with a backup, and run after-restore")
            .arg(force)
            .arg(file("A file that tessera backup has written"))
            .after_help(SETTINGS),
        Command::new("after-restore")
            .about("End all sessions and one-time tokens of a restored database, and repeat withdrawals of rights")
            .arg(log.help("The log of the service from after the backup, with lines of the target audit"))
            .after_help(SETTINGS),
    ]
}

fn migrate_request(matches: &ArgMatches) -> Request {
    match matches.get_one::<String>("to").cloned() {
        Some(target) if matches.get_flag("check") => Request::Move(MoveAction::Check(target)),
        Some(target) => Request::Move(MoveAction::To(target)),
        None if matches.get_flag("reopen") => Request::Move(MoveAction::Reopen),
        None => Request::Migrate,
    }
}

fn migrate_command() -> Command {
    let to = Arg::new("to").long("to").value_name("URL").help("Move the SQLite database to this PostgreSQL database");
    let check = Arg::new("check")
        .long("check")
        .action(ArgAction::SetTrue)
        .requires("to")
        .help("Copy nothing, and print the first difference between the databases");
    let reopen = Arg::new("reopen")
        .long("reopen")
        .action(ArgAction::SetTrue)
        .conflicts_with("to")
        .help("Undo a move, unless a node has served the PostgreSQL database");
    Command::new("migrate")
        .about("Apply all database migrations, or move the database from SQLite to PostgreSQL")
        .args([to, check, reopen])
        .after_help(MIGRATE)
}

fn keys_request(matches: &ArgMatches) -> Request {
    match matches.subcommand() {
        Some(("rotate", matches)) if matches.get_flag("now") => Request::Keys(Action::Replace),
        Some(("rotate", matches)) if matches.get_flag("user-tokens") => {
            Request::Keys(Action::AddSecret(SecretKind::UserTokens))
        }
        Some(("rotate", matches)) if matches.get_flag("refresh-tokens") => {
            Request::Keys(Action::AddSecret(SecretKind::RefreshTokens))
        }
        Some(("rotate", _)) => Request::Keys(Action::Rotate),
        Some(("scan", matches)) => {
            let paths = matches.get_many("paths").into_iter().flatten().cloned().collect();
            Request::Scan(Scan { paths, json: matches.get_flag("json") })
        }
        _ => Request::Keys(Action::List),
    }
}

/// The options of `keys rotate`, of which one may be given.
fn rotation_options() -> [Arg; 3] {
    let option = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    [
        option("now")
            .help("Remove all keys at once and sign with a new one: all issued service tokens become invalid")
            .conflicts_with_all(["user-tokens", "refresh-tokens"]),
        option("user-tokens")
            .help("Add a secret of user tokens instead. Issued tokens stay valid")
            .conflicts_with("refresh-tokens"),
        option("refresh-tokens").help("Add a secret of refresh tokens instead. Issued refresh tokens stay valid"),
    ]
}

const ROTATE: &str = "\
On PostgreSQL, or with TESSERA_MASTER_KEY, complete each step on all nodes before the next:
  1. Set TESSERA_MASTER_KEY_ALSO to the new key, and restart the node.
  2. Set TESSERA_MASTER_KEY to the new key and TESSERA_MASTER_KEY_ALSO to the old one, and restart.
  3. Run tessera master-key reseal, until it prints: 0 values under other keys.
  4. Remove TESSERA_MASTER_KEY_ALSO, and restart.
With SQLite and a key file, stop the service and run tessera master-key rotate.";

fn master_key_command() -> Command {
    Command::new("master-key")
        .about("Replace the master key, which encrypts the stored secrets")
        .subcommand_required(true)
        .after_help(ROTATE)
        .subcommand(Command::new("status").about("Count the encrypted values by the id of their key").after_help(SETTINGS))
        .subcommand(
            Command::new("rotate")
                .about("Replace the key file of SQLite while the service is stopped")
                .after_help("After a crash, run it again: it continues. The previous key stays in a file beside the new one."),
        )
        .subcommand(
            Command::new("reseal")
                .about("Encrypt all values with TESSERA_MASTER_KEY that have another key")
                .after_help("The service may run. After a failure, run it again: it continues.\n\nThe steps of a rotation: tessera master-key --help"),
        )
}

fn keys_command() -> Command {
    let json = Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print one JSON object for each key");
    let paths = Arg::new("paths")
        .value_name("PATH")
        .required(true)
        .num_args(1..)
        .value_parser(value_parser!(PathBuf))
        .help("A file, a directory, or - for standard input");
    Command::new("keys")
        .about("List or rotate the keys and secrets that sign tokens, or search files for API keys")
        .subcommand_required(true)
        .subcommand(
            Command::new("list")
                .about("Print the signing keys of service tokens and their validity")
                .after_help(SETTINGS),
        )
        .subcommand(
            Command::new("rotate")
                .about("Publish a new signing key, which signs as soon as all verifiers can have fetched it")
                .args(rotation_options())
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
        .subcommand(migrate_command())
        .subcommand(
            Command::new("health")
                .about("Check whether the service is ready, for health checks of containers")
                .arg(
                    Arg::new("url").value_name("URL").help("The address of the service").value_parser(health::base_url),
                )
                .after_help(HEALTH),
        )
        .subcommand(
            Command::new("check-config")
                .about("Check the settings as serve does, and print them as TOML with the source of each value")
                .after_help("Secrets are printed as ***. The output can be used as a settings file."),
        )
        .subcommand(doctor_command())
        .subcommand(Command::new("openapi").about("Print the OpenAPI document"))
        .subcommands(backup_commands())
        .subcommand(keys_command())
        .subcommand(master_key_command())
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
        (ErrorKind::MissingRequiredArgument, Some(name)) if name == "<FILE>" => "a FILE is required".to_owned(),
        (ErrorKind::MissingRequiredArgument, Some(name)) if name.starts_with("--to") => {
            "--check requires --to URL".to_owned()
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
