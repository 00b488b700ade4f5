//! Registration: one account per address, in any spelling.

use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api},
    database::Backend,
    on_both,
    test_org::{PASSWORD, Service, sign_in},
};

async fn register(api: &Api, email: &str) -> Answer {
    api.post("/auth/register", &json!({"email": email, "password": PASSWORD})).await
}

on_both! {
    equivalent_spellings_of_an_email_are_one_account_s173
    an_email_is_returned_as_the_user_wrote_it
    malformed_emails_are_rejected_s174
    a_register_names_every_invalid_field
    names_may_be_null
    a_profile_is_complete_with_an_address_and_a_name
    a_new_installation_has_no_default_user_s229
}

async fn equivalent_spellings_of_an_email_are_one_account_s173(backend: Backend) {
    let service = Service::start(backend).await;
    let api = service.api();
    let same = [
        ("Ada.Lovelace@Example.COM", "ada.lovelace@example.com"),
        ("jos\u{e9}@example.com", "JOSE\u{301}@example.com"),
        ("a@b\u{fc}cher.example", "A@xn--bcher-kva.EXAMPLE"),
        ("stra\u{df}e@example.com", "STRASSE@example.com"),
    ];
    for (first, second) in same {
        register(&api, first).await.is(201);
        register(&api, second).await.problem(409, "email_taken");
        assert!(!sign_in(&api, second).await.is_empty());
    }
    register(&api, "  trimmed@example.com\n").await.is(201);
    register(&api, "trimmed@example.com").await.problem(409, "email_taken");
}

async fn an_email_is_returned_as_the_user_wrote_it(backend: Backend) {
    let service = Service::start(backend).await;
    let user = register(&service.api(), " Ada.Lovelace@Example.com ").await.expecting(201);
    assert_eq!(user["email"], "Ada.Lovelace@Example.com");
}

const WRONG_ADDRESSES: &[&str] = &[
    "",
    "a",
    "@",
    "a@",
    "@b.com",
    "a b@c.com",
    "a@b@c.com",
    "Ada <a@b.com>",
    "a@b.com,c@d.com",
    "\"a b\"@c.com",
    "a(comment)@b.com",
    ".a@b.com",
    "a.@b.com",
    "a..b@c.com",
    "a@b",
    "a@-b.com",
    "a@b-.com",
    "a@.com",
    "a@b..com",
    "a@[127.0.0.1]",
    "a@127.0.0.1",
    "a@b.com\r\nBcc: c@d.com",
    "\u{ff41}@b.com",
    "a\u{202e}b@c.com",
    "a\u{0}@b.com",
];

async fn malformed_emails_are_rejected_s174(backend: Backend) {
    let service = Service::start(backend).await;
    let long = format!("{}@example.com", "a".repeat(65));
    let longest = format!("a@{}.example.com", "b.".repeat(130));
    for email in WRONG_ADDRESSES.iter().chain(&[long.as_str(), longest.as_str()]) {
        assert_eq!(register(&service.api(), email).await.faults(), ["/email"], "{email:?}");
    }
}

async fn a_register_names_every_invalid_field(backend: Backend) {
    let service = Service::start(backend).await;
    let body = json!({"email": "nobody", "password": "short", "display_name": "", "first_name": "x".repeat(101),
                      "last_name": "a\u{202e}b"});
    let answer = service.api().post("/auth/register", &body).await;
    assert_eq!(answer.faults(), ["/display_name", "/email", "/first_name", "/last_name", "/password"]);
    assert_eq!(service.api().post("/auth/register", &json!({})).await.faults(), ["/email", "/password"]);
}

async fn names_may_be_null(backend: Backend) {
    let service = Service::start(backend).await;
    let body = json!({"email": "a@example.com", "password": PASSWORD, "display_name": null, "first_name": null});
    let user = service.api().post("/auth/register", &body).await.expecting(201);
    assert_eq!((&user["display_name"], &user["first_name"]), (&Value::Null, &Value::Null));
}

async fn a_profile_is_complete_with_an_address_and_a_name(backend: Backend) {
    let service = Service::start(backend).await;
    let body = json!({"email": "a@example.com", "password": PASSWORD, "display_name": "Ada"});
    let user = service.api().post("/auth/register", &body).await.expecting(201);
    assert_eq!(user["profile_complete"], true);
}

async fn a_new_installation_has_no_default_user_s229(backend: Backend) {
    let service = Service::start(backend).await;
    for (email, password) in [("admin@example.com", "admin"), ("admin@localhost", "admin"), ("root", "root"), ("", "")]
    {
        let body = json!({"email": email, "password": password});
        service.api().post("/auth/login", &body).await.problem(401, "invalid_credentials");
    }
}
