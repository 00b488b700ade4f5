//! Withdrawal, replacement and resending of invitations while the mail server is down: no mail with an invalid link is
//! delivered.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tessera_tests::{
    api::text_of,
    database::Backend,
    eventually,
    mail::{DELIVERY_DEADLINE, ReceivedMail},
    on_both,
    process::Installation,
    smtp::Sink,
    test_org::{PASSWORD, TestOrg},
};

use crate::storage;

/// A test organization without a running mail server, and the configured address of the server.
async fn without_mail_server(backend: Backend) -> (TestOrg, SocketAddr) {
    let address = Sink::nowhere().await;
    let installation = Installation::new(backend).await.set("TESSERA_SMTP_URL", &format!("smtp://{address}"));
    (TestOrg::open_on(installation).await, address)
}

fn path(acme: &TestOrg) -> String {
    format!("/orgs/{}/invitations", acme.org)
}

async fn invite(acme: &TestOrg, email: &str, role: &str) -> String {
    let sent = acme.owner.post(&path(acme), &json!({"email": email, "role": role})).await;
    text_of(&sent.expecting(201), "id")
}

/// Waits until a delivery has failed.
async fn tried(acme: &TestOrg) {
    eventually("a first try", DELIVERY_DEADLINE, || {
        std::future::ready(acme.service.node.log().contains("mail not delivered").then_some(()))
    })
    .await;
}

/// Starts the mail server and returns the received mails once the outbox is empty.
async fn mails(acme: &TestOrg, address: SocketAddr, count: usize) -> Vec<ReceivedMail> {
    let sink = Sink::on(address).await;
    eventually("the mails", DELIVERY_DEADLINE, || std::future::ready((sink.mails().len() >= count).then_some(())))
        .await;
    let store = storage::open(&acme.service.installation).await;
    eventually("an empty outbox", DELIVERY_DEADLINE, || {
        let store = store.clone();
        async move { storage::waiting_mails(&store).await.is_empty().then_some(()) }
    })
    .await;
    sink.mails()
}

async fn accept(acme: &TestOrg, mail: &ReceivedMail) -> Value {
    let body = json!({"token": mail.token(), "password": PASSWORD});
    acme.api().post("/invitations/accept", &body).await.expecting(200)
}

on_both! {
    a_withdrawn_invitation_sends_no_mail_any_more
    of_a_replaced_invitation_only_the_new_mail_comes
    of_an_invitation_that_is_sent_again_only_the_last_mail_comes
}

async fn a_withdrawn_invitation_sends_no_mail_any_more(backend: Backend) {
    let (acme, address) = without_mail_server(backend).await;
    let id = invite(&acme, "gone@example.com", "member").await;
    tried(&acme).await;
    acme.owner.delete(&format!("{}/{id}", path(&acme))).await.is(204);
    let waiting = storage::waiting_mails(&storage::open(&acme.service.installation).await).await;
    assert!(waiting.iter().all(|taken| taken.mail.recipient.as_str() != "gone@example.com"), "{waiting:?}");
    invite(&acme, "here@example.com", "member").await;
    let mails = mails(&acme, address, 1).await;
    assert_eq!(mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["here@example.com"]);
}

async fn of_a_replaced_invitation_only_the_new_mail_comes(backend: Backend) {
    let (acme, address) = without_mail_server(backend).await;
    invite(&acme, "guest@example.com", "member").await;
    tried(&acme).await;
    invite(&acme, "Guest@Example.com", "admin").await;
    let mails = mails(&acme, address, 1).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(accept(&acme, &mails[0]).await["role"], "admin");
}

async fn of_an_invitation_that_is_sent_again_only_the_last_mail_comes(backend: Backend) {
    let (acme, address) = without_mail_server(backend).await;
    let id = invite(&acme, "guest@example.com", "member").await;
    tried(&acme).await;
    for _ in 0..2 {
        acme.owner.post(&format!("{}/{id}/resend", path(&acme)), &json!({})).await.is(200);
    }
    let mails = mails(&acme, address, 1).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(accept(&acme, &mails[0]).await["role"], "member");
}
