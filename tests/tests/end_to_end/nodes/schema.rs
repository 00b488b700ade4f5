//! A service that must not change the schema, and the command that asks a service whether it is ready.

use std::time::Duration;

use reqwest::Method;
use tessera_tests::{
    api::{Api, try_send},
    database::Backend,
    eventually, on_both,
    process::{Installation, free_port},
    test_org::Person,
};

const PATIENCE: Duration = Duration::from_secs(30);

on_both! {
    a_service_that_must_not_migrate_waits_for_the_migration
    a_service_that_must_not_migrate_starts_on_the_current_schema
    the_health_command_follows_the_service
}

async fn a_service_that_must_not_migrate_waits_for_the_migration(backend: Backend) {
    let port = free_port();
    let installation = Installation::empty(backend).await.set("TESSERA_LISTEN", &format!("127.0.0.1:{port}"));
    let installation = installation.set("TESSERA_MIGRATE", "off");
    let starting = installation.spawn();
    let words = "the schema has to be migrated, and TESSERA_MIGRATE is off: run tessera migrate";
    eventually(words, PATIENCE, || std::future::ready(starting.log().contains(words).then_some(()))).await;
    let api = Api::new(&format!("http://127.0.0.1:{port}"));
    let live = || async { try_send(api.request(Method::GET, "/health/live")).await.ok() };
    eventually("it lives", PATIENCE, live).await.is(200);
    api.get_root("/health/ready").await.problem(503, "not_ready");
    // Otherwise an operator would take a mistyped path for a database without users.
    let created = installation.database().directory().is_some_and(|directory| directory.join("tessera.db").exists());
    assert!(!created, "only serve with migrations, and migrate, create a database");
    assert!(installation.run(&["migrate"]).status.success());
    Person::register(&starting.ready().api()).await;
}

async fn a_service_that_must_not_migrate_starts_on_the_current_schema(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_MIGRATE", "off");
    Person::register(&installation.start().api()).await;
}

async fn the_health_command_follows_the_service(backend: Backend) {
    let port = free_port();
    let installation = Installation::new(backend).await.set("TESSERA_LISTEN", &format!("127.0.0.1:{port}"));
    let said = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let output = installation.run(&["health"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains(&format!("http://127.0.0.1:{port}/health/ready does not respond")));
    let node = installation.start();
    for arguments in [&["health"][..], &["health", node.url()], &["health", &format!("{}/", node.url())]] {
        let output = installation.run(arguments);
        assert!(output.status.success() && output.stdout.is_empty(), "{}", said(&output));
    }
    // Another page of the service is not ready, whatever it responds with.
    let output = installation.run(&["health", &format!("{}/nowhere", node.url())]);
    assert_eq!(
        (output.status.code(), said(&output).contains("responds with 404")),
        (Some(1), true),
        "{}",
        said(&output)
    );
    for wrong in ["localhost:8080", "ftp://localhost", "http://localhost/?a=b", "http://u:hunter2@localhost"] {
        let output = installation.run(&["health", wrong]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(said(&output).contains("must be an http or https URL"), "{}", said(&output));
    }
    let output = installation.set("TESSERA_LISTEN", "127.0.0.1:0").run(&["health"]);
    assert!(said(&output).contains("pass its URL"), "{}", said(&output));
    node.kill();
}

#[tokio::test]
async fn a_newer_schema_ends_the_start_with_one_line() {
    let installation = Installation::new(Backend::Postgres).await;
    installation.database().execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')").await;
    let said = installation.refuses_to_start().await;
    let errors: Vec<&str> = said.lines().filter(|line| line.contains("ERROR")).collect();
    assert!(matches!(&*errors, [line] if line.contains("newer than this version of tessera")), "{said}");
}
