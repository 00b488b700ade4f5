//! The five-minute tour of the README, run as a script.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tessera_tests::{database::Backend, eventually, markdown, on_both, read_workspace_file, test_org::Service};

/// Runs a script to its end, with only `PATH` from the environment.
#[expect(clippy::disallowed_methods, reason = "the script gets PATH and nothing else")]
async fn run(script: &str) -> (bool, String, String) {
    let home = TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}"));
    let file =
        |name: &str| std::fs::File::create(home.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let (out, err) = (file("out"), file("err"));
    let mut bash = Command::new("bash");
    let bash = bash
        .args(["-euo", "pipefail", "-c", script])
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let bash = bash.env("HOME", home.path()).current_dir(home.path()).stdin(Stdio::null()).stdout(out).stderr(err);
    let mut child = bash.spawn().unwrap_or_else(|error| panic!("bash can't be started: {error}"));
    let status = eventually("the tour ends", Duration::from_mins(1), || {
        std::future::ready(child.try_wait().unwrap_or_else(|error| panic!("{error}")))
    });
    let good = status.await.success();
    let read = |name: &str| std::fs::read_to_string(home.path().join(name)).unwrap_or_default();
    (good, read("out"), read("err"))
}

on_both! {
    the_tour_of_the_readme_works_from_top_to_bottom
}

async fn the_tour_of_the_readme_works_from_top_to_bottom(backend: Backend) {
    let service = Service::start(backend).await;
    let url = service.node.url();
    let script = markdown::tour(&read_workspace_file("README.md")).join("\n");
    let script = script.replace("http://127.0.0.1:8080", url);
    assert!(script.contains(url), "the tour asks somebody else");
    let (good, out, err) = run(&script).await;
    assert!(good, "{out}\n{err}");
    markdown::assert_tour(&out);
}
