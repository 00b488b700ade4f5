//! Connections to PostgreSQL over TLS: only to a server with a trusted certificate.

use std::time::{Duration, Instant};

use tessera_tests::{
    cluster::{Cluster, Stop},
    eventually,
    process::Installation,
    test_org::Person,
    tls::{Authority, CertificateFiles},
};

const PATIENCE: Duration = Duration::from_secs(30);

const PASSWORD: &str = "hush-hush";

/// A server with the certificate, and an installation that requires TLS with these options.
async fn encrypted(
    certificate: &CertificateFiles,
    trusted: Option<&Authority>,
    options: &str,
) -> (Cluster, Installation) {
    let mut cluster = Cluster::start().await;
    cluster.encrypt(certificate, PASSWORD).await;
    cluster.restart(Stop::Fast).await;
    let installation = Installation::on_server(&cluster).await;
    let url = installation.database().url().replace("postgres@127.0.0.1", &format!("postgres:{PASSWORD}@localhost"));
    let installation = installation.set("TESSERA_DATABASE_URL", &format!("{url}?{options}"));
    let installation = match trusted {
        Some(authority) => installation.set("TESSERA_DATABASE_CA_FILE", &authority.path()),
        None => installation,
    };
    (cluster, installation)
}

/// Asserts that the service waits, and logs a cause with these words.
async fn it_waits(certificate: &CertificateFiles, trusted: Option<&Authority>, words: &str) {
    let (_cluster, installation) = encrypted(certificate, trusted, "sslmode=require").await;
    let starting = installation.spawn();
    eventually(words, PATIENCE, || std::future::ready(starting.log().contains(words).then_some(()))).await;
    assert!(!starting.log().contains(PASSWORD));
    assert_eq!(starting.stops_early().await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_a_trusted_certificate_is_used_with_channel_binding() {
    let authority = Authority::new();
    for mode in ["require", "verify-full"] {
        let options = format!("sslmode={mode}&channel_binding=require");
        let (_cluster, installation) = encrypted(&authority.certificate("localhost"), Some(&authority), &options).await;
        let node = installation.start();
        Person::register(&node.api()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_an_unknown_authority_is_not_used() {
    let certificate = Authority::new().certificate("localhost");
    let words = "TESSERA_DATABASE_CA_FILE names the authorities whose certificates are trusted";
    it_waits(&certificate, Some(&Authority::new()), words).await;
    it_waits(&certificate, None, words).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_with_another_name_or_an_expired_certificate_is_not_used() {
    let authority = Authority::new();
    let words = "must be valid now and for the host in TESSERA_DATABASE_URL";
    for certificate in [authority.certificate("db.example.com"), authority.expired_certificate("localhost")] {
        it_waits(&certificate, Some(&authority), words).await;
    }
}

/// The service is ready 5 s after the correction. The rest is for a machine whose disk stalls.
const READY: Duration = Duration::from_secs(5 + 5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_becomes_ready_when_a_server_is_corrected() {
    let authority = Authority::new();
    let valid = authority.certificate("localhost");
    let (mut cluster, installation) = encrypted(&valid, Some(&authority), "sslmode=require").await;
    assert!(installation.run(&["migrate"]).status.success());
    for (certificate, password, words) in [
        (&Authority::new().certificate("localhost"), PASSWORD, "TESSERA_DATABASE_CA_FILE"),
        (&authority.certificate("db.example.com"), PASSWORD, "for the host in TESSERA_DATABASE_URL"),
        (&authority.expired_certificate("localhost"), PASSWORD, "must be valid now"),
        (&valid, "another", "password authentication failed"),
    ] {
        cluster.encrypt(certificate, password).await;
        cluster.reload().await;
        let starting = installation.spawn();
        eventually(words, PATIENCE, || std::future::ready(starting.log().contains(words).then_some(()))).await;
        cluster.encrypt(&valid, PASSWORD).await;
        cluster.reload().await;
        let corrected = Instant::now();
        let node = starting.ready();
        node.api().get_root("/health/ready").await.is(200);
        assert!(corrected.elapsed() < READY, "{words}: {:?}", corrected.elapsed());
    }
}
