//! Moves that do not end, and those that follow them.

use tessera_adapters::{MoveError, OpenError};
use tessera_kernel::StoreError;
use tessera_testkit::expectations::{failed, ok, some};

use super::{Pair, key, open};

/// Makes every write to a table of the target fail.
const FAIL: &str =
    "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stop'; END $$;";

impl Pair {
    /// Moves until the last table is written, and fails there.
    async fn interrupt(&self) {
        // The first move creates the schema, and fails because a table has a row.
        drop(ok(self.begin().await));
        self.on_target(&format!("{FAIL} CREATE TRIGGER fail BEFORE INSERT ON wrong_passwords EXECUTE FUNCTION fail()"))
            .await;
        let stopped = failed(self.run().await);
        assert!(matches!(&stopped, MoveError::Table { table, .. } if table == "wrong_passwords"), "{stopped:?}");
        self.on_target("DROP TRIGGER fail ON wrong_passwords; DROP FUNCTION fail").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_move_continues_with_what_has_changed_since() {
    let (pair, _) = Pair::full().await;
    pair.interrupt().await;
    let failed_to_open = failed(open(&pair.target).await.map(drop));
    assert!(matches!(failed_to_open, OpenError::Unavailable(_)), "{failed_to_open:?}");
    let kept = pair.target.texts("SELECT xmin FROM mails").await;
    // The source was not closed. Rows are changed, deleted and added, and a unique value moves to another row.
    pair.change(
        "PRAGMA foreign_keys = ON;
        DELETE FROM memberships WHERE user_id IN (SELECT id FROM users WHERE email IS NOT NULL ORDER BY id LIMIT 1);
        CREATE TEMP TABLE freed AS SELECT email, email_canonical FROM users WHERE email IS NOT NULL ORDER BY id LIMIT 1;
        DELETE FROM users WHERE email_canonical = (SELECT email_canonical FROM freed);
        UPDATE users SET (email, email_canonical) = (SELECT email, email_canonical FROM freed)
            WHERE id = (SELECT max(id) FROM users);
        UPDATE items SET quantity = 5 WHERE id = (SELECT min(id) FROM items);
        INSERT INTO password_hash_costs VALUES ('added since');
        UPDATE credential_epoch SET epoch = epoch + 10",
    );
    ok(pair.run().await);
    assert_eq!(pair.difference().await, None);
    assert_eq!(pair.target.texts("SELECT xmin FROM mails").await, kept, "equal ranges are not written again");
    ok(open(&pair.target).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_only_an_incomplete_target_has_are_removed() {
    let (pair, _) = Pair::full().await;
    pair.interrupt().await;
    pair.on_target(
        "INSERT INTO users (id, email_verified, created_at, updated_at)
            VALUES ('ffffffff-ffff-ffff-ffff-ffffffffffff', true, now(), now()),
                ('00000000-0000-0000-0000-000000000000', true, now(), now());
        INSERT INTO memberships (organization_id, user_id, role, joined_at)
            SELECT id, '00000000-0000-0000-0000-000000000000', 'owner', now() FROM organizations",
    )
    .await;
    ok(pair.run().await);
    assert_eq!(pair.difference().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_the_last_two_steps_neither_database_accepts_writes() {
    let pair = Pair::new().await;
    drop(ok(pair.begin().await));
    // A process that has the source open, with prepared statements.
    let serving = ok(open(&pair.source).await);
    ok(serving.keep_secret("later", &ok(key().seal("later", b"x", &*tessera_system::system_ports().entropy))).await);
    pair.on_target(&format!("{FAIL} CREATE TRIGGER fail BEFORE UPDATE ON moved_from EXECUTE FUNCTION fail()")).await;
    let stopped = failed(pair.run().await);
    assert!(matches!(stopped, MoveError::Target(_)), "{stopped:?}");

    let rejected = failed(serving.keep_secret("rejected", b"sealed").await);
    assert!(matches!(rejected, StoreError::Moved), "{rejected:?}");
    assert!(some(ok(serving.find_secret("later").await)).len() > 1, "reads continue");
    let closed = failed(open(&pair.source).await.map(drop));
    assert!(matches!(closed, OpenError::Moved { .. }) && !closed.may_pass(), "{closed:?}");
    let incomplete = failed(open(&pair.target).await.map(drop));
    assert!(matches!(incomplete, OpenError::Unavailable(_)) && incomplete.may_pass(), "{incomplete:?}");

    pair.on_target("DROP TRIGGER fail ON moved_from").await;
    let moving = ok(pair.begin().await);
    assert!(!moving.is_complete());
    ok(moving.copy(|_| {}).await);
    ok(ok(open(&pair.target).await).keep_secret("new", b"sealed").await);
    assert!(ok(pair.begin().await).is_complete());
    let rejected = failed(serving.keep_secret("rejected", b"sealed").await);
    assert!(matches!(rejected, StoreError::Moved), "{rejected:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_process_writes_to_the_source_during_a_move() {
    let pair = Pair::new().await;
    let serving = ok(open(&pair.source).await);
    let moving = ok(pair.begin().await);
    let rejected = failed(serving.keep_secret("meanwhile", b"sealed").await);
    assert!(matches!(rejected, StoreError::Busy), "{rejected:?}");
    assert!(ok(serving.find_secret("another").await).is_some());
    drop(moving);
    ok(serving
        .keep_secret("meanwhile", &ok(key().seal("meanwhile", b"x", &*tessera_system::system_ports().entropy)))
        .await);
    ok(pair.run().await);
    assert_eq!(pair.target.texts("SELECT count(*) FROM secrets").await, ["3"]);
}
