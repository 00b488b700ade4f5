//! The command line of a move: what is rejected, and what is printed.

use tessera_tests::{
    database::TestDatabase,
    process::{Installation, MASTER_KEY},
    test_org::Service,
};

use super::{Backend, failed};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_is_rejected_with_its_reason_and_no_password_is_an_argument_s224() {
    let target = TestDatabase::create(Backend::Postgres).await;
    let to = ["migrate", "--to", target.url()];
    let postgres = Installation::new(Backend::Postgres).await;
    let said = failed(&postgres, &to);
    assert!(said.contains("only a SQLite database can be moved"), "{said}");
    let nothing = Installation::empty(Backend::Sqlite).await.set("TESSERA_MASTER_KEY", MASTER_KEY);
    for arguments in [&to[..], &["migrate", "--to", target.url(), "--check"], &["migrate", "--reopen"]] {
        let said = failed(&nothing, arguments);
        assert!(said.contains("there is no database at"), "{said}");
    }
    let (Service { installation, node }, _) = Service::with_person(Backend::Sqlite).await;
    for (arguments, reason) in [
        (&["migrate", "--to", "sqlite://other.db"][..], "must be that of PostgreSQL"),
        (&["migrate", "--to", "postgres://tessera:secret@127.0.0.1/tessera"], "set PGPASSWORD"),
        (&["migrate", "--to", "postgres://tessera@127.0.0.1:1/tessera"], "the database is not available"),
        (&["migrate", "--reopen"], "was not moved"),
    ] {
        let said = failed(&installation, arguments);
        assert!(said.contains(reason) && !said.contains("secret"), "{arguments:?}: {said}");
    }
    let installation =
        installation.set("TESSERA_MASTER_KEY", "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff");
    let said = failed(&installation, &to);
    assert!(said.contains("the master key does not open the secret"), "{said}");
    node.api().get_root("/health/ready").await.is(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_move_prints_its_tables_and_the_settings_of_the_nodes() {
    let installation = Installation::empty(Backend::Sqlite).await;
    drop(installation.start());
    let target = TestDatabase::create(Backend::Postgres).await;
    let said = installation.output_of(&["migrate", "--to", target.url()]);
    let key = installation.database().directory().map(|directory| directory.join("master.key")).unwrap_or_default();
    let secret = std::fs::read_to_string(&key).unwrap_or_else(|error| panic!("{error}"));
    assert!(said.contains(&format!("the content of {}", key.display())) && !said.contains(secret.trim()), "{said}");
    let line = said.lines().find(|line| line.starts_with("signing_keys ")).unwrap_or_default();
    let parts: Vec<&str> = line.split_whitespace().collect();
    assert!(parts.len() == 4 && parts[1] == "1" && parts[3].len() == 64, "{said}");
    assert!(said.contains("Writes were rejected for "), "{said}");
}
