//! The commands of the README: the five-minute tour as a script, and the set-up of PostgreSQL.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tessera_tests::{
    database::{Backend, TestDatabase},
    eventually,
    markdown::{self, code_blocks},
    on_both,
    process::Installation,
    read_workspace_file,
    test_org::{Person, Service},
};

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

#[tokio::test]
async fn the_service_starts_with_the_role_and_the_database_of_the_readme() {
    let readme = read_workspace_file("README.md");
    let block = |language| code_blocks(&readme, "On Postgres", language).remove(0);
    let settings = block("sh");
    let url = settings.lines().find_map(|line| line.strip_prefix("export TESSERA_DATABASE_URL="));
    let url = url.unwrap_or_else(|| panic!("no URL in {settings}"));
    // Other tests use the same cluster, so the role and the database have a name of their own.
    let (cluster, name) = (TestDatabase::create(Backend::Postgres).await, format!("readme_{}", std::process::id()));
    for statement in block("sql").lines() {
        cluster.execute(&statement.replace("tessera", &name)).await;
    }
    let authority = cluster.url().split(['@', '/']).nth(3).unwrap_or_default();
    let url = url.replace("127.0.0.1:5432", authority).replace("tessera", &name);
    let installation = Installation::empty(Backend::Postgres).await.set("TESSERA_DATABASE_URL", &url);
    let node = installation.start();
    Person::register(&node.api()).await;
    node.kill();
    for statement in [format!("DROP DATABASE {name} WITH (FORCE)"), format!("DROP ROLE {name}")] {
        cluster.execute(&statement).await;
    }
}
