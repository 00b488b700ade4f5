//! Checks of other servers: the public URL, mail and chain nodes.

use std::time::{Duration, Instant};

use tessera_tests::{
    database::Backend,
    on_both, on_sqlite,
    process::{Installation, free_port},
    smtp::{Sink, WalletBehavior},
    tls::Authority,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{at_own_url, examine};

on_both! {
    a_server_that_does_not_respond_is_cut_off
}

on_sqlite! {
    a_public_url_without_https_or_response_is_a_failure
    another_installation_at_the_public_url_is_a_failure
    the_mail_server_is_greeted_and_gets_a_test_mail
    a_mail_server_that_rejects_the_password_is_a_failure
    a_mail_server_without_a_trusted_certificate_is_a_failure
    chain_nodes_must_respond_and_be_on_their_chain
}

async fn a_public_url_without_https_or_response_is_a_failure(backend: Backend) {
    let installation = Installation::new(backend).await;
    // The address is not that of this machine, but no other machine responds to it.
    let url = format!("http://0.0.0.0:{}", free_port());
    let report = examine(&installation.set("TESSERA_PUBLIC_URL", &url), &[]);
    report.has("public_url", "fail", "it is not https");
    report.has("public_url", "fail", "is not reached from this machine");
    let installation = Installation::new(backend).await.set("TESSERA_PUBLIC_URL", "http://127.0.0.1:9");
    examine(&installation, &[]).has("public_url", "warn", "start the service with tessera serve");
}

async fn another_installation_at_the_public_url_is_a_failure(backend: Backend) {
    let served = at_own_url(Installation::empty(backend).await);
    let node = served.start();
    let other = Installation::new(backend).await.set("TESSERA_PUBLIC_URL", node.url());
    examine(&other, &[]).has("public_url", "fail", "another installation responds");
}

async fn the_mail_server_is_greeted_and_gets_a_test_mail(backend: Backend) {
    let authority = Authority::new();
    let behavior = WalletBehavior::wrapped(authority.server("localhost")).knowing("tessera", "hush-hush");
    let sink = Sink::with(behavior).await;
    let installation = Installation::new(backend).await;
    let installation = installation.set("TESSERA_SMTP_URL", &sink.tls_url("tessera:hush-hush@localhost"));
    let installation = installation.set("TESSERA_SMTP_CA_FILE", &authority.path());
    examine(&installation, &[]).has("mail", "ok", "responds with TLS, and accepts the user and the password");
    assert!(sink.mails().is_empty());
    examine(&installation, &["--mail-to", "me@example.com"]).has(
        "mail",
        "ok",
        "has accepted a test mail to me@example.com",
    );
    assert_eq!(sink.mails().into_iter().map(|mail| mail.to).collect::<Vec<_>>(), ["me@example.com"]);
    let installation = Installation::new(backend).await;
    examine(&installation, &["--mail-to", "me@example.com"]).has("mail", "fail", "set TESSERA_SMTP_URL");
    let output = installation.run(&["doctor", "--mail-to", "nobody"]);
    assert_eq!(output.status.code(), Some(2));
}

async fn a_mail_server_that_rejects_the_password_is_a_failure(backend: Backend) {
    let authority = Authority::new();
    let behavior = WalletBehavior::wrapped(authority.server("localhost")).knowing("tessera", "hush-hush");
    let sink = Sink::with(behavior).await;
    let installation = Installation::new(backend).await.set("TESSERA_SMTP_CA_FILE", &authority.path());
    let installation = installation.set("TESSERA_SMTP_URL", &sink.tls_url("tessera:wrong-password@localhost"));
    examine(&installation, &[]).has("mail", "fail", "the mail server did not take the credentials");
    let nowhere = format!("smtp://{}", Sink::nowhere().await);
    examine(&installation.unset("TESSERA_SMTP_CA_FILE").set("TESSERA_SMTP_URL", &nowhere), &[]).has(
        "mail",
        "fail",
        "or start the mail server",
    );
}

async fn a_mail_server_without_a_trusted_certificate_is_a_failure(backend: Backend) {
    let sink = Sink::with(WalletBehavior::wrapped(Authority::new().server("localhost"))).await;
    let installation = Installation::new(backend).await.set("TESSERA_SMTP_URL", &sink.tls_url("localhost"));
    let other = Authority::new();
    let installation = installation.set("TESSERA_SMTP_CA_FILE", &other.path());
    examine(&installation, &[]).has("mail", "fail", "not from an authority that is trusted here");
}

/// A chain node that is on a chain with this id.
async fn chain_node(id: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("{error}"));
    let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _read = stream.read(&mut request).await;
            let body = format!(r#"{{"jsonrpc":"2.0","id":1,"result":"{id}"}}"#);
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            let _written = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    format!("http://{address}/secret-access-key")
}

async fn chain_nodes_must_respond_and_be_on_their_chain(backend: Backend) {
    let installation = Installation::new(backend).await;
    examine(&installation, &[]).has("rpc", "skip", "no chain nodes are configured");
    let installation = installation.set("TESSERA_RPC_BASE", &chain_node("0x2105").await);
    examine(&installation, &[]).has("rpc", "ok", "1 chain nodes respond");
    let installation = installation.set("TESSERA_RPC_ETHEREUM", &chain_node("0x2105").await);
    let report = examine(&installation, &[]);
    report.has("rpc", "fail", "ethereum: the node serves another chain");
    report.has("rpc", "fail", "set TESSERA_RPC_ETHEREUM");
    assert!(!String::from_utf8_lossy(&report.output.stdout).contains("secret-access-key"));
    let gone = format!("http://127.0.0.1:{}", free_port());
    examine(&installation.set("TESSERA_RPC_ETHEREUM", &gone), &[]).has("rpc", "fail", "ethereum");
}

async fn a_server_that_does_not_respond_is_cut_off(backend: Backend) {
    // The system accepts connections for it, and nothing answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    let address = silent.local_addr().unwrap_or_else(|error| panic!("{error}"));
    let installation = Installation::new(backend).await;
    let installation = installation.set("TESSERA_SMTP_URL", &format!("smtp://{address}"));
    let installation = match backend {
        Backend::Sqlite => installation.set("TESSERA_PUBLIC_URL", &format!("http://{address}")),
        Backend::Postgres => installation.set("TESSERA_DATABASE_URL", &format!("postgres://tessera@{address}/tessera")),
    };
    let started = Instant::now();
    let report = examine(&installation, &[]);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    report.has("mail", "fail", "no result within 5 s");
    match backend {
        Backend::Sqlite => report.has("public_url", "warn", "is not reached from this machine"),
        Backend::Postgres => {
            report.has("database", "fail", "no result within 5 s");
            report.has("outbox", "skip", "the database is not available");
        }
    }
    assert_eq!(report.status("config"), "ok");
}
