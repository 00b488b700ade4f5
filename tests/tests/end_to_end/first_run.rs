//! A first run: default settings, and the documentation followed word by word.

use reqwest::Method;
use serde_json::json;
use tessera_tests::{
    api::{Api, BASE, send},
    database::Backend,
    eventually,
    mail::{DELIVERY_DEADLINE, last_of},
    on_sqlite,
    process::Installation,
    sso::{BrowserSession, query},
    test_org::{Service, TestOrg},
};

on_sqlite! {
    an_sso_sign_in_works_at_each_name_of_the_host_by_default
    a_log_as_text_has_the_recipient_the_file_and_the_link_of_each_mail_in_a_file
    mails_in_files_are_shown_with_links_to_the_local_machine_only
}

async fn open_with_defaults(backend: Backend) -> TestOrg {
    TestOrg::open_on(Installation::new(backend).await.unset("TESSERA_PUBLIC_URL")).await
}

async fn an_sso_sign_in_works_at_each_name_of_the_host_by_default(backend: Backend) {
    let acme = open_with_defaults(backend).await;
    let url = acme.service.node.url();
    let query = query(&acme).await.replace("&redirected=1", "");
    for (start, redirects) in [(url.to_owned(), false), (url.replace("127.0.0.1", "localhost"), true)] {
        let mut answer = Api::new(&start).get(&format!("/sso/web3/initiate{query}")).await;
        if redirects {
            assert_eq!(answer.header("set-cookie"), None);
            let location = answer.header("location").unwrap_or_default().to_owned();
            let path = location.strip_prefix(url).unwrap_or_else(|| panic!("not at {url}: {location}"));
            answer = acme.api().get_root(path).await;
        }
        let session = BrowserSession::of(&answer);
        assert!(answer.header("location").is_some_and(|page| page.starts_with(url)), "{answer:?}");
        let page = format!("{BASE}/sso/web3/sign-in?session_id={}", session.session);
        acme.api().with_cookie(&session.cookie).get_root(&page).await.is(200);
    }
}

async fn a_log_as_text_has_the_recipient_the_file_and_the_link_of_each_mail_in_a_file(backend: Backend) {
    // Logs as JSON are collected, and a public URL is for other people: neither has the link.
    for (name, value, has_link) in [
        ("TESSERA_LOG_FORMAT", "text", true),
        ("TESSERA_LOG_FORMAT", "json", false),
        ("TESSERA_PUBLIC_URL", "https://id.example", false),
    ] {
        let acme = TestOrg::open_on(Installation::new(backend).await.set(name, value)).await;
        let to = "grace@example.com";
        let invitation = json!({"email": to, "role": "member"});
        acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
        let mail = last_of(&acme.service.installation, to, 1).await;
        assert!(mail.raw.contains(&mail.link()), "{}", mail.raw);
        let line = eventually("the mail is logged", DELIVERY_DEADLINE, || {
            let log = acme.service.node.log();
            std::future::ready(
                log.lines()
                    .find(|line| line.contains("mail written to a file") && line.contains(to))
                    .map(str::to_owned),
            )
        });
        let line = line.await;
        assert!(line.contains(to) && line.contains("data/mail/"), "{line}");
        assert_eq!(line.contains(&mail.link()), has_link, "{line}");
    }
}

async fn mails_in_files_are_shown_with_links_to_the_local_machine_only(backend: Backend) {
    let acme = open_with_defaults(backend).await;
    assert!(!acme.api().get_root("/dev/mail").await.text().contains("grace@example.com"));
    let invitation = json!({"email": "grace@example.com", "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    let link = last_of(&acme.service.installation, "grace@example.com", 1).await.link();
    let page = acme.api().get_root("/dev/mail").await;
    page.is(200);
    assert!(page.text().contains(&format!("<a href=\"{link}\">")), "{}", page.text());
    acme.api().get_root(link.strip_prefix(acme.service.node.url()).unwrap_or_default()).await.is(200);
    // A site that points its own name to this machine gets nothing.
    let rebound = acme.api().request(Method::GET, "/dev/mail").header("Host", "evil.example");
    send(rebound).await.is(404);
    let proxied = acme.api().request(Method::GET, "/dev/mail").header("X-Forwarded-For", "192.0.2.7");
    send(proxied).await.is(404);
    acme.api().call(Method::POST, "/dev/mail", None).await.is(404);
    for (name, value) in [("TESSERA_SMTP_URL", "smtp://127.0.0.1:1"), ("TESSERA_PUBLIC_URL", "https://id.example")] {
        let service = Service::on(Installation::new(backend).await.set(name, value));
        service.api().get_root("/dev/mail").await.is(404);
    }
    // A trusted proxy on this machine does not make its clients local ones.
    let installation = Installation::new(backend).await.unset("TESSERA_PUBLIC_URL");
    let service = Service::on(installation.set("TESSERA_TRUSTED_PROXIES", "127.0.0.0/8"));
    service.api().get_root("/dev/mail").await.is(200);
    for client in ["127.0.0.1", "192.0.2.7"] {
        let proxied = service.api().request(Method::GET, "/dev/mail").header("X-Forwarded-For", client);
        send(proxied).await.is(404);
    }
}
