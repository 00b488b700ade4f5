//! Reports of leaked keys, and their effect.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tessera_kernel::Event;
use tessera_tests::{
    api::{Answer, Api, at_once},
    database::Backend,
    eventually,
    mail::{DELIVERY_DEADLINE, in_directory},
    on_both,
    test_org::{Key, Person, TestOrg},
};

use crate::audit::trail;

const URL: &str = "https://code.example.com/game/settings.py#L12";

on_both! {
    a_reported_key_is_revoked_and_the_owners_get_a_mail
    a_repeated_report_has_no_effect
    of_twenty_parallel_reports_of_a_key_one_has_an_effect
    real_and_unknown_keys_have_the_same_response
    every_fault_of_a_report_is_named
    reports_are_limited_for_each_network
}

async fn report(api: &Api, keys: &[&str]) -> Answer {
    api.post("/apikeys/leaked", &json!({"keys": keys, "source": "Example scanner", "url": URL})).await
}

/// The audit entries about leaked keys.
async fn entries(acme: &TestOrg) -> Vec<Event> {
    let mut events = trail(&acme.service.installation, Some(&acme.org)).await;
    events.retain(|event| event.name.ends_with(".leaked"));
    events
}

/// The number of mails to this user about leaked keys that begin like this one.
fn mails(acme: &TestOrg, to: &Person, key: &Key) -> usize {
    let sent = in_directory(&acme.service.installation.mail_directory());
    let about = sent.iter().filter(|mail| mail.to == to.email && mail.subject.starts_with("A leaked API key"));
    about.filter(|mail| mail.text.contains(&key.raw[..8])).count()
}

/// Reports one more key and waits for its mail. Mails are delivered in the order of their creation, so all earlier ones
/// have arrived then.
async fn wait_for_mails(acme: &TestOrg) {
    let last = acme.key().await;
    report(&acme.api().anonymous(), &[&last.raw]).await.is(202);
    eventually("the last mail", DELIVERY_DEADLINE, || {
        std::future::ready((mails(acme, &acme.owner, &last) > 0).then_some(()))
    })
    .await;
}

async fn a_reported_key_is_revoked_and_the_owners_get_a_mail(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (second, admin) = (acme.add_member("owner").await, acme.add_member("admin").await);
    let account = acme.service_account(&["org:read"]).await;
    let (of_application, of_organization) = (acme.key().await, acme.account_key(&account, "read").await);
    let answer = report(&acme.api().anonymous(), &["none", &of_application.raw, &of_organization.raw]).await;
    assert_eq!(answer.expecting(202), json!({}));
    for key in [&of_application, &of_organization] {
        assert_eq!(acme.verify(&key.raw).await["code"], "revoked");
    }
    acme.api().key(&of_organization.raw).get(&format!("/orgs/{}", acme.org)).await.problem(401, "invalid_token");
    let listed = acme.owner.get(&format!("/apps/{}/apikeys", acme.app)).await.expecting(200);
    assert!(listed[0]["revoked_at"].is_string(), "{listed}");

    wait_for_mails(&acme).await;
    for key in [&of_application, &of_organization] {
        let counts = [&acme.owner, &second, &admin].map(|person| mails(&acme, person, key));
        assert_eq!(counts, [1, 1, 0]);
    }
    let sent = in_directory(&acme.service.installation.mail_directory());
    let mail = sent.iter().find(|mail| mail.to == second.email && mail.text.contains(&of_application.raw[..8]));
    let mail = mail.unwrap_or_else(|| panic!("no mail"));
    assert_eq!(mail.subject, "A leaked API key was revoked");
    let plain = mail.text.replace('\u{200B}', "").split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [&*acme.app, &acme.org, "\"Example scanner\"", URL, "Replace the key where it was used"] {
        assert!(plain.contains(part), "{part} is missing from {plain}");
    }
    // The report is not verified, so a mail client must not make a link of its URL.
    assert!(!mail.raw.contains(&of_application.raw) && !mail.text.contains(URL) && !mail.html.contains(URL));

    let found = entries(&acme).await;
    let names: Vec<&str> = found.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names[..2], ["api_key.leaked", "organization_key.leaked"]);
    for (event, key) in found.iter().zip([&of_application, &of_organization]) {
        assert_eq!((event.subject.map(|id| id.to_string()), &event.actor), (Some(key.id.clone()), &None));
        let details: BTreeMap<&str, &str> = event.details.iter().map(|(name, text)| (&**name, &**text)).collect();
        assert_eq!((details["source"], details["url"]), ("Example scanner", URL));
        assert_eq!(details["key_prefix"], &key.raw[..8]);
    }
}

async fn a_repeated_report_has_no_effect(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (leaked, revoked) = (acme.key().await, acme.key().await);
    acme.owner.delete(&format!("/apikeys/{}", revoked.id)).await.is(204);
    let listed = async || acme.owner.get(&format!("/apps/{}/apikeys", acme.app)).await.expecting(200);
    report(&acme.api(), &[&leaked.raw]).await.is(202);
    let before = listed().await;
    for keys in [[&*leaked.raw, &*revoked.raw], [&*revoked.raw, &*leaked.raw]] {
        report(&acme.api(), &keys).await.is(202);
    }
    assert_eq!(listed().await, before);
    assert_eq!(entries(&acme).await.len(), 1);
    wait_for_mails(&acme).await;
    assert_eq!([&leaked, &revoked].map(|key| mails(&acme, &acme.owner, key)), [1, 0]);
}

async fn of_twenty_parallel_reports_of_a_key_one_has_an_effect(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let key = acme.key().await;
    let body = json!({"keys": [key.raw], "url": URL});
    let nodes = [acme.api(), other.api()];
    let requests = (0..20).map(|n| nodes[n % 2].request(Method::POST, "/api/v1/apikeys/leaked").json(&body));
    for answer in at_once(requests).await {
        assert_eq!(answer.expecting(202), json!({}));
        assert_eq!(acme.verify(&key.raw).await["code"], "revoked");
    }
    assert_eq!(entries(&acme).await.len(), 1);
    wait_for_mails(&acme).await;
    assert_eq!(mails(&acme, &acme.owner, &key), 1);
}

async fn real_and_unknown_keys_have_the_same_response(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (real, revoked) = (acme.key().await, acme.key().await);
    acme.owner.delete(&format!("/apikeys/{}", revoked.id)).await.is(204);
    let unknown = "ask_00000000000000000000000000000000000000000002CZclj";
    let wrong = unknown.replace('j', "k");
    let mut responses = Vec::new();
    for keys in [&*real.raw, &revoked.raw, unknown, &wrong, "nonsense", ""] {
        let answer = report(&acme.api(), &[keys]).await;
        let mut headers: Vec<_> = answer.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let varying = ["date", "x-request-id", "ratelimit"];
        headers.retain(|(name, _)| !varying.contains(&name.as_str()));
        // The order of headers differs between requests.
        headers.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
        responses.push((answer.status, answer.text(), headers));
    }
    assert_eq!((responses[0].0, responses[0].1.as_str()), (202, "{}"));
    assert!(responses.iter().all(|response| *response == responses[0]), "{responses:?}");
}

async fn every_fault_of_a_report_is_named(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let long = format!("https://example.com/{}", "x".repeat(1981));
    let mut hundred_and_one = vec![Value::from("x"); 101];
    hundred_and_one[0] = json!(key.raw);
    for (body, faults) in [
        (json!({}), &["/keys"][..]),
        (json!({"keys": []}), &["/keys"]),
        (json!({"keys": hundred_and_one, "source": "x".repeat(101)}), &["/keys", "/source"]),
        (
            json!({"keys": [key.raw, 7, {}], "source": 7, "url": "example.com"}),
            &["/keys/1", "/keys/2", "/source", "/url"],
        ),
        (json!({"keys": [key.raw], "url": long}), &["/url"]),
        (json!({"keys": [key.raw], "url": "https://user:secret@example.com/"}), &["/url"]),
    ] {
        assert_eq!(acme.api().post("/apikeys/leaked", &body).await.faults(), faults, "{body}");
    }
    assert_eq!(acme.verify(&key.raw).await["code"], "valid");
    assert!(entries(&acme).await.is_empty());
}

async fn reports_are_limited_for_each_network(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    for _ in 0..60 {
        report(&acme.api(), &["ask_none"]).await.is(202);
    }
    let answer = report(&acme.api(), &[&key.raw]).await;
    assert_eq!(answer.problem(429, "rate_limited")["limit"], "leak-report");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(acme.verify(&key.raw).await["code"], "valid");
}
