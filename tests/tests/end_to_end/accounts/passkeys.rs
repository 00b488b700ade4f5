//! Passkeys over HTTP.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Api, BASE, at_once, text_of},
    authenticator::{Authenticator, ORIGIN, RP_ID, flip},
    database::Backend,
    mail::{in_directory, last_of},
    on_both, on_sqlite,
    process::Installation,
    test_org::{PASSWORD, Person, Service},
    totp_app::{codes_of, mfa_token},
    wallet::EvmWallet,
};

use crate::{
    audit::trail,
    wallets::sign_in::{CHALLENGE, VERIFY as WALLET, enter},
};

const OPTIONS: &str = "/auth/passkey/options";
const VERIFY: &str = "/auth/passkey/verify";
const PASSKEYS: &str = "/users/me/passkeys";

on_both! {
    a_passkey_is_added_listed_used_and_removed
    every_wrong_passkey_gets_one_response
    a_ceremony_signs_in_once_through_two_nodes
    a_user_has_at_most_twenty_passkeys_over_http
    the_last_sign_in_method_stays_over_http
    a_passkey_reauthenticates_a_session
    a_passkey_of_another_rp_id_is_no_way_to_sign_in
}

on_sqlite! {
    the_options_are_those_of_the_contract
    a_passkey_is_not_limited_by_guesses_of_the_password
    the_start_of_ceremonies_is_limited
    invalid_passkeys_of_a_network_are_limited
    without_a_domain_there_are_no_passkeys
    another_rp_id_is_a_warning
}

async fn a_passkey_is_added_listed_used_and_removed(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let mut phone = Authenticator::new();
    let added = phone.add_to(&person).await.expecting(201);
    assert_eq!(codes_of(&added).len(), 10);
    let passkey = &added["passkey"];
    assert_eq!((&passkey["synced"], &passkey["last_used_at"]), (&json!(true), &Value::Null));
    assert_eq!(person.get(PASSKEYS).await.expecting(200), json!([passkey]));
    let login = phone.sign_in(&service.api()).await.expecting(200);
    assert_eq!((&login["user"]["id"], &login["refresh_token"]), (&json!(person.id), &Value::Null));
    let me = service.api().bearer(&text_of(&login, "token"));
    let session = me.get("/users/me/sessions").await.expecting(200);
    let current = session.as_array().into_iter().flatten().find(|session| session["current"] == true).cloned();
    let current = current.unwrap_or_default();
    assert_eq!((&current["methods"], &current["mfa"]), (&json!(["passkey"]), &json!(true)));
    assert!(me.get(PASSKEYS).await.expecting(200)[0]["last_used_at"].is_string());
    phone.add_to(&me).await.problem(409, "passkey_taken");
    let path = format!("{PASSKEYS}/{}", text_of(passkey, "id"));
    me.delete(&path).await.is(204);
    me.delete(&path).await.problem(404, "passkey_not_found");
    phone.sign_in(&service.api()).await.problem(401, "invalid_credentials");
    // The sign-in from a known device sends no mail.
    last_of(&service.installation, &person.email, 2).await;
    let mails = in_directory(&service.installation.mail_directory());
    let mut subjects: Vec<&str> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["A passkey was added to your account", "A passkey was removed from your account"]);
    let actions: Vec<String> = trail(&service.installation, None).await.into_iter().map(|event| event.name).collect();
    for action in ["factor.added", "factor.removed", "session.refused"] {
        assert!(actions.iter().any(|known| known == action), "{action} in {actions:?}");
    }
}

/// A change of the authenticator, and then of its answer.
type Wrong = (&'static str, fn(&mut Authenticator), fn(&mut Value));

const WRONG: [Wrong; 14] = [
    ("the user handle of another user", |it| it.user = vec![7; 16], |_| {}),
    ("no user handle", |_| {}, |answer| answer["response"]["userHandle"] = Value::Null),
    ("another origin", |it| it.origin = String::from("http://localhost:8081"), |_| {}),
    (
        "an origin that begins like the right one",
        |it| it.origin = String::from("http://localhost:8080.example.com"),
        |_| {},
    ),
    ("another RP id", |it| it.rp_id = String::from("example.com"), |_| {}),
    ("no user verification", |it| it.verifies = false, |_| {}),
    ("a decreased counter", |it| (it.counter, it.step) = (3, 1), |_| {}),
    ("the same counter", |it| (it.counter, it.step) = (9, 1), |_| {}),
    ("an unknown credential", |it| it.id = vec![1; 32], |_| {}),
    ("a flipped bit of the signature", |_| {}, |answer| flip(&mut answer["response"]["signature"], 20)),
    (
        "a flipped bit of the authenticator data",
        |_| {},
        |answer| flip(&mut answer["response"]["authenticatorData"], 36),
    ),
    ("a flipped bit of the client data", |_| {}, |answer| flip(&mut answer["response"]["clientDataJSON"], 40)),
    ("no signature", |_| {}, |answer| answer["response"]["signature"] = json!("")),
    ("another object", |_| {}, |answer| *answer = json!({"a": [1, null]})),
];

async fn every_wrong_passkey_gets_one_response(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let api = service.api();
    let (mut key, other) = (Authenticator::new(), Person::register(&api).await);
    (key.counter, key.step) = (9, 1);
    key.add_to(&person).await.is(201);
    let mut foreign = Authenticator::of(&other).await;
    let mut texts = Vec::new();
    let mut is_refused = async |what: &str, proof: &Value| {
        let mut problem = api.post(VERIFY, proof).await.problem(401, "invalid_credentials");
        problem["request_id"] = Value::Null;
        texts.push((what.to_owned(), problem));
    };
    for (what, wrong, change) in WRONG {
        let kept = (key.user.clone(), key.id.clone(), key.counter);
        wrong(&mut key);
        let mut proof = key.proof(&api).await;
        change(&mut proof["credential"]);
        is_refused(what, &proof).await;
        (key.user, key.id, key.counter) = kept;
        (key.origin, key.rp_id) = (ORIGIN.to_owned(), RP_ID.to_owned());
        (key.verifies, key.step) = (true, 1);
    }
    // A credential of another user under the handle of this one, another challenge, and a ceremony to add a passkey.
    let mut stolen = foreign.proof(&api).await;
    let own = key.proof(&api).await;
    stolen["credential"]["response"]["userHandle"] = own["credential"]["response"]["userHandle"].clone();
    is_refused("another user", &stolen).await;
    let mut replayed = key.proof(&api).await;
    replayed["credential"] = own["credential"].clone();
    is_refused("another challenge", &replayed).await;
    let adding = person.post("/users/me/passkeys/options", &json!({})).await.expecting(200);
    let credential = key.get(&adding["options"]);
    is_refused("another purpose", &json!({"ceremony_id": adding["ceremony_id"], "credential": credential})).await;
    is_refused("no ceremony", &json!({"ceremony_id": "none", "credential": own["credential"]})).await;
    for (what, problem) in &texts {
        assert_eq!(*problem, texts[0].1, "{what}");
    }
    key.counter += 1;
    key.sign_in(&api).await.is(200);
    foreign.sign_in(&api).await.is(200);
}

async fn a_ceremony_signs_in_once_through_two_nodes(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let other = service.installation.start_another();
    let mut key = Authenticator::of(&person).await;
    let proof = key.proof(&service.api()).await;
    let nodes = [service.api(), other.api()];
    let requests =
        (0..20).map(|number| nodes[number % 2].request(Method::POST, &format!("{BASE}{VERIFY}")).json(&proof));
    let answers = at_once(requests.collect::<Vec<_>>()).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(401)), (1, 19));
}

async fn a_user_has_at_most_twenty_passkeys_over_http(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    for _ in 0..18 {
        Authenticator::of(&person).await;
    }
    let other = service.installation.start_another();
    let nodes = [Api::clone(&person), Api::clone(&person.at_node(&other))];
    let mut requests = Vec::new();
    for number in 0..6 {
        let started = person.post("/users/me/passkeys/options", &json!({})).await.expecting(200);
        let credential = Authenticator::new().create(&started["options"]);
        let body = json!({"ceremony_id": started["ceremony_id"], "credential": credential, "name": "Key"});
        requests.push(nodes[number % 2].request(Method::POST, &format!("{BASE}{PASSKEYS}")).json(&body));
    }
    let answers = at_once(requests).await;
    let (added, rejected): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(added.len(), 2);
    for answer in rejected {
        answer.problem(409, "too_many_passkeys");
    }
    person.post("/users/me/passkeys/options", &json!({})).await.problem(409, "too_many_passkeys");
    assert_eq!(person.get(PASSKEYS).await.expecting(200).as_array().map(Vec::len), Some(20));
}

async fn the_last_sign_in_method_stays_over_http(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, wallet) = (service.api(), EvmWallet::new());
    let me = api.bearer(&text_of(&enter(&api, &wallet).await, "token"));
    let mut key = Authenticator::new();
    let added = key.add_to(&me).await.expecting(201);
    let passkey = format!("{PASSKEYS}/{}", text_of(&added["passkey"], "id"));
    me.delete(&format!("/users/me/wallets/{}", wallet.address())).await.is(204);
    me.delete(&passkey).await.problem(409, "last_sign_in_method");
    key.sign_in(&api).await.is(200);
}

async fn a_passkey_reauthenticates_a_session(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let other = Person::register(&service.api()).await;
    let mut key = Authenticator::of(&person).await;
    let proof = key.proof(&service.api()).await;
    other.post("/auth/reauthenticate", &proof).await.problem(401, "invalid_credentials");
    person.post("/auth/reauthenticate", &proof).await.problem(401, "invalid_credentials");
    let proof = key.proof(&service.api()).await;
    let done = person.post("/auth/reauthenticate", &proof).await.expecting(200);
    assert!(done["authenticated_at"].is_string() && done["valid_until"].is_string(), "{done}");
    let session = person.get("/users/me/sessions").await.expecting(200)[0].clone();
    assert_eq!((&session["methods"], &session["mfa"]), (&json!(["password", "passkey"]), &json!(true)));
    let missing = person.post("/auth/reauthenticate", &json!({"ceremony_id": "none"})).await;
    assert_eq!(missing.faults(), ["/password"]);
}

async fn the_options_are_those_of_the_contract(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let key = Authenticator::of(&person).await;
    let adding = person.post("/users/me/passkeys/options", &json!({})).await.expecting(200);
    let options = &adding["options"];
    let selection = &options["authenticatorSelection"];
    assert_eq!((&selection["residentKey"], &selection["requireResidentKey"]), (&json!("preferred"), &json!(false)));
    assert_eq!((&selection["userVerification"], &options["attestation"]), (&json!("required"), &json!("none")));
    assert_eq!(options["rp"], json!({"id": "localhost", "name": "Tessera"}));
    assert_eq!(options["user"]["name"], json!(person.email));
    assert_eq!(options["excludeCredentials"].as_array().map(Vec::len), Some(1));
    let user = key.user.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!(user, person.id.replace('-', ""));
    let signing_in = service.api().post(OPTIONS, &json!({})).await.expecting(200);
    let options = &signing_in["options"];
    assert_eq!((&options["allowCredentials"], &options["userVerification"]), (&json!([]), &json!("required")));
    assert!(options["mediation"].is_null() && signing_in["mediation"].is_null());
}

async fn a_passkey_is_not_limited_by_guesses_of_the_password(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.with_default_limits());
    let person = Person::register(&service.api()).await;
    let mut key = Authenticator::of(&person).await;
    for _ in 0..10 {
        let wrong = json!({"email": person.email, "password": "not-the-password-of-anyone-19"});
        service.api().post("/auth/login", &wrong).await.problem(401, "invalid_credentials");
    }
    let right = json!({"email": person.email, "password": PASSWORD});
    service.api().post("/auth/login", &right).await.problem(429, "rate_limited");
    key.sign_in(&service.api()).await.is(200);
}

async fn the_start_of_ceremonies_is_limited(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_LIMIT_CHALLENGE", "3/60"));
    for _ in 0..3 {
        service.api().post(OPTIONS, &json!({})).await.is(200);
    }
    let limited = service.api().post(OPTIONS, &json!({})).await.problem(429, "rate_limited");
    assert_eq!(limited["limit"], "challenge");
}

async fn invalid_passkeys_of_a_network_are_limited(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_LIMIT_CREDENTIAL", "3/60"));
    let wrong = json!({"ceremony_id": "none", "credential": {}});
    for _ in 0..3 {
        service.api().post(VERIFY, &wrong).await.problem(401, "invalid_credentials");
    }
    let limited = service.api().post(VERIFY, &wrong).await.problem(429, "rate_limited");
    assert_eq!(limited["limit"], "credential");
}

async fn without_a_domain_there_are_no_passkeys(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_PUBLIC_URL", "http://127.0.0.1:8080");
    let service = Service::on(installation);
    let person = Person::register(&service.api()).await;
    service.api().post(OPTIONS, &json!({})).await.problem(404, "passkeys_unavailable");
    person.post("/users/me/passkeys/options", &json!({})).await.problem(404, "passkeys_unavailable");
    assert_eq!(person.get(PASSKEYS).await.expecting(200), json!([]));
}

async fn another_rp_id_is_a_warning(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let mut key = Authenticator::new();
    let codes = codes_of(&key.add_to(&person).await.expecting(201));
    let email = person.email.clone();
    assert!(!service.node.log().contains("TESSERA_PASSKEY_RP_ID"), "{}", service.node.log());
    let Service { installation, node } = service;
    node.kill();
    let moved = installation.set("TESSERA_PUBLIC_URL", "http://accounts.localhost:8080");
    let node = moved.start();
    assert!(node.log().contains("TESSERA_PASSKEY_RP_ID"), "{}", node.log());
    key.sign_in(&node.api()).await.problem(401, "invalid_credentials");
    (key.rp_id, key.origin) = ("accounts.localhost".to_owned(), "http://accounts.localhost:8080".to_owned());
    key.sign_in(&node.api()).await.problem(401, "invalid_credentials");
    let login = node.api().post("/auth/login", &json!({"email": email, "password": PASSWORD})).await;
    let body = json!({"mfa_token": mfa_token(&login), "recovery_code": codes[0]});
    let token = text_of(&node.api().post("/auth/mfa/verify", &body).await.expecting(200), "token");
    assert_eq!(node.api().bearer(&token).get(PASSKEYS).await.expecting(200).as_array().map(Vec::len), Some(1));
}

async fn a_passkey_of_another_rp_id_is_no_way_to_sign_in(backend: Backend) {
    let Service { installation, node } = Service::start(backend).await;
    let wallet = EvmWallet::new();
    let token = text_of(&enter(&node.api(), &wallet).await, "token");
    let added = Authenticator::new().add_to(&node.api().bearer(&token)).await.expecting(201);
    node.kill();
    let moved = installation.set("TESSERA_PUBLIC_URL", "http://accounts.localhost:8080");
    let node = moved.start();
    let challenge = node.api().post(CHALLENGE, &wallet.named("ethereum")).await.expecting(200);
    let login = node.api().post(WALLET, &wallet.proof("ethereum", &challenge)).await;
    let factor = json!({"mfa_token": mfa_token(&login), "recovery_code": codes_of(&added)[0]});
    let token = text_of(&node.api().post("/auth/mfa/verify", &factor).await.expecting(200), "token");
    let me = node.api().bearer(&token);
    let unlink = me.delete(&format!("/users/me/wallets/{}", wallet.address())).await;
    unlink.problem(409, "last_sign_in_method");
}
