//! Mail delivery: mails may be late, but they are never lost or sent twice.

use std::collections::BTreeSet;

use serde_json::json;
use tessera_outbox::MailRefusal;
use tessera_tests::{
    api::text_of,
    database::Backend,
    eventually,
    mail::{DELIVERY_DEADLINE, ReceivedMail, in_directory, last_of},
    on_both,
    process::Installation,
    smtp::{Sink, WalletBehavior},
    test_org::{PASSWORD, TestOrg, unique},
};

use crate::storage;

async fn invite(acme: &TestOrg, email: &str) {
    let body = json!({"email": email, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.is(201);
}

/// Waits until the outbox is empty.
async fn all_delivered(acme: &TestOrg, mails: impl Fn() -> Vec<ReceivedMail>, count: usize) {
    eventually("all mails", DELIVERY_DEADLINE, || std::future::ready((mails().len() >= count).then_some(()))).await;
    let store = storage::open(&acme.service.installation).await;
    eventually("an empty outbox", DELIVERY_DEADLINE, || {
        let store = store.clone();
        async move { storage::waiting_mails(&store).await.is_empty().then_some(()) }
    })
    .await;
}

on_both! {
    a_mail_server_that_is_down_delays_a_mail_and_fails_nothing
    a_mail_becomes_a_file_for_its_owner_only
    two_nodes_deliver_each_mail_once
    a_mail_that_is_refused_for_good_ends_and_holds_up_no_other
    a_mail_server_without_smtputf8_gets_what_can_be_written_in_ascii
    a_mail_at_rest_is_sealed
    settings_for_mail_are_checked_at_start
    a_service_that_is_reached_by_number_sends_mail
}

async fn a_mail_server_that_is_down_delays_a_mail_and_fails_nothing(backend: Backend) {
    let address = Sink::nowhere().await;
    let installation = Installation::new(backend).await.set("TESSERA_SMTP_URL", &format!("smtp://{address}"));
    let acme = TestOrg::open_on(installation).await;
    invite(&acme, "late@example.com").await;
    eventually("a first try", DELIVERY_DEADLINE, || {
        std::future::ready(acme.service.node.log().contains("mail not delivered").then_some(()))
    })
    .await;
    let sink = Sink::on(address).await;
    all_delivered(&acme, || sink.mails(), 1).await;
    let mails = sink.mails();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "late@example.com"));
}

#[cfg(unix)]
async fn a_mail_becomes_a_file_for_its_owner_only(backend: Backend) {
    use std::os::unix::fs::PermissionsExt as _;
    let installation = Installation::new(backend).await.set("TESSERA_MAIL_FROM", "Ops <ops@example.org>");
    let acme = TestOrg::open_on(installation).await;
    invite(&acme, "file@example.com").await;
    let mail = last_of(&acme.service.installation, "file@example.com", 1).await;
    assert_eq!(mail.from, "ops@example.org");
    let directory = acme.service.installation.mail_directory();
    let mode = |path: &std::path::Path| path.metadata().map(|known| known.permissions().mode() & 0o777).ok();
    assert_eq!(mode(&directory), Some(0o700));
    for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
        assert_eq!(mode(&entry.path()), Some(0o600), "{}", entry.path().display());
    }
}

async fn two_nodes_deliver_each_mail_once(backend: Backend) {
    let sink = Sink::start().await;
    let installation = Installation::new(backend).await.set("TESSERA_SMTP_URL", &sink.url());
    // The test sends more invitations than one inviter may send.
    let acme = TestOrg::open_on(installation.set("TESSERA_THROTTLE", "off")).await;
    let _other = acme.service.installation.start_another();
    let all: BTreeSet<String> = (0..40).map(|_| format!("{}@example.com", unique("guest"))).collect();
    for email in &all {
        invite(&acme, email).await;
    }
    all_delivered(&acme, || sink.mails(), all.len()).await;
    let mails = sink.mails();
    assert_eq!(mails.len(), all.len());
    assert_eq!(mails.iter().map(|mail| mail.to.clone()).collect::<BTreeSet<_>>(), all);
    assert_eq!(mails.iter().map(|mail| mail.id.clone()).collect::<BTreeSet<_>>().len(), all.len());
}

async fn a_mail_that_is_refused_for_good_ends_and_holds_up_no_other(backend: Backend) {
    let words = "550 5.1.1 <gone@example.com> nobody of that name";
    let sink = Sink::with(WalletBehavior::default().answering("RCPT TO:<gone@", words)).await;
    let installation = Installation::new(backend).await.set("TESSERA_SMTP_URL", &sink.url());
    let acme = TestOrg::open_on(installation).await;
    invite(&acme, "gone@example.com").await;
    invite(&acme, "here@example.com").await;
    all_delivered(&acme, || sink.mails(), 1).await;
    assert_eq!(sink.mails()[0].to, "here@example.com");
    let log = acme.service.node.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("mail refused for good")).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("WARN") && told[0].contains("550"), "{}", told[0]);
    assert!(!log.contains("nobody of that name") && !log.contains("gone@"), "{log}");
    let told: serde_json::Value = serde_json::from_str(told[0]).unwrap_or_else(|error| panic!("{}: {error}", told[0]));
    let id = told["fields"]["mail"].as_str().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no id: {told}"));
    let left = storage::refused_mail(&storage::open(&acme.service.installation).await, id).await;
    assert_eq!((left.recipient.as_str(), left.refusal), ("gone@example.com", MailRefusal::Reply(550)));
    // The invitation is not affected.
    let invitations = format!("/orgs/{}/invitations", acme.org);
    let listed = acme.owner.get(&invitations).await.expecting(200);
    assert_eq!((&listed[0]["email"], &listed[0]["status"]), (&json!("gone@example.com"), &json!("pending")));
    let again = format!("{invitations}/{}/resend", text_of(&listed[0], "id"));
    acme.owner.post(&again, &json!({})).await.is(200);
}

async fn a_mail_server_without_smtputf8_gets_what_can_be_written_in_ascii(backend: Backend) {
    let sink = Sink::with(WalletBehavior::default().ascii_only()).await;
    let installation = Installation::new(backend).await.set("TESSERA_SMTP_URL", &sink.url());
    let acme = TestOrg::open_on(installation).await;
    for email in ["jürg@example.com", "inv@bücher.example"] {
        invite(&acme, email).await;
    }
    // The mails of a registration and of a reset are in no list, but the log names them.
    let account = json!({"email": "zoë@example.com", "password": PASSWORD});
    acme.api().post("/auth/register", &account).await.is(201);
    acme.api().post("/auth/password/forgot", &json!({"email": "zoë@example.com"})).await.is(202);
    let listed = eventually("all mails end", DELIVERY_DEADLINE, async || {
        let path = format!("/orgs/{}/invitations", acme.org);
        let listed = acme.owner.get(&path).await.expecting(200);
        let ended = listed.as_array().is_some_and(|all| all.iter().all(|one| one["delivery"] != "queued"));
        let refused = acme.service.node.log().matches("\"refusal\":\"non_ascii_address\"").count();
        (ended && refused == 3).then_some(listed)
    })
    .await;
    let delivery = |email: &str| {
        let of = listed.as_array().and_then(|all| all.iter().find(|one| one["email"] == email));
        of.map(|one| one["delivery"].clone()).unwrap_or_default()
    };
    assert_eq!((delivery("jürg@example.com"), delivery("inv@bücher.example")), (json!("failed"), json!("sent")));
    assert_eq!(sink.mails().iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["inv@xn--bcher-kva.example"]);
    assert!(!acme.service.node.log().contains("mail not delivered"), "{}", acme.service.node.log());
}

async fn a_mail_at_rest_is_sealed(backend: Backend) {
    let address = Sink::nowhere().await;
    let installation = Installation::new(backend).await.set("TESSERA_SMTP_URL", &format!("smtp://{address}"));
    let acme = TestOrg::open_on(installation).await;
    invite(&acme, "sealed@example.com").await;
    // Taken directly, with a later time, so that the mail is due whatever the result of the first attempt.
    let store = storage::open(&acme.service.installation).await;
    let mut waiting = storage::waiting_mails(&store).await;
    waiting.retain(|taken| taken.mail.recipient.as_str() == "sealed@example.com");
    let bytes = waiting.iter().map(|taken| String::from_utf8_lossy(&taken.mail.sealed)).collect::<String>();
    assert_eq!(waiting.len(), 1);
    for word in ["token", "invitations", "subject", "sealed@example.com"] {
        assert!(!bytes.contains(word), "{word}");
    }
    assert!(in_directory(&acme.service.installation.mail_directory()).is_empty());
}

async fn settings_for_mail_are_checked_at_start(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_MAIL_FROM", "nobody");
    let said = installation.refuses_to_start().await;
    assert!(said.contains("TESSERA_MAIL_FROM: must be an address at"), "{said}");
    let installation = installation.unset("TESSERA_MAIL_FROM").set("TESSERA_SMTP_URL", "http://user:hidden@mail");
    let said = installation.refuses_to_start().await;
    assert!(said.contains("TESSERA_SMTP_URL: must be smtp://") && !said.contains("hidden"), "{said}");
}

async fn a_service_that_is_reached_by_number_sends_mail(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_PUBLIC_URL", "http://127.0.0.1:8080");
    let acme = TestOrg::open_on(installation).await;
    invite(&acme, "number@example.com").await;
    let mail = last_of(&acme.service.installation, "number@example.com", 1).await;
    assert_eq!(mail.from, "no-reply@localhost");
}
