//! Tests of mail delivery by SMTP: messages arrive unchanged, and only over TLS if TLS is required.

use std::{error::Error as _, sync::Arc};

use tessera_adapters::{Authorities, AuthoritiesError, SmtpMailer, SmtpServer, SmtpUrlError};
use tessera_kernel::Secret;
use tessera_outbox::{Mail, MailRefusal, Mailer as _, MailerError};
use tessera_system::SystemClock;
use tessera_testkit::{
    builders::mail_id,
    expectations::{failed, ok, parsed},
};
use tessera_tests::{
    smtp::{END_OF_MESSAGE, GREETING, Sink, WalletBehavior},
    tls::Authority,
};

fn mail() -> Mail {
    Mail {
        recipient: parsed("Zoë.Guest@bücher.example"),
        subject: "Grüße an Zoë".to_owned(),
        text: Secret::new("the token is abc\n.\n..dots\n".to_owned()),
        html: Secret::new("<p>the token is abc</p>".to_owned()),
    }
}

/// Sends one mail to the server at the URL.
async fn send(url: &str, trusted: Option<&Authority>) -> Result<(), MailerError> {
    send_to("Zoë.Guest@bücher.example", url, trusted).await
}

async fn send_to(recipient: &str, url: &str, trusted: Option<&Authority>) -> Result<(), MailerError> {
    let trusted = trusted.map(|authority| ok(Authorities::from_pem(authority.pem().as_bytes())));
    let server = ok(SmtpServer::new(url, trusted.as_ref()));
    let mailer = SmtpMailer::new(server, parsed("Tessera <no-reply@müller.example>"), Arc::new(SystemClock));
    mailer.send(mail_id(1), &Mail { recipient: parsed(recipient), ..mail() }).await
}

/// Returns why a mail was not delivered yet. The error must not be permanent.
#[track_caller]
fn why_it_waits(sent: Result<(), MailerError>) -> String {
    let error = failed(sent);
    assert!(matches!(error, MailerError::Unavailable(_)), "{error:?}");
    error.source().map(ToString::to_string).unwrap_or_default()
}

#[tokio::test]
async fn a_mail_is_delivered_unchanged() {
    let sink = Sink::start().await;
    ok(send(&sink.url(), None).await);
    let mails = sink.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].text.replace("\r\n", "\n"), *mail().text.expose());
    assert_eq!(sink.commands().last().map(String::as_str), Some("QUIT"));
}

#[tokio::test]
async fn domains_are_sent_in_their_ascii_form() {
    for manners in [WalletBehavior::default(), WalletBehavior::default().ascii_only()] {
        let sink = Sink::with(manners).await;
        ok(send_to("Inv@bücher.example", &sink.url(), None).await);
        let commands = sink.commands();
        assert!(commands.contains(&"RCPT TO:<Inv@xn--bcher-kva.example>".to_owned()), "{commands:?}");
        assert!(commands.contains(&"MAIL FROM:<no-reply@xn--mller-kva.example>".to_owned()), "{commands:?}");
        let mail = &sink.mails()[0];
        assert_eq!(mail.to, "Inv@xn--bcher-kva.example");
        assert_eq!(mail.from, "no-reply@xn--mller-kva.example");
        assert!(mail.raw.is_ascii() && !mail.raw.contains("müller"), "{}", mail.raw);
    }
}

#[tokio::test]
async fn a_non_ascii_local_part_requires_a_server_with_smtputf8() {
    let sink = Sink::with(WalletBehavior::default().ascii_only()).await;
    let error = failed(send_to("jürg@bücher.example", &sink.url(), None).await);
    let MailerError::Refused { refusal, .. } = error else { panic!("{error:?}") };
    assert_eq!(refusal, MailRefusal::NonAsciiAddress);
    assert!(!sink.commands().iter().any(|command| command.starts_with("MAIL")), "{:?}", sink.commands());
    let sink = Sink::start().await;
    ok(send_to("jürg@bücher.example", &sink.url(), None).await);
    let commands = sink.commands();
    assert!(commands.contains(&"RCPT TO:<jürg@xn--bcher-kva.example>".to_owned()), "{commands:?}");
    assert!(commands.iter().any(|command| command.starts_with("MAIL") && command.contains("SMTPUTF8")), "{commands:?}");
}

#[tokio::test]
async fn an_unreachable_server_is_reported_as_unreachable() {
    let why = why_it_waits(send(&format!("smtp://{}", Sink::nowhere().await), None).await);
    assert_eq!(why, "the mail server can't be reached");
}

/// Sends a mail to a server that returns this reply to a command.
async fn sent_to_one_that_answers(command: &str, answer: &str) -> Result<(), MailerError> {
    let sink = Sink::with(WalletBehavior::default().knowing("tessera", "secret").answering(command, answer)).await;
    let sent = send(&sink.url().replace("smtp://", "smtp://tessera:secret@"), None).await;
    assert!(sink.mails().is_empty());
    sent
}

#[tokio::test]
async fn a_permanent_reply_about_the_mail_ends_its_delivery() {
    for (command, answer, code) in [
        ("RCPT", "550 5.1.1 nobody here", 550),
        ("RCPT", "550-no such\r\n550 user", 550),
        ("RCPT", "553 no such name", 553),
        ("DATA", "554 no valid recipients", 554),
        (END_OF_MESSAGE, "552 5.3.4 too big", 552),
        (END_OF_MESSAGE, "554 5.7.1 not wanted", 554),
    ] {
        let error = failed(sent_to_one_that_answers(command, answer).await);
        let MailerError::Refused { refusal, .. } = error else { panic!("{command} {answer}: {error:?}") };
        assert_eq!(refusal, MailRefusal::Reply(code), "{command} {answer}");
    }
}

#[tokio::test]
async fn a_reply_about_the_sender_or_the_server_does_not_end_the_delivery() {
    for (command, answer) in [
        (GREETING, "554 no service"),
        ("EHLO", "550 who?"),
        ("AUTH", "535 5.7.8 wrong"),
        ("MAIL", "550 5.7.1 not yours to send from"),
        ("MAIL", "553 no such sender"),
        ("RCPT", "450 4.2.1 later"),
        ("RCPT", "550 5.7.1 unable to relay"),
        ("RCPT", "530 5.7.0 sign in first"),
        ("RCPT", "503 bad sequence"),
        ("DATA", "421 shutting down"),
        (END_OF_MESSAGE, "451 4.3.0 later"),
        (END_OF_MESSAGE, "500 what?"),
    ] {
        let why = why_it_waits(sent_to_one_that_answers(command, answer).await);
        assert!(why.contains(&answer[..3]), "{command} {answer}: {why}");
    }
}

#[tokio::test]
async fn mail_is_sent_over_tls_with_a_trusted_certificate_s227() {
    let authority = Authority::new();
    let (wrapped, starttls) = (WalletBehavior::wrapped(authority.server("localhost")), authority.server("localhost"));
    let manners = [(wrapped, &[][..]), (WalletBehavior::starttls(starttls), &["EHLO", "STARTTLS"][..])];
    for (manners, in_the_clear) in manners {
        let sink = Sink::with(manners.knowing("tessera", "p@ss word")).await;
        ok(send(&sink.tls_url("tessera:p%40ss%20word@localhost"), Some(&authority)).await);
        assert_eq!(sink.mails().len(), 1);
        assert_eq!(sink.in_the_clear(), in_the_clear);
    }
}

#[tokio::test]
async fn an_ip_address_is_accepted_as_a_certificate_name_s227() {
    let authority = Authority::new();
    let sink = Sink::with(WalletBehavior::wrapped(authority.server("127.0.0.1"))).await;
    ok(send(&sink.tls_url("127.0.0.1"), Some(&authority)).await);
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn mail_is_not_sent_to_a_server_with_an_invalid_certificate_s227() {
    let (authority, other) = (Authority::new(), Authority::new());
    let acceptors = [
        (other.server("localhost"), "is not from an authority that is trusted here"),
        (authority.server("mail.example.com"), "is for another name"),
        (authority.expired_server("localhost"), "has expired"),
    ];
    for (acceptor, words) in acceptors {
        for manners in [WalletBehavior::wrapped(acceptor.clone()), WalletBehavior::starttls(acceptor)] {
            let sink = Sink::with(manners.knowing("tessera", "secret")).await;
            let why = why_it_waits(send(&sink.tls_url("tessera:secret@localhost"), Some(&authority)).await);
            assert!(why.starts_with(&format!("the certificate of the mail server {words}")), "{why}");
            assert!(sink.mails().is_empty());
            assert!(sink.commands().iter().all(|command| command.starts_with("EHLO") || command == "STARTTLS"));
        }
    }
}

#[tokio::test]
async fn an_authority_is_not_trusted_unless_it_is_configured_s227() {
    let authority = Authority::new();
    let sink = Sink::with(WalletBehavior::wrapped(authority.server("localhost"))).await;
    let why = why_it_waits(send(&sink.tls_url("localhost"), None).await);
    assert!(why.contains("is not from an authority that is trusted here"), "{why}");
}

#[tokio::test]
async fn no_mail_is_sent_if_required_tls_is_not_offered_s227() {
    let sink = Sink::with(WalletBehavior::default().knowing("tessera", "secret")).await;
    let authority = Authority::new();
    // With opportunistic TLS, a mail is sent without TLS if the server does not offer it, but a password is not.
    let opportunistic = sink.url().replace("smtp://", "smtp://tessera:secret@") + "?tls=opportunistic";
    for url in [sink.tls_url("localhost"), sink.tls_url("tessera:secret@localhost"), opportunistic] {
        let why = why_it_waits(send(&url, Some(&authority)).await);
        assert_eq!(why, "the mail server offers no TLS (STARTTLS), and nothing is sent without", "{url}");
    }
    assert_eq!(sink.commands().len(), 3);
    assert_eq!(sink.in_the_clear(), ["EHLO"; 3]);
    let open = Sink::start().await;
    ok(send(&format!("{}?tls=opportunistic", open.url()), Some(&authority)).await);
    assert_eq!(open.mails().len(), 1);
}

#[tokio::test]
async fn replies_injected_before_tls_end_the_connection_s227() {
    let authority = Authority::new();
    // All replies that a mail server sends during a delivery, in advance.
    let injected = "250-sink\r\n250-AUTH PLAIN\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n235 welcome\r\n250 ok\r\n250 ok\r\n\
        354 go ahead\r\n250 kept\r\n";
    let sink = Sink::with(WalletBehavior::injected(authority.server("localhost"), injected)).await;
    let why = why_it_waits(send(&sink.tls_url("tessera:secret@localhost"), Some(&authority)).await);
    assert!(why.starts_with("the mail server did not take the connection"), "{why}");
    assert_eq!(sink.in_the_clear(), ["EHLO", "STARTTLS"]);
}

#[test]
fn invalid_mail_server_urls_are_rejected() {
    let bad = [
        "",
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://mail.example.com?tls=maybe",
        "smtp://mail.example.com?tsl=required",
        "smtp://mail.example.com?tls=opportunistic&tls=required",
        "smtps://mail.example.com?tls=opportunistic",
        "smtp://mail.example.com/path",
        "smtps://user@mail.example.com",
        "smtps://user:%ff@mail.example.com",
    ];
    for url in bad {
        assert!(matches!(SmtpServer::new(url, None).err(), Some(SmtpUrlError::Malformed)), "{url}");
    }
    for url in ["smtp://mail:25", "smtp://u:p%40@mail?tls=required", "smtps://u:p@mail.example.com:465", "smtp://[::1]"]
    {
        assert!(SmtpServer::new(url, None).is_ok(), "{url}");
    }
}

#[test]
fn a_password_without_tls_is_accepted_only_for_this_machine() {
    for url in ["smtp://u:p@mail.example.com", "smtp://u:p@10.0.0.1:25"] {
        assert!(matches!(SmtpServer::new(url, None).err(), Some(SmtpUrlError::PasswordInTheClear)), "{url}");
    }
    for url in ["smtp://u:p@localhost", "smtp://u:p@127.0.0.1:25", "smtp://u:p@[::1]:25"] {
        assert!(SmtpServer::new(url, None).is_ok(), "{url}");
    }
}

#[test]
fn authorities_are_certificates_in_pem() {
    let one = Authority::new().pem();
    ok(Authorities::from_pem(format!("a comment\n{one}{}", Authority::new().pem()).as_bytes()));
    let cut = one.lines().take(3).collect::<Vec<_>>().join("\n");
    let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (text, error) in [
        ("", AuthoritiesError::Empty),
        ("none", AuthoritiesError::Empty),
        (&cut, AuthoritiesError::Malformed),
        (nonsense, AuthoritiesError::Malformed),
    ] {
        assert_eq!(failed(Authorities::from_pem(text.as_bytes())), error, "{text}");
    }
}
