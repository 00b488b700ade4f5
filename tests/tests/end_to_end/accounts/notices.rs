//! Mails to users about changes of their accounts, organizations and keys.

use std::collections::BTreeSet;

use reqwest::{Method, header::USER_AGENT};
use serde_json::{Value, json};
use tessera_tests::{
    api::{Api, send, text_of},
    database::Backend,
    eventually,
    mail::{DELIVERY_DEADLINE, ReceivedMail},
    on_both,
    process::Installation,
    smtp::Sink,
    test_org::{PASSWORD, Person, TestOrg},
    wallet::EvmWallet,
};
use tokio::task::JoinSet;

use crate::wallets::sign_in::enter;

const NEW: &str = "granite-orchard-58-kettle";
const WALLETS: &str = "/users/me/wallets";

async fn start_org(backend: Backend, throttle: &str) -> (TestOrg, Sink) {
    let sink = Sink::start().await;
    let installation = Installation::new(backend).await.set("TESSERA_SMTP_URL", &sink.url());
    (TestOrg::open_on(installation.set("TESSERA_THROTTLE", throttle)).await, sink)
}

fn to(sink: &Sink, email: &str) -> Vec<ReceivedMail> {
    sink.mails().into_iter().filter(|mail| mail.to == email).collect()
}

/// Waits until the address has received `count` mails.
async fn mails(sink: &Sink, email: &str, count: usize) -> Vec<ReceivedMail> {
    let came = eventually("mails", DELIVERY_DEADLINE, || {
        let came = to(sink, email);
        std::future::ready((came.len() >= count).then_some(came))
    });
    came.await
}

/// Mails are sent in the order of the actions: when this mail arrives, all earlier mails have arrived.
async fn nothing_else_comes(acme: &TestOrg, sink: &Sink, count: usize) {
    let last = Person::register(&acme.api()).await;
    change(&last, PASSWORD, NEW).await;
    mails(sink, &last.email, 1).await;
    assert_eq!(sink.mails().len(), count + 1, "{:?}", sink.mails());
}

async fn change(person: &Api, from: &str, into: &str) {
    let body = json!({"current_password": from, "new_password": into});
    person.put("/users/me/password", &body).await.is(204);
}

async fn link(person: &Api, wallet: &EvmWallet) -> u16 {
    let challenge = person.post(&format!("{WALLETS}/challenge"), &wallet.named("base")).await.expecting(200);
    person.post(WALLETS, &wallet.proof("base", &challenge)).await.status
}

fn subjects(mails: &[ReceivedMail]) -> Vec<&str> {
    mails.iter().map(|mail| mail.subject.as_str()).collect()
}

on_both! {
    password_changes_are_notified_s200
    linking_and_unlinking_a_wallet_are_notified_s200
    all_owners_are_notified_of_a_new_owner_s200
    a_new_api_key_is_notified_s200
    sign_ins_with_new_devices_are_notified_s200
    notices_are_limited_per_kind_s200
    notices_are_not_limited_when_throttling_is_off_s200
}

async fn password_changes_are_notified_s200(backend: Backend) {
    let (acme, sink) = start_org(backend, "on").await;
    let person = Person::register(&acme.api()).await;
    // A rejected change causes no notice. Of several concurrent changes, only the successful one causes a notice.
    let wrong = json!({"current_password": "wrong", "new_password": NEW});
    person.put("/users/me/password", &wrong).await.is(400);
    let mut running: JoinSet<u16> = JoinSet::new();
    for _ in 0..8 {
        let person = person.clone();
        let body = json!({"current_password": PASSWORD, "new_password": NEW});
        running.spawn(async move { person.put("/users/me/password", &body).await.status });
    }
    assert_eq!(running.join_all().await.into_iter().filter(|status| *status == 204).count(), 1);
    let told = mails(&sink, &person.email, 1).await;
    assert_eq!(subjects(&told), ["Your password was changed"]);
    for part in [&told[0].text, &told[0].html] {
        assert!(part.contains("http://localhost:8080") && !part.contains("href="), "{part}");
        assert!(!part.contains(PASSWORD) && !part.contains(NEW), "{part}");
    }
    let guest = "guest@example.com";
    let invitation = json!({"email": guest, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    let token = mails(&sink, guest, 1).await[0].token();
    let accepted = acme.api().post("/invitations/accept", &json!({"token": token})).await.expecting(200);
    let own = acme.api().bearer(&text_of(&accepted, "token"));
    own.put("/users/me/password", &json!({"new_password": NEW})).await.is(204);
    assert_eq!(mails(&sink, guest, 2).await[1].subject, "Your account has a password now");
    nothing_else_comes(&acme, &sink, 3).await;
}

async fn linking_and_unlinking_a_wallet_are_notified_s200(backend: Backend) {
    let (acme, sink) = start_org(backend, "on").await;
    let (person, other) = (Person::register(&acme.api()).await, Person::register(&acme.api()).await);
    let wallet = EvmWallet::new();
    assert_eq!(link(&person, &wallet).await, 201);
    assert_eq!(link(&other, &wallet).await, 409);
    person.delete(&format!("{WALLETS}/{}", wallet.address())).await.is(204);
    let told = mails(&sink, &person.email, 2).await;
    let expected = ["A wallet was linked to your account", "A wallet was unlinked from your account"];
    assert_eq!(subjects(&told), expected);
    for mail in &told {
        assert!(mail.text.to_lowercase().contains(&wallet.address()), "{}", mail.text);
    }
    // An account without an address gets no notices, but all actions succeed.
    let nameless = acme.api().bearer(&text_of(&enter(&acme.api(), &EvmWallet::new()).await, "token"));
    assert_eq!(link(&nameless, &EvmWallet::new()).await, 201);
    nothing_else_comes(&acme, &sink, 2).await;
}

async fn all_owners_are_notified_of_a_new_owner_s200(backend: Backend) {
    let (acme, sink) = start_org(backend, "on").await;
    let (admin, guest) = (acme.add_member("admin").await, Person::register(&acme.api()).await);
    let mut owners = vec![acme.owner.email.clone()];
    let mut sent = 0;
    let mut told = async |new: &str| {
        owners.push(new.to_owned());
        sent += owners.len();
        let all = eventually("mails", DELIVERY_DEADLINE, || {
            let all: Vec<ReceivedMail> =
                sink.mails().into_iter().filter(|mail| mail.subject.contains("owner")).collect();
            std::future::ready((all.len() >= sent).then_some(all))
        });
        let all = all.await;
        let news = &all[all.len() - owners.len()..];
        assert_eq!(news.iter().map(|mail| &mail.to).collect::<BTreeSet<_>>(), owners.iter().collect());
        for mail in news {
            let own = mail.subject.starts_with("You are now an owner of \"Studio");
            assert_eq!(own, mail.to == new, "{}", mail.subject);
            assert!(own || mail.subject.ends_with(" has a new owner"), "{}", mail.subject);
            assert!(!mail.html.contains("href="), "{}", mail.html);
        }
    };
    let path = acme.members(Some(&admin.id));
    acme.owner.put(&path, &json!({"role": "owner"})).await.is(200);
    told(&admin.email).await;
    let third = acme.add_member("owner").await;
    told(&third.email).await;
    let invitation = json!({"email": guest.email, "role": "owner"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    let token = eventually("the invitation", DELIVERY_DEADLINE, || {
        let invitation = to(&sink, &guest.email).into_iter().find(|mail| mail.subject.contains("invites you"));
        std::future::ready(invitation.map(|mail| mail.token()))
    });
    guest.post("/invitations/accept", &json!({"token": token.await})).await.is(200);
    told(&guest.email).await;
    // No notice is sent when an owner loses the role, for other roles, or for rejected requests.
    acme.owner.put(&path, &json!({"role": "member"})).await.is(200);
    admin.put(&acme.members(Some(&guest.id)), &json!({"role": "owner"})).await.problem(403, "forbidden");
    // The invitation, and the addition of the administrator.
    nothing_else_comes(&acme, &sink, 2 + 3 + 4 + 1 + 1).await;
}

async fn a_new_api_key_is_notified_s200(backend: Backend) {
    let (acme, sink) = start_org(backend, "on").await;
    let key = acme.key().await;
    let told = mails(&sink, &acme.owner.email, 1).await;
    assert_eq!(subjects(&told), ["You created an API key"]);
    assert!(!told[0].raw.contains(&key.raw), "{}", told[0].raw);
    let listed = acme.owner.get(&format!("/apps/{}/apikeys", acme.app)).await.expecting(200);
    assert!(told[0].text.contains(&text_of(&listed[0], "key_prefix")), "{}", told[0].text);
    nothing_else_comes(&acme, &sink, 1).await;
}

async fn notices_are_limited_per_kind_s200(backend: Backend) {
    let (acme, sink) = start_org(backend, "on").await;
    for _ in 0..8 {
        acme.key().await;
    }
    // An attacker who creates many keys to hide a password change causes notices about the keys, and the notice about
    // the password is still sent.
    change(&acme.owner, PASSWORD, NEW).await;
    let told = mails(&sink, &acme.owner.email, 6).await;
    let expected: Vec<&str> =
        std::iter::repeat_n("You created an API key", 5).chain(["Your password was changed"]).collect();
    assert_eq!(subjects(&told), expected);
    let silent: Vec<bool> = told.iter().map(|mail| mail.text.contains("no more mails")).collect();
    assert_eq!(silent, [false, false, false, false, true, false]);
    nothing_else_comes(&acme, &sink, 6).await;
}

async fn notices_are_not_limited_when_throttling_is_off_s200(backend: Backend) {
    let (acme, sink) = start_org(backend, "off").await;
    for _ in 0..8 {
        acme.key().await;
    }
    let told = mails(&sink, &acme.owner.email, 8).await;
    assert!(told.iter().all(|mail| !mail.text.contains("no more mails")));
    nothing_else_comes(&acme, &sink, 8).await;
}

async fn sign_ins_with_new_devices_are_notified_s200(backend: Backend) {
    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    let (acme, sink) = start_org(backend, "on").await;
    let person = Person::register(&acme.api()).await;
    let account = json!({"email": person.email, "password": PASSWORD});
    let wrong = json!({"email": person.email, "password": NEW});
    let api = acme.api();
    let sign_in = |agent: &str, body: &Value| {
        let request = api.request(Method::POST, "/api/v1/auth/login").header(USER_AGENT, agent).json(body);
        async move { send(request).await.status }
    };
    // A failed sign-in does not record the device. Several concurrent sign-ins cause one notice.
    assert_eq!(sign_in(FIREFOX, &wrong).await, 401);
    let mut running: JoinSet<u16> = JoinSet::new();
    for _ in 0..8 {
        running.spawn(sign_in(FIREFOX, &account));
    }
    assert_eq!(running.join_all().await, [200; 8]);
    assert_eq!(sign_in(&FIREFOX.replace("145", "146"), &account).await, 200);
    person.again().await;
    // A user agent text of the client is never copied into a mail.
    assert_eq!(sign_in("Call +1 555 0100 at once (Windows)", &account).await, 200);
    let told = mails(&sink, &person.email, 2).await;
    assert_eq!(subjects(&told), ["New sign-in to your account"; 2]);
    assert!(told[0].text.contains("from a new device: Firefox on Linux."), "{}", told[0].text);
    assert!(told[1].text.contains("from a new device: an unknown program on Windows."), "{}", told[1].text);
    nothing_else_comes(&acme, &sink, 2).await;
}
