//! Second factors over HTTP.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api, BASE, at_once, text_of},
    authenticator::Authenticator,
    database::Backend,
    mail::{ReceivedMail, last_that},
    on_both, on_sqlite,
    process::{Installation, Node},
    sso::{BrowserSession, redeem},
    test_org::{PASSWORD, Person, Service, TestOrg},
    totp_app::{TotpApp, codes_of, complete, mfa_token},
    wallet::EvmWallet,
};

use crate::audit::trail;

on_both! {
    no_way_in_opens_a_session_with_one_factor
    of_twenty_sign_ins_with_one_time_step_one_succeeds
    five_wrong_factors_end_a_token_and_ten_reach_the_limit
    a_reset_of_an_unverified_address_removes_all_factors
    an_app_is_added_and_removed
}

on_sqlite! {
    the_options_of_the_sign_in_are_kept
    only_an_owner_with_mfa_requires_it
}

pub(super) async fn login(api: &Api, email: &str, more: &Value) -> Answer {
    let mut body = json!({"email": email, "password": PASSWORD});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    api.anonymous().post("/auth/login", &body).await
}

/// Signs in with a wallet of the user.
pub(super) async fn wallet_login(api: &Api, wallet: &EvmWallet) -> Answer {
    let challenge = api.post("/auth/web3/challenge", &wallet.named("ethereum")).await.expecting(200);
    api.post("/auth/web3/verify", &wallet.proof("ethereum", &challenge)).await
}

/// Links a new wallet to the user.
pub(super) async fn linked_wallet(person: &Person) -> EvmWallet {
    let wallet = EvmWallet::new();
    let challenge = person.post("/users/me/wallets/challenge", &wallet.named("ethereum")).await.expecting(200);
    person.post("/users/me/wallets", &wallet.proof("ethereum", &challenge)).await.is(201);
    wallet
}

/// The ways in that a second factor interrupts.
pub(super) const WAYS: [&str; 4] = ["login", "wallet", "application", "reauthenticate"];

/// Takes a way in with its first factor.
pub(super) async fn enter_by(way: &str, acme: &TestOrg, person: &Person, wallet: &EvmWallet) -> Answer {
    let api = acme.api();
    match way {
        "login" => login(&api, &person.email, &json!({})).await,
        "wallet" => wallet_login(&api, wallet).await,
        "application" => {
            let browser = BrowserSession::begin(acme).await;
            browser.verify(&api, &browser.proof(&api, wallet).await).await
        }
        _ => person.post("/auth/reauthenticate", &json!({"password": PASSWORD})).await,
    }
}

/// Each way in with each factor: the first factor gets `mfa_required`, and the second one what the way in returns.
async fn no_way_in_opens_a_session_with_one_factor(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (api, person) = (acme.api(), Person::register(&acme.api()).await);
    let wallet = linked_wallet(&person).await;
    let (app, codes) = TotpApp::enroll(&person).await;
    let sessions = async || person.get("/users/me/sessions").await.expecting(200).as_array().map_or(0, Vec::len);
    assert_eq!(sessions().await, 1);
    for (position, way) in WAYS.into_iter().enumerate() {
        // The app has one code that was not used in this time step. All other tries use recovery codes.
        let factors = [("recovery_code", codes[position].clone())];
        let factors = factors.into_iter().chain((way == "login").then(|| ("totp", app.code())));
        for (name, value) in factors {
            let interrupted = enter_by(way, &acme, &person, &wallet).await;
            let problem = interrupted.problem(403, "mfa_required");
            assert_eq!(problem["methods"], json!(["totp", "recovery_code"]), "{way}");
            assert_eq!(problem["passkey_options"], Value::Null);
            let before = sessions().await;
            complete(&api, &mfa_token(&interrupted), (name, "000000")).await.problem(401, "invalid_factor");
            let completed = complete(&api, &mfa_token(&interrupted), (name, &value)).await;
            let opened = matches!(way, "login" | "wallet");
            assert_eq!(sessions().await, before + usize::from(opened), "{way}");
            check(way, &api, &completed).await;
            complete(&api, &mfa_token(&interrupted), (name, &value)).await.problem(401, "invalid_mfa_token");
        }
    }
    let status = person.get("/users/me/mfa").await.expecting(200);
    assert_eq!((&status["recovery_codes_left"], &status["passkeys"]), (&json!(6), &json!(0)));
    login(&api, &person.email, &json!({"password": "wrong"})).await.problem(401, "invalid_credentials");
}

/// The response is the one of the way in, and a session has MFA.
pub(super) async fn check(way: &str, api: &Api, completed: &Answer) {
    let body = completed.expecting(200);
    match way {
        "login" | "wallet" => {
            let signed_in = api.bearer(&text_of(&body, "token"));
            let sessions = signed_in.get("/users/me/sessions").await.expecting(200);
            let own = sessions.as_array().into_iter().flatten().find(|session| session["current"] == true);
            assert_eq!(own.map(|session| &session["mfa"]), Some(&json!(true)));
        }
        "application" => {
            redeem(api, &text_of(&body, "code")).await.is(200);
            assert!(completed.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")), "{completed:?}");
        }
        _ => assert!(body["valid_until"].is_string(), "{body}"),
    }
}

async fn of_twenty_sign_ins_with_one_time_step_one_succeeds(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_LIMIT_FACTOR", "100/900");
    let nodes: Vec<Node> = (0..3).map(|_| installation.start_another()).collect();
    let person = Person::register(&nodes[0].api()).await;
    let (app, _) = TotpApp::enroll(&person).await;
    let mut tokens = Vec::new();
    for _ in 0..20 {
        tokens.push(mfa_token(&login(&nodes[0].api(), &person.email, &json!({})).await));
    }
    let code = app.code();
    let requests = tokens.iter().zip(nodes.iter().cycle()).map(|(token, node)| {
        let body = json!({"mfa_token": token, "totp": code});
        node.api().request(Method::POST, &format!("{BASE}/auth/mfa/verify")).json(&body)
    });
    let answers = at_once(requests).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.problem(401, "invalid_factor");
    }
}

async fn five_wrong_factors_end_a_token_and_ten_reach_the_limit(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let api = service.api();
    let (_, codes) = TotpApp::enroll(&person).await;
    for _ in 0..2 {
        let token = mfa_token(&login(&api, &person.email, &json!({})).await);
        let wrong = json!({"mfa_token": token, "totp": "000000"});
        let requests = (0..10).map(|_| api.request(Method::POST, &format!("{BASE}/auth/mfa/verify")).json(&wrong));
        let answers = at_once(requests).await;
        let of = |code: &str| answers.iter().filter(|answer| answer.json()["code"] == code).count();
        // Attempts that the token rejects are given back to the limit.
        assert_eq!(of("invalid_factor"), 5, "{answers:?}");
    }
    let token = mfa_token(&login(&api, &person.email, &json!({})).await);
    let limited = complete(&api, &token, ("recovery_code", &codes[0])).await.problem(429, "rate_limited");
    assert_eq!(limited["limit"], "factor");
    // A live session is not affected.
    person.get("/users/me").await.is(200);
}

/// A person registers the address of another one, and leaves every way back in that there is.
async fn a_reset_of_an_unverified_address_removes_all_factors(backend: Backend) {
    let service = Service::start(backend).await;
    let (api, taker) = (service.api(), Person::register(&service.api()).await);
    let wallet = linked_wallet(&taker).await;
    let session = login(&api, &taker.email, &json!({"refresh": true})).await.expecting(200);
    let device = text_of(&session, "device_token");
    let (app, codes) = TotpApp::enroll(&taker).await;
    let mut key = Authenticator::of(&taker).await;
    let started = key.proof(&api).await;
    let interrupted = mfa_token(&login(&api, &taker.email, &json!({})).await);
    api.post("/auth/password/forgot", &json!({"email": taker.email})).await.is(202);
    let resets = |mail: &ReceivedMail| mail.subject.starts_with("Set a new password");
    let token = last_that(&service.installation, &taker.email, 1, resets).await.token();
    let new = "granite-otter-58-meadow";
    api.post("/auth/password/reset", &json!({"token": token, "new_password": new})).await.is(204);
    let refresh = json!({"refresh_token": session["refresh_token"]});
    api.post("/auth/refresh", &refresh).await.problem(401, "invalid_refresh_token");
    api.post("/auth/passkey/verify", &started).await.problem(401, "invalid_credentials");
    key.sign_in(&api).await.problem(401, "invalid_credentials");
    taker.get("/users/me").await.problem(401, "invalid_token");
    complete(&api, &interrupted, ("totp", &app.code())).await.problem(401, "invalid_mfa_token");
    complete(&api, &interrupted, ("recovery_code", &codes[0])).await.problem(401, "invalid_mfa_token");
    login(&api, &taker.email, &json!({})).await.problem(401, "invalid_credentials");
    // The wallet signs in to a new account.
    let other = wallet_login(&api, &wallet).await.expecting(200);
    assert_ne!(other["user"]["id"], json!(taker.id));
    // The owner of the mailbox needs no second factor.
    let owner = login(&api, &taker.email, &json!({"password": new, "device_token": device})).await.expecting(200);
    assert_ne!(text_of(&owner, "device_token"), device);
    let owner = api.bearer(&text_of(&owner, "token"));
    let status = owner.get("/users/me/mfa").await.expecting(200);
    assert_eq!(status, json!({"totp": null, "passkeys": 0, "recovery_codes_left": 0, "required_by": []}));
}

async fn an_app_is_added_and_removed(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let started = person.post("/users/me/mfa/totp", &json!({})).await.expecting(201);
    let app = TotpApp::with_secret(&text_of(&started, "secret"));
    assert!(text_of(&started, "otpauth_url").starts_with("otpauth://totp/Tessera:"), "{started}");
    let wrong = person.post("/users/me/mfa/totp/confirm", &json!({"totp": "abc"})).await.problem(400, "invalid_body");
    assert_eq!((&wrong["errors"][0]["pointer"], &wrong["errors"][0]["code"]), (&json!("/totp"), &json!("wrong_code")));
    let confirmed = person.post("/users/me/mfa/totp/confirm", &json!({"totp": app.code()})).await.expecting(200);
    assert_eq!(codes_of(&confirmed).len(), 10);
    person.post("/users/me/mfa/totp", &json!({})).await.problem(409, "totp_exists");
    let replaced = person.post("/users/me/mfa/recovery-codes", &json!({})).await.expecting(200);
    assert!(codes_of(&replaced).iter().all(|code| !codes_of(&confirmed).contains(code)));
    let status = person.get("/users/me/mfa").await.expecting(200);
    assert!(status["totp"]["created_at"].is_string(), "{status}");
    person.delete("/users/me/mfa/totp").await.is(204);
    person.delete("/users/me/mfa/totp").await.problem(404, "totp_not_found");
    person.post("/users/me/mfa/recovery-codes", &json!({})).await.problem(409, "no_factor");
    login(&service.api(), &person.email, &json!({})).await.is(200);
    let events = trail(&service.installation, None).await;
    let actions: Vec<&str> =
        events.iter().map(|event| &*event.name).filter(|name| name.starts_with("factor.")).collect();
    let expected = ["factor.rejected", "factor.added", "factor.codes_replaced", "factor.removed"];
    assert_eq!(actions, expected);
}

async fn the_options_of_the_sign_in_are_kept(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let (_, codes) = TotpApp::enroll(&person).await;
    let options = json!({"refresh": true, "device_name": "Work laptop"});
    let token = mfa_token(&login(&service.api(), &person.email, &options).await);
    // Other members of this request change nothing.
    let body = json!({"mfa_token": token, "recovery_code": codes[0].to_lowercase(), "refresh": false});
    let login = service.api().post("/auth/mfa/verify", &body).await.expecting(200);
    assert!(login["refresh_token"].is_string(), "{login}");
    let signed_in = service.api().bearer(&text_of(&login, "token"));
    let sessions = signed_in.get("/users/me/sessions").await.expecting(200);
    let names: Vec<&Value> = sessions.as_array().into_iter().flatten().map(|session| &session["name"]).collect();
    assert!(names.contains(&&json!("Work laptop")), "{sessions}");
    for body in [
        json!({"mfa_token": token}),
        json!({"mfa_token": token, "totp": "1", "recovery_code": "2"}),
        json!({"totp": "123456"}),
        json!({"mfa_token": 1, "totp": 2}),
    ] {
        let _problem = service.api().post("/auth/mfa/verify", &body).await.problem(400, "invalid_body");
    }
}

async fn only_an_owner_with_mfa_requires_it(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (admin, member) = (acme.add_member("admin").await, acme.add_member("member").await);
    let path = format!("/orgs/{}", acme.org);
    let (on, off) = (json!({"mfa_required": true}), json!({"mfa_required": false}));
    let required = async || acme.owner.get(&path).await.expecting(200)["mfa_required"].clone();
    acme.owner.put(&path, &on).await.problem(403, "organization_requires_mfa");
    admin.put(&path, &on).await.problem(403, "forbidden");
    assert_eq!(required().await, json!(false));
    TotpApp::enroll(&acme.owner).await;
    acme.owner.put(&path, &on).await.is(200);
    assert_eq!(required().await, json!(true));
    member.get(&path).await.problem(403, "organization_requires_mfa");
    assert_eq!(member.get("/users/me/mfa").await.expecting(200)["required_by"], json!([acme.org]));
    let members = acme.owner.get(&acme.members(None)).await.expecting(200);
    let enabled = |id: &str| {
        let found = members.as_array().into_iter().flatten().find(|one| one["user_id"] == id);
        found.map(|one| one["mfa_enabled"].clone())
    };
    assert_eq!((enabled(&acme.owner.id), enabled(&member.id)), (Some(json!(true)), Some(json!(false))));
    TotpApp::enroll(&member).await;
    let own = member.get(&acme.members(Some(&member.id))).await.expecting(200);
    assert_eq!(own["mfa_enabled"], Value::Null);
    acme.owner.put(&path, &off).await.is(200);
    admin.get(&path).await.is(200);
}
