//! Commands, their help, and suggestions after typing errors.

use crate::{complaint, out, run};

/// The commands that a help page lists.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    listed.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}

#[test]
fn each_command_has_a_help_page_and_a_row_in_the_documentation() {
    let page = include_str!("../../../../docs/operations.md");
    let all = commands(&out(&run(&["--help"], &[], None)));
    let expected = [
        "serve",
        "migrate",
        "health",
        "check-config",
        "doctor",
        "openapi",
        "backup",
        "restore",
        "after-restore",
        "keys",
        "master-key",
        "version",
        "help",
    ];
    assert_eq!(all, expected);
    for command in all.iter().filter(|command| *command != "help") {
        for arguments in [["help", command], [command, "--help"]] {
            let help = out(&run(&arguments, &[], None));
            assert!(help.contains(&format!("Usage: tessera {command}")), "{help}");
        }
        assert!(page.contains(&format!("`tessera {command}")), "{command} is not documented");
    }
    assert_eq!(commands(&out(&run(&["keys", "--help"], &[], None))), ["list", "rotate", "scan", "help"]);
}

#[test]
fn the_version_is_an_option_and_a_command() {
    let version = format!("tessera {}\n", env!("CARGO_PKG_VERSION"));
    for arguments in ["--version", "-V", "version"] {
        assert_eq!(out(&run(&[arguments], &[], None)), version);
    }
}

#[test]
fn a_typing_error_gets_a_suggestion_in_one_line() {
    let set = |variable: &str| format!("set the variable {variable} instead");
    for (arguments, hint) in [
        (&["srve"][..], "there is no command srve; did you mean serve?".to_owned()),
        (&["checkconfig"], "did you mean check-config?".to_owned()),
        (&["keys", "rotat"], "did you mean rotate?".to_owned()),
        (&["keys", "rotate", "--noww"], "did you mean --now?".to_owned()),
        (&["keys"], "a command is required: one of list, rotate, scan".to_owned()),
        (&["backup"], "a FILE is required".to_owned()),
        (&["burn"], "there is no command burn; see tessera --help".to_owned()),
        (&["serve", "x"], "there is no argument x; see tessera --help".to_owned()),
        (&["serve", "--listen", "0.0.0.0:80"], set("TESSERA_LISTEN")),
        (&["serve", "--listen=0.0.0.0:80"], set("TESSERA_LISTEN")),
        (&["--public-url", "https://id.example"], set("TESSERA_PUBLIC_URL")),
        (&["serve", "--port", "80"], set("TESSERA_LISTEN")),
        (&["migrate", "--database", "x"], set("TESSERA_DATABASE_URL")),
        (&["--log-level=debug"], set("TESSERA_LOG")),
        (&["--config", "x.toml"], set("TESSERA_CONFIG")),
    ] {
        let text = complaint(&run(arguments, &[], None));
        assert!(text.starts_with("tessera: ") && text.contains(&hint) && text.lines().count() == 1, "{text}");
    }
}
