//! A first run: default settings, and the documentation followed word by word.

use serde_json::json;
use tessera_tests::{
    api::{Api, BASE},
    database::Backend,
    eventually,
    mail::{DELIVERY_DEADLINE, last_of},
    on_sqlite,
    process::Installation,
    sso::{BrowserSession, query},
    test_org::TestOrg,
};

on_sqlite! {
    an_sso_sign_in_works_at_each_name_of_the_host_by_default
    the_log_has_the_recipient_the_file_and_the_link_of_each_mail_in_a_file
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

async fn the_log_has_the_recipient_the_file_and_the_link_of_each_mail_in_a_file(backend: Backend) {
    let acme = open_with_defaults(backend).await;
    let to = "grace@example.com";
    let invitation = json!({"email": to, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    let mail = last_of(&acme.service.installation, to, 1).await;
    assert!(mail.link().starts_with(acme.service.node.url()), "{}", mail.link());
    assert!(mail.raw.contains(&mail.link()), "{}", mail.raw);
    let line = eventually("the mail is logged", DELIVERY_DEADLINE, || {
        let log = acme.service.node.log();
        std::future::ready(log.lines().find(|line| line.contains("mail written to a file")).map(str::to_owned))
    });
    let line = line.await;
    for part in [format!("\"recipient\":\"{to}\""), "\"file\":\"data/mail/".to_owned(), mail.link()] {
        assert!(line.contains(&part), "{part} is missing from {line}");
    }
}
