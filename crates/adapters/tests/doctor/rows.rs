//! Checks that read rows.

use tessera_tests::{database::Backend, on_both, process::Installation};

use crate::{change, examine};

on_both! {
    missing_and_overdue_signing_keys_are_found
    missing_and_damaged_token_secrets_are_found
    rows_that_no_job_deletes_are_found
    mails_that_no_node_delivers_are_found
}

async fn missing_and_overdue_signing_keys_are_found(backend: Backend) {
    let installation = Installation::new(backend).await;
    examine(&installation, &[]).has("signing_keys", "ok", "published: 1");
    let shift = |days: i64| {
        let sqlite = format!("UPDATE signing_keys SET signs_from = signs_from + {days} * 86400000000");
        (sqlite, format!("UPDATE signing_keys SET signs_from = signs_from + {days} * interval '1 day'"))
    };
    let (sqlite, postgres) = shift(-92);
    change(&installation, &sqlite, &postgres).await;
    examine(&installation, &[]).has("signing_keys", "warn", "run tessera keys rotate");
    let (sqlite, postgres) = shift(184);
    change(&installation, &sqlite, &postgres).await;
    examine(&installation, &[]).has("signing_keys", "fail", "in the future");
    change(&installation, "DELETE FROM signing_keys", "DELETE FROM signing_keys").await;
    examine(&installation, &[]).has("signing_keys", "warn", "there is no signing key");
}

async fn missing_and_damaged_token_secrets_are_found(backend: Backend) {
    let installation = Installation::new(backend).await;
    examine(&installation, &[]).has("token_secret", "ok", "open");
    // The value of one secret under the name of another does not open.
    let swapped = "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE name = 'user-token-hs256')
        WHERE name = 'refresh-token-hmac-1'";
    change(&installation, swapped, swapped).await;
    let report = examine(&installation, &[]);
    report.has("token_secret", "fail", "refresh-token-hmac-1");
    report.has("master_key", "fail", "1 in secrets");
    change(&installation, "DELETE FROM secrets", "DELETE FROM secrets").await;
    examine(&installation, &[]).has("token_secret", "warn", "start tessera serve");
}

async fn rows_that_no_job_deletes_are_found(backend: Backend) {
    let installation = Installation::new(backend).await;
    let old = |hours: i64| {
        let sqlite = format!(
            "DELETE FROM idempotency_keys; INSERT INTO idempotency_keys VALUES (zeroblob(32), zeroblob(16), zeroblob(32), 0,
                NULL, 0, (unixepoch('now') - {hours} * 3600) * 1000000)"
        );
        let postgres = format!(
            "DELETE FROM idempotency_keys; INSERT INTO idempotency_keys
                (key_hash, owner, fingerprint, marked, leased_until, expires_at)
             SELECT decode(repeat('00', 32), 'hex'), '00000000-0000-0000-0000-000000000000',
                decode(repeat('00', 32), 'hex'), false, now(), now() - {hours} * interval '1 hour'"
        );
        (sqlite, postgres)
    };
    for (hours, status) in [(24, "ok"), (26, "warn")] {
        let (sqlite, postgres) = old(hours);
        change(&installation, &sqlite, &postgres).await;
        let report = examine(&installation, &[]);
        assert_eq!(report.status("jobs"), status, "{}", report.finding("jobs"));
    }
    examine(&installation, &[]).has("jobs", "warn", "idempotency_keys");
}

async fn mails_that_no_node_delivers_are_found(backend: Backend) {
    let installation = Installation::new(backend).await;
    examine(&installation, &[]).has("outbox", "ok", "0 mails are waiting");
    // Due for an hour, and valid for another one.
    let sqlite = "INSERT INTO mails (id, recipient, sealed, attempts, due_at, created_at, expires_at)
        SELECT randomblob(16), 'a@example.com', x'00', 3, at - 3600000000, at - 3600000000, at + 3600000000
        FROM (SELECT unixepoch('now') * 1000000 AS at)";
    let postgres = "INSERT INTO mails (id, recipient, sealed, attempts, due_at, created_at, expires_at)
        SELECT gen_random_uuid(), 'a@example.com', '\\x00', 3, now() - interval '1 hour',
            now() - interval '1 hour', now() + interval '1 hour'";
    change(&installation, sqlite, postgres).await;
    let report = examine(&installation, &[]);
    report.has("outbox", "fail", "no node delivers mails");
    report.has("outbox", "fail", "1 waiting mails have failed three times");
    report.has("master_key", "fail", "1 in mails");
    let refused = "UPDATE mails SET sealed = NULL, refusal = '550', refused_at =";
    let (sqlite, postgres) = (format!("{refused} created_at"), format!("{refused} created_at"));
    change(&installation, &sqlite, &postgres).await;
    examine(&installation, &[]).has("outbox", "warn", "rejected 1 mails");
}
