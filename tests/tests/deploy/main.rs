//! The files in `deploy`. Each passes the validator of its format, and the image starts. `scripts/test` installs the validators.

mod alerts;
mod image;
mod manifests;
mod settings;
mod units;

use std::process::Command;

use tessera_tests::workspace_root;

/// Runs a program in the root of the workspace, which must succeed. Returns its output with its errors.
#[track_caller]
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(workspace_root()).output();
    let output =
        output.unwrap_or_else(|error| panic!("{program}, which scripts/test installs, can't be started: {error}"));
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
    said
}
