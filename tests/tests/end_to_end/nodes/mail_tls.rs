//! Mails over TLS: delivered only to an authenticated server.

use serde_json::json;
use tessera_tests::{
    database::Backend,
    eventually,
    mail::DELIVERY_DEADLINE,
    on_sqlite,
    process::Installation,
    smtp::{Sink, WalletBehavior},
    test_org::TestOrg,
    tls::Authority,
};

use crate::storage;

/// A test organization that sends its mails to the server with a password, and an invited guest.
async fn inviting(backend: Backend, sink: &Sink, trusted: Option<&Authority>) -> TestOrg {
    let installation = Installation::new(backend).await;
    let mut installation = installation.set("TESSERA_SMTP_URL", &sink.tls_url("tessera:hush-hush@localhost"));
    if let Some(authority) = trusted {
        installation = installation.set("TESSERA_SMTP_CA_FILE", &authority.path());
    }
    let acme = TestOrg::open_on(installation).await;
    let body = json!({"email": "guest@example.com", "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.is(201);
    acme
}

/// Waits until a failed delivery was logged with these words, and asserts that the mail is still in the outbox.
async fn it_waits(acme: &TestOrg, sink: &Sink, words: &str) {
    eventually(words, DELIVERY_DEADLINE, || {
        let log = acme.service.node.log();
        std::future::ready((log.contains("mail not delivered") && log.contains(words)).then_some(()))
    })
    .await;
    assert!(!acme.service.node.log().contains("hush-hush"));
    assert!(sink.mails().is_empty());
    let said = sink.in_the_clear();
    assert!(said.iter().all(|verb| verb == "EHLO" || verb == "STARTTLS"), "{said:?}");
    let store = storage::open(&acme.service.installation).await;
    let waiting = storage::waiting_mails(&store).await;
    let recipients = waiting.iter().map(|taken| taken.mail.recipient.as_str());
    assert_eq!(recipients.filter(|to| *to == "guest@example.com").count(), 1);
}

on_sqlite! {
    mail_is_delivered_to_an_authenticated_server_s227
    no_mail_is_sent_to_a_server_of_another_authority_s227
    no_mail_is_sent_to_a_server_with_another_name_s227
    no_mail_is_sent_to_a_server_with_an_expired_certificate_s227
    no_mail_is_sent_to_a_server_without_tls_s227
}

async fn mail_is_delivered_to_an_authenticated_server_s227(backend: Backend) {
    let authority = Authority::new();
    let manners = [WalletBehavior::wrapped, WalletBehavior::starttls].map(|of| of(authority.server("localhost")));
    for manners in manners {
        let sink = Sink::with(manners.knowing("tessera", "hush-hush")).await;
        let _studio = inviting(backend, &sink, Some(&authority)).await;
        let came = || std::future::ready(sink.mails().pop());
        assert_eq!(eventually("the mail", DELIVERY_DEADLINE, came).await.to, "guest@example.com");
        let said = sink.in_the_clear();
        assert!(said.iter().all(|verb| verb == "EHLO" || verb == "STARTTLS"), "{said:?}");
    }
}

async fn no_mail_is_sent_to_a_server_of_another_authority_s227(backend: Backend) {
    let sink = Sink::with(WalletBehavior::starttls(Authority::new().server("localhost"))).await;
    let words = "the certificate of the mail server is not from an authority that is trusted here";
    it_waits(&inviting(backend, &sink, Some(&Authority::new())).await, &sink, words).await;
    it_waits(&inviting(backend, &sink, None).await, &sink, words).await;
}

async fn no_mail_is_sent_to_a_server_with_another_name_s227(backend: Backend) {
    let authority = Authority::new();
    let sink = Sink::with(WalletBehavior::wrapped(authority.server("mail.example.com"))).await;
    let words = "the certificate of the mail server is for another name";
    it_waits(&inviting(backend, &sink, Some(&authority)).await, &sink, words).await;
}

async fn no_mail_is_sent_to_a_server_with_an_expired_certificate_s227(backend: Backend) {
    let authority = Authority::new();
    let sink = Sink::with(WalletBehavior::starttls(authority.expired_server("localhost"))).await;
    let words = "the certificate of the mail server has expired";
    it_waits(&inviting(backend, &sink, Some(&authority)).await, &sink, words).await;
}

async fn no_mail_is_sent_to_a_server_without_tls_s227(backend: Backend) {
    let sink = Sink::with(WalletBehavior::default().knowing("tessera", "hush-hush")).await;
    let words = "the mail server offers no TLS";
    it_waits(&inviting(backend, &sink, Some(&Authority::new())).await, &sink, words).await;
}
