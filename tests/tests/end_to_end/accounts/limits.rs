//! Rate limits of sign-ins, registrations and requests.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tessera_testkit::expectations::some;
use tessera_tests::{
    api::{Answer, Api, BASE, send},
    database::Backend,
    mail::last_of,
    on_both, on_sqlite,
    pages::submit_form,
    process::Installation,
    test_org::{PASSWORD, Person, Service, TestOrg},
    wallet::EvmWallet,
};
use tokio::{task::JoinSet, time::sleep};

use super::email_verification::{VERIFY, verification_of};
use crate::{audit::trail, wallets::sign_in::enter};

on_both! {
    of_two_hundred_guesses_through_three_nodes_ten_are_checked_s26
    a_known_network_can_sign_in_while_fifty_others_guess_s29
    a_network_that_guesses_for_many_addresses_is_stopped_s36
    correct_passwords_do_not_count
    every_way_to_guess_a_password_counts_s28
    guesses_with_a_mail_count_and_keep_it_valid_s28
    registrations_and_requests_for_mails_of_a_network_are_limited
}

on_sqlite! {
    an_invitation_does_not_show_what_other_senders_did
    other_spellings_and_methods_share_a_limit_s31
    invalid_credentials_of_a_network_are_limited_and_live_sessions_are_not
    requests_of_a_session_and_of_a_network_are_limited_apart
    every_limit_can_be_changed_and_turned_off
}

pub(super) const WRONG: &str = "not-the-password-of-anyone-19";

/// An installation with the default limits, behind a proxy at the address of the tests.
pub(super) async fn limited(backend: Backend) -> Installation {
    Installation::new(backend).await.with_default_limits().set("TESSERA_TRUSTED_PROXIES", "127.0.0.1")
}

fn login(url: &str, network: &str, email: &str, password: &str) -> RequestBuilder {
    Api::new(url)
        .request(Method::POST, &format!("{BASE}/auth/login"))
        .header("X-Forwarded-For", network)
        .json(&json!({"email": email, "password": password}))
}

pub(super) async fn guess(service: &Service, network: &str, email: &str) -> Answer {
    send(login(service.node.url(), network, email, WRONG)).await
}

pub(super) async fn correct(service: &Service, network: &str, email: &str) -> Answer {
    send(login(service.node.url(), network, email, PASSWORD)).await
}

pub(super) fn limit_of(answer: &Answer) -> Value {
    let problem = answer.problem(429, "rate_limited");
    let seconds: u64 = answer.header("retry-after").and_then(|wait| wait.parse().ok()).unwrap_or_default();
    assert!((1..=3_600).contains(&seconds), "{seconds}");
    problem["limit"].clone()
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// Sends a request again while the service is busy: all guesses lock one row, and on a slow machine some wait for too long.
async fn once_free(request: RequestBuilder) -> Answer {
    for _ in 0..20 {
        let answer = send(some(request.try_clone())).await;
        if answer.status != 503 {
            return answer;
        }
        answer.problem(503, "busy");
        sleep(Duration::from_secs(1)).await;
    }
    panic!("busy for 20 s")
}

async fn of_two_hundred_guesses_through_three_nodes_ten_are_checked_s26(backend: Backend) {
    let installation = limited(backend).await;
    let nodes = [installation.start(), installation.start_another(), installation.start_another()];
    let person = Person::register(&nodes[0].api()).await;
    for email in [person.email.as_str(), "unknown@example.com"] {
        let guesses = (0..200).map(|number| login(nodes[number % 3].url(), "192.0.2.1", email, WRONG));
        let answers = guesses.map(once_free).collect::<JoinSet<Answer>>().join_all().await;
        assert_eq!((count(&answers, 401), count(&answers, 429)), (10, 190), "{email}");
        let rejected = send(login(nodes[1].url(), "192.0.2.1", email, PASSWORD)).await;
        assert_eq!(limit_of(&rejected), "sign-in");
        assert_eq!(rejected.header("ratelimit-policy"), Some("\"sign-in\";q=10;w=900"));
        assert!(rejected.header("ratelimit").is_some_and(|limit| limit.starts_with("\"sign-in\";r=0;t=")));
    }
    // The limit is in storage, so it survives a restart. Live sessions and other ways to sign in are not affected.
    let [_, _, stopped] = nodes;
    stopped.kill();
    let restarted = installation.start_another();
    assert_eq!(limit_of(&send(login(restarted.url(), "192.0.2.1", &person.email, PASSWORD)).await), "sign-in");
    person.at_node(&restarted).get("/users/me").await.is(200);
    enter(&restarted.api(), &EvmWallet::new()).await;
    // Each rejection of the limit in a window has one entry, whatever their number.
    let entries = trail(&installation, None).await;
    let reached: Vec<_> = entries.iter().filter(|entry| entry.name == "limit.reached").collect();
    let limit = ("limit".to_owned(), "sign-in".to_owned());
    assert!(reached.iter().all(|entry| entry.details == [limit.clone()]), "{reached:?}");
    assert_eq!(reached.iter().map(|entry| entry.attempts).sum::<u64>(), 2, "{reached:?}");
}

async fn a_known_network_can_sign_in_while_fifty_others_guess_s29(backend: Backend) {
    let service = Service::on(limited(backend).await);
    let person = Person::register(&service.api()).await;
    correct(&service, "198.51.100.7", &person.email).await.is(200);
    let mut checked = 0;
    for network in 1..=50 {
        let answer = guess(&service, &format!("2001:db8:0:{network:x}::1"), &person.email).await;
        if answer.status == 401 {
            checked += 1;
        } else {
            // The response must not show which of the limits was reached.
            assert_eq!(limit_of(&answer), "sign-in");
            assert_eq!(answer.header("ratelimit-policy"), Some("\"sign-in\";q=10;w=900"));
        }
    }
    assert_eq!(checked, 30);
    assert_eq!(limit_of(&correct(&service, "203.0.113.5", &person.email).await), "sign-in");
    // A network is a whole /64.
    assert_eq!(limit_of(&correct(&service, "2001:db8:0:1:ffff::2", &person.email).await), "sign-in");
    correct(&service, "198.51.100.7", &person.email).await.is(200);
    person.get("/users/me").await.is(200);
}

async fn a_network_that_guesses_for_many_addresses_is_stopped_s36(backend: Backend) {
    let service = Service::on(limited(backend).await.set("TESSERA_LIMIT_SIGN_IN_NETWORK", "12/900"));
    for number in 0..12 {
        guess(&service, "192.0.2.1", &format!("user{number}@example.com")).await.is(401);
    }
    assert_eq!(limit_of(&guess(&service, "192.0.2.1", "user99@example.com").await), "sign-in-network");
    guess(&service, "192.0.2.2", "user99@example.com").await.is(401);
    // What one limit rejects does not count in the others.
    for _ in 0..20 {
        assert_eq!(limit_of(&guess(&service, "192.0.2.1", "user1@example.com").await), "sign-in-network");
    }
    for left in (0..9).rev() {
        let answer = guess(&service, "192.0.2.3", "user1@example.com").await;
        answer.is(401);
        let shown = answer.header("ratelimit").unwrap_or_default().to_owned();
        assert!(shown.starts_with(&format!("\"sign-in\";r={};t=", left + 1)), "{shown}");
    }
}

async fn correct_passwords_do_not_count(backend: Backend) {
    let service = Service::on(limited(backend).await);
    let person = Person::register(&service.api()).await;
    for _ in 0..12 {
        correct(&service, "192.0.2.1", &person.email).await.is(200);
    }
    for _ in 0..10 {
        guess(&service, "192.0.2.1", &person.email).await.is(401);
    }
    assert_eq!(limit_of(&correct(&service, "192.0.2.1", &person.email).await), "sign-in");
}

async fn every_way_to_guess_a_password_counts_s28(backend: Backend) {
    let service = Service::on(limited(backend).await.set("TESSERA_LIMIT_SIGN_IN", "3/900"));
    let person = Person::register(&service.api()).await;
    let change = json!({"current_password": WRONG, "new_password": "another-good-password-77"});
    let wrong = json!({"password": WRONG});
    assert_eq!(person.put("/users/me/password", &change).await.faults(), ["/current_password"]);
    person.post("/auth/reauthenticate", &wrong).await.problem(401, "invalid_credentials");
    service.api().post("/auth/login", &json!({"email": person.email, "password": WRONG})).await.is(401);
    assert_eq!(limit_of(&person.put("/users/me/password", &change).await), "sign-in");
    assert_eq!(limit_of(&person.post("/auth/reauthenticate", &wrong).await), "sign-in");
    let login = json!({"email": person.email, "password": PASSWORD});
    assert_eq!(limit_of(&service.api().post("/auth/login", &login).await), "sign-in");
    person.get("/users/me").await.is(200);
}

async fn guesses_with_a_mail_count_and_keep_it_valid_s28(backend: Backend) {
    let acme = TestOrg::open_on(limited(backend).await.set("TESSERA_LIMIT_SIGN_IN", "3/900")).await;
    let (api, invitations) = (acme.api(), "/invitations/accept");
    for (path, page) in [(VERIFY, "/email/verify"), (invitations, invitations)] {
        let person = Person::register(&api).await;
        let token = if path == VERIFY {
            verification_of(&acme.service, &person.email, 1).await.token()
        } else {
            let body = json!({"email": person.email, "role": "member"});
            acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await.is(201);
            last_of(&acme.service.installation, &person.email, 1).await.token()
        };
        let present = async |password: &str| api.post(path, &json!({"token": token, "password": password})).await;
        let submit = async |password: &str| submit_form(&api, page, &[("token", &token), ("password", password)]).await;
        present(WRONG).await.problem(409, "email_not_verified");
        submit(WRONG).await.is(409);
        present(WRONG).await.problem(409, "email_not_verified");
        assert_eq!(limit_of(&present(PASSWORD).await), "sign-in", "{path}");
        let rejected = submit(PASSWORD).await;
        rejected.is(429);
        assert!(rejected.text().contains("Too many requests"), "{path}: {}", rejected.text());
        person.post(path, &json!({"token": token})).await.is(200);
    }
}

/// Everything but the counters of limits can be written. The trigger is possible only on PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guess_that_cannot_be_counted_is_rejected_s35() {
    let (service, person) = Service::with_person(Backend::Postgres).await;
    let database = service.installation.database();
    let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON rate_limits FOR EACH ROW EXECUTE FUNCTION full_disk()";
    database.execute(full).await;
    for email in [person.email.as_str(), "unknown@example.com"] {
        correct(&service, "192.0.2.1", email).await.problem(503, "unavailable");
    }
    let account = json!({"email": "new@example.com", "password": PASSWORD});
    service.api().post("/auth/register", &account).await.problem(503, "unavailable");
    service.api().post("/auth/password/forgot", &json!({"email": person.email})).await.problem(503, "unavailable");
    person.post(VERIFY, &json!({"code": "000000"})).await.problem(503, "unavailable");
    person.get("/users/me").await.is(200);
    database.execute("DROP FUNCTION full_disk() CASCADE").await;
    correct(&service, "192.0.2.1", &person.email).await.is(200);
}

async fn registrations_and_requests_for_mails_of_a_network_are_limited(backend: Backend) {
    let service = Service::on(limited(backend).await);
    let post = async |network: &str, path: &str, body: Value| {
        let request = service.api().request(Method::POST, &format!("{BASE}{path}"));
        send(request.header("X-Forwarded-For", network).json(&body)).await
    };
    for number in 0..20 {
        let body = json!({"email": format!("user{number}@example.com"), "password": PASSWORD});
        post("192.0.2.1", "/auth/register", body).await.is(201);
    }
    let one_more = json!({"email": "user20@example.com", "password": PASSWORD});
    assert_eq!(limit_of(&post("192.0.2.1", "/auth/register", one_more.clone()).await), "register");
    post("192.0.2.2", "/auth/register", one_more).await.is(201);
    for _ in 0..30 {
        post("192.0.2.1", "/auth/password/forgot", json!({"email": "user1@example.com"})).await.is(202);
    }
    let forgotten = post("192.0.2.1", "/auth/password/forgot", json!({"email": "user1@example.com"})).await;
    assert_eq!(limit_of(&forgotten), "mail-network");
    post("192.0.2.2", "/auth/password/forgot", json!({"email": "user1@example.com"})).await.is(202);
}

async fn an_invitation_does_not_show_what_other_senders_did(backend: Backend) {
    let acme = TestOrg::open_on(limited(backend).await).await;
    let body = json!({"email": "guest@example.com", "role": "member"});
    let answer = acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &body).await;
    answer.is(201);
    let policy = answer.header("ratelimit-policy").unwrap_or_default();
    assert!(policy.starts_with("\"invite\";") || policy.starts_with("\"invite-address\";"), "{policy}");
}

async fn other_spellings_and_methods_share_a_limit_s31(backend: Backend) {
    let service = Service::on(limited(backend).await.set("TESSERA_LIMIT_REQUESTS", "6/60"));
    let url = service.node.url();
    let get = async |method: Method, path: &str| send(service.api().request(method, path)).await;
    for (method, path, status) in [
        (Method::GET, "/problems/invalid_body", 200),
        (Method::HEAD, "/problems/invalid_body", 200),
        (Method::GET, "/problems/%69nvalid_body", 200),
        (Method::GET, "/no/such/path", 404),
        (Method::DELETE, "/problems/invalid_body", 405),
        (Method::GET, "/api/v1/users/me", 401),
    ] {
        get(method.clone(), path).await.is(status);
    }
    for path in ["/problems/invalid_body", "/problems/%69nvalid_body", "/no/such/path", "/api/v1/users/me"] {
        assert_eq!(get(Method::GET, path).await.status, 429, "{url}{path}");
    }
    // One address has one limit, however it is spelled.
    let service = Service::on(limited(backend).await.set("TESSERA_LIMIT_SIGN_IN", "3/900"));
    for email in ["ada@example.com", "ADA@example.com", "ada@EXAMPLE.com"] {
        guess(&service, "192.0.2.1", email).await.is(401);
    }
    assert_eq!(limit_of(&guess(&service, "192.0.2.1", "Ada@Example.com").await), "sign-in");
}

async fn invalid_credentials_of_a_network_are_limited_and_live_sessions_are_not(backend: Backend) {
    let acme = TestOrg::open_on(limited(backend).await).await;
    let key = acme.key().await;
    let api = acme.api();
    for _ in 0..50 {
        api.bearer("no.token.here").get("/users/me").await.is(401);
        api.key("ask_none").get("/orgs").await.is(401);
    }
    for invalid in [api.bearer("no.token.here"), api.key("ask_none"), api.bearer("another.bad.token")] {
        let rejected = invalid.get("/users/me").await;
        assert_eq!(limit_of(&rejected), "credential");
        assert_eq!(rejected.header("ratelimit-policy"), Some("\"credential\";q=100;w=60"));
    }
    // Links, codes, refresh tokens and signatures count like credentials.
    assert_eq!(limit_of(&api.post("/auth/refresh", &json!({"refresh_token": "rt_none"})).await), "credential");
    let reset = json!({"token": "q3yWn0oHk7Rz2TfVbXc5LdPs8MjGa1Ue4NiQw6KxYh9", "new_password": PASSWORD});
    assert_eq!(limit_of(&api.post("/auth/password/reset", &reset).await), "credential");
    acme.owner.get("/users/me").await.is(200);
    let found = api.post("/apikeys/verify", &json!({"key": key.raw})).await.expecting(200);
    assert_eq!(found["code"], "valid");
}

async fn requests_of_a_session_and_of_a_network_are_limited_apart(backend: Backend) {
    let service = Service::on(limited(backend).await.set("TESSERA_LIMIT_REQUESTS", "30/60"));
    let person = Person::register(&service.api()).await;
    let other = person.again().await;
    for left in (0..30).rev() {
        let answer = person.get("/users/me").await;
        answer.is(200);
        // Only a client that is near its limit sees it.
        assert_eq!(answer.header("ratelimit").is_some(), left < 3, "{left}");
    }
    assert_eq!(limit_of(&person.get("/users/me").await), "requests");
    other.get("/users/me").await.is(200);
    // The registration and the two sign-ins counted for the network.
    for _ in 0..27 {
        service.api().get_root("/problems/invalid_body").await.is(200);
    }
    assert_eq!(limit_of(&service.api().get_root("/problems/invalid_body").await), "requests");
    other.get("/users/me").await.is(200);
    // One entry for each subject in a window, also if no caller is known.
    let entries = trail(&service.installation, None).await;
    let reached = entries.iter().filter(|entry| entry.name == "limit.reached");
    let callers: Vec<bool> = reached.map(|entry| entry.actor.is_some()).collect();
    assert_eq!(callers, [true, false], "{entries:?}");
    for _ in 0..40 {
        service.api().get_root("/health/ready").await.is(200);
        service.api().post("/apikeys/verify", &json!({"key": "x"})).await.is(200);
    }
}

async fn every_limit_can_be_changed_and_turned_off(backend: Backend) {
    let installation = limited(backend).await.set("TESSERA_LIMIT_SIGN_IN", "1/900");
    let service = Service::on(installation);
    let person = Person::register(&service.api()).await;
    guess(&service, "192.0.2.1", &person.email).await.is(401);
    assert_eq!(limit_of(&guess(&service, "192.0.2.1", &person.email).await), "sign-in");
    drop(service.node);
    let off = Service::on(service.installation.set("TESSERA_THROTTLE", "off"));
    for _ in 0..3 {
        let answer = guess(&off, "192.0.2.1", &person.email).await;
        answer.is(401);
        assert_eq!(answer.header("ratelimit"), None);
    }
    correct(&off, "192.0.2.1", &person.email).await.is(200);
}
