//! Password resets by mail, without revealing which accounts exist.

use serde_json::json;
use tessera_tests::{
    api::{Answer, Api, send, text_of},
    database::Backend,
    eventually,
    mail::{DELIVERY_DEADLINE, ReceivedMail, in_directory, last_of},
    on_both,
    pages::form,
    process::Installation,
    smtp::Sink,
    test_org::{PASSWORD, Person, Service, TestOrg, UNKNOWN_ID, unique},
    wallet::EvmWallet,
};
use tokio::task::JoinSet;

use crate::{
    accounts::{enumeration::shape, reset_page, timing::takes_the_same_time},
    wallets::sign_in::{addresses, enter},
};

pub(crate) const NEW: &str = "granite-orchard-58-kettle";

pub(crate) async fn forgot(api: &Api, email: &str) -> Answer {
    api.post("/auth/password/forgot", &json!({"email": email})).await
}

pub(crate) async fn reset(api: &Api, token: &str, password: &str) -> Answer {
    api.post("/auth/password/reset", &json!({"token": token, "new_password": password})).await
}

pub(crate) async fn login(api: &Api, email: &str, password: &str) -> Answer {
    api.anonymous().post("/auth/login", &json!({"email": email, "password": password})).await
}

/// Asserts that a change of the password also ends the sessions that start during the change.
pub(crate) async fn ends_concurrent_sign_ins(service: &Service, email: &str, change: impl Future<Output = Answer>) {
    let mut running = JoinSet::new();
    for _ in 0..6 {
        let (api, email) = (service.api(), email.to_owned());
        running.spawn(async move { login(&api, &email, PASSWORD).await });
    }
    change.await.is(204);
    for answer in running.join_all().await {
        assert!([200, 401].contains(&answer.status), "{}", answer.text());
        if let Some(token) = answer.json()["token"].as_str() {
            service.api().bearer(token).get("/users/me").await.problem(401, "invalid_token");
        }
    }
}

/// Requests a reset and returns the mail with the given number.
pub(crate) async fn link_to(service: &Service, email: &str, mails: usize) -> ReceivedMail {
    forgot(&service.api(), email).await.is(202);
    let mail = last_of(&service.installation, email, mails).await;
    assert_eq!(mail.subject, "Set a new password for Tessera");
    mail
}

/// The number of mails to an address so far. Requests are processed in order: when the mail of a later request arrives,
/// all earlier mails have arrived.
async fn mails_to(service: &Service, email: &str) -> usize {
    let last = Person::register(&service.api()).await;
    link_to(service, &last.email, 1).await;
    in_directory(&service.installation.mail_directory()).iter().filter(|mail| mail.to == email).count()
}

on_both! {
    a_forgotten_password_is_reset_by_mail
    a_user_invited_without_a_password_can_set_one
    a_password_reset_ends_all_sessions_on_every_node_s9
    a_reset_request_returns_the_same_for_known_and_unknown_addresses_s19
    a_reset_request_takes_the_same_time_for_every_address_s19
    reset_mails_per_address_are_limited_s34
    mails_are_not_limited_when_throttling_is_off_s34
    a_reset_returns_the_account_to_the_owner_of_the_email_s115
}

async fn a_forgotten_password_is_reset_by_mail(backend: Backend) {
    let sink = Sink::start().await;
    let service = Service::on(Installation::new(backend).await.set("TESSERA_SMTP_URL", &sink.url()));
    let person = Person::register(&service.api()).await;
    let came = async |number: usize| {
        let came = eventually("a mail", DELIVERY_DEADLINE, || {
            std::future::ready(sink.mails().into_iter().filter(|mail| mail.to == person.email).nth(number))
        });
        came.await
    };
    forgot(&service.api(), &person.email).await.is(202);
    let mail = came(0).await;
    let link = mail.link();
    assert!(link.starts_with("http://localhost:8080/password/reset?token="), "{link}");
    let path = link.strip_prefix("http://localhost:8080").unwrap_or_default();
    let page = service.api().get_root(path).await;
    page.is(200);
    let fields = [("token", &*mail.token()), ("username", &person.email), ("password", NEW)];
    let done = send(form(&service.api(), reset_page::PAGE, &fields).header("Sec-Fetch-Site", "same-origin")).await;
    done.is(200);
    assert!(done.text().contains("Your password is set") && done.header("set-cookie").is_none(), "{}", done.text());
    person.get("/users/me").await.problem(401, "invalid_token");
    login(&service.api(), &person.email, PASSWORD).await.problem(401, "invalid_credentials");
    let own = service.api().bearer(&text_of(&login(&service.api(), &person.email, NEW).await.expecting(200), "token"));
    assert_eq!(own.get("/users/me").await.expecting(200)["email_verified"], true);
    reset(&service.api(), &mail.token(), PASSWORD).await.problem(400, "invalid_reset_token");
    service.api().get_root(path).await.is(400);
    let notice = came(1).await;
    assert_eq!(notice.subject, "Your password was changed");
    assert!(!notice.raw.contains(NEW) && !notice.html.contains("href="), "{}", notice.raw);
}

async fn a_user_invited_without_a_password_can_set_one(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let email = format!("{}@example.com", unique("guest"));
    let invitation = json!({"email": email, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    let token = last_of(&acme.service.installation, &email, 1).await.token();
    acme.api().post("/invitations/accept", &json!({"token": token})).await.is(200);
    let token = link_to(&acme.service, &email, 2).await.token();
    reset(&acme.api(), &token, NEW).await.is(204);
    login(&acme.api(), &email, NEW).await.is(200);
    let notice = last_of(&acme.service.installation, &email, 3).await;
    assert_eq!(notice.subject, "Your account has a password now");
}

async fn a_password_reset_ends_all_sessions_on_every_node_s9(backend: Backend) {
    let service = Service::start(backend).await;
    let second = service.installation.start_another();
    let (person, other) = (Person::register(&service.api()).await, Person::register(&service.api()).await);
    let elsewhere = person.again().await.at_node(&second);
    elsewhere.get("/users/me").await.is(200);
    let token = link_to(&service, &person.email, 1).await.token();
    reset(&second.api(), &token, NEW).await.is(204);
    for ended in [&person, &elsewhere, &elsewhere.at_node(&service.node)] {
        ended.get("/users/me").await.problem(401, "invalid_token");
    }
    other.get("/users/me").await.is(200);
}

async fn a_reset_request_returns_the_same_for_known_and_unknown_addresses_s19(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, known, wallet) = (service.api(), Person::register(&service.api()).await, EvmWallet::new());
    enter(&api, &wallet).await;
    let expected = shape(&forgot(&api, &known.email).await);
    assert_eq!((expected.0, &expected.2), (202, &json!({"expires_in": 1800})));
    let (upper, address) = (known.email.to_uppercase(), wallet.address());
    let named = format!("{address}@example.com");
    for email in ["unknown@example.com", &upper, &named, &address, "not an address", "", "a@b@c.com"] {
        assert_eq!(shape(&forgot(&api, email).await), expected, "{email}");
    }
    assert!((1..=2).contains(&mails_to(&service, &known.email).await));
    for mail in in_directory(&service.installation.mail_directory()) {
        assert!(mail.to.starts_with("person-"), "{}", mail.to);
    }
    api.post("/auth/password/forgot", &json!({"email": 1})).await.problem(400, "invalid_body");
}

async fn a_reset_request_takes_the_same_time_for_every_address_s19(backend: Backend) {
    let (service, known) = Service::with_person(backend).await;
    let api = service.api();
    takes_the_same_time(async |number, taken| {
        let email = if taken { known.email.clone() } else { format!("nobody-{number}@example.com") };
        forgot(&api, &email).await.is(202);
    })
    .await;
}

async fn reset_mails_per_address_are_limited_s34(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.unset("TESSERA_LIMIT_MAIL"));
    let second = service.installation.start_another();
    let person = Person::register(&service.api()).await;
    let mut last = None;
    for number in 1..=5 {
        last = Some(link_to(&service, &person.email, number).await);
    }
    let expected = shape(&forgot(&second.api(), "unknown@example.com").await);
    for api in [service.api(), second.api()] {
        assert_eq!(shape(&forgot(&api, &person.email).await), expected);
        assert_eq!(mails_to(&service, &person.email).await, 5);
    }
    let last = last.unwrap_or_else(|| panic!("no mail"));
    assert!(last.text.contains("no more of them while this link is valid"), "{}", last.text);
    // Repeated requests of a stranger do not invalidate the last link.
    reset(&service.api(), &last.token(), NEW).await.is(204);
}

async fn mails_are_not_limited_when_throttling_is_off_s34(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_THROTTLE", "off"));
    let person = Person::register(&service.api()).await;
    for number in 1..=7 {
        let mail = link_to(&service, &person.email, number).await;
        assert!(!mail.text.contains("no more of them"), "{}", mail.text);
    }
    // The limits on invitations and on direct additions are disabled too.
    let org = person.create_org().await;
    for _ in 0..6 {
        let invitation = json!({"email": format!("{}@example.com", unique("guest")), "role": "member"});
        person.post(&format!("/orgs/{org}/invitations"), &invitation).await.is(201);
    }
    for _ in 0..31 {
        let member = json!({"user_id": UNKNOWN_ID, "role": "member"});
        person.post(&format!("/orgs/{org}/members"), &member).await.problem(404, "user_not_found");
    }
}

async fn a_reset_returns_the_account_to_the_owner_of_the_email_s115(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    // A squatter registers an address that is not theirs, and links a wallet for later use.
    let squatter = Person::register(&api).await;
    let challenge = squatter.post("/users/me/wallets/challenge", &wallet.named("base")).await.expecting(200);
    squatter.post("/users/me/wallets", &wallet.proof("base", &challenge)).await.is(201);
    let pending = squatter.post("/users/me/wallets/challenge", &EvmWallet::new().named("base")).await.expecting(200);
    let token = link_to(&service, &squatter.email, 2).await.token();
    reset(&api, &token, NEW).await.is(204);
    squatter.get("/users/me").await.problem(401, "invalid_token");
    squatter.post("/users/me/wallets", &EvmWallet::new().proof("base", &pending)).await.problem(401, "invalid_token");
    login(&api, &squatter.email, PASSWORD).await.problem(401, "invalid_credentials");
    let user = login(&api, &squatter.email, NEW).await.expecting(200)["user"].clone();
    assert_eq!((&user["id"], &user["email_verified"]), (&json!(squatter.id), &json!(true)));
    assert_eq!(addresses(&user), Vec::<String>::new());
    // The wallet now signs in to its own new account.
    assert_ne!(enter(&api, &wallet).await["user"]["id"], user["id"]);
    let notice = last_of(&service.installation, &squatter.email, 3).await;
    assert!(notice.text.contains("One wallet was unlinked"), "{}", notice.text);
    // Once the address is verified, linked wallets belong to the owner and stay linked.
    let own = api.bearer(&text_of(&login(&api, &squatter.email, NEW).await.expecting(200), "token"));
    let (kept, path) = (EvmWallet::new(), "/users/me/wallets");
    let challenge = own.post(&format!("{path}/challenge"), &kept.named("base")).await.expecting(200);
    own.post(path, &kept.proof("base", &challenge)).await.is(201);
    let token = link_to(&service, &squatter.email, 5).await.token();
    reset(&api, &token, PASSWORD).await.is(204);
    assert_eq!(enter(&api, &kept).await["user"]["id"], user["id"]);
}
