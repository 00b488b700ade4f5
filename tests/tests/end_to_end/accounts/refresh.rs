//! Refresh tokens over HTTP, through several nodes.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    REVOCATION_BOUND,
    api::{Answer, Api, BASE, at_once, text_of},
    database::Backend,
    eventually,
    mail::{DELIVERY_DEADLINE, ReceivedMail, in_directory},
    on_both, on_sqlite,
    process::{Installation, Node},
    raw::{connect, json_request, read_to_end, status_of},
    test_org::{PASSWORD, Person, Service},
    wallet::EvmWallet,
};
use tokio::{io::AsyncWriteExt as _, task::JoinSet};

use crate::audit::trail;

on_both! {
    a_hundred_refreshes_through_three_nodes_get_one_token_s40
    reuse_ends_the_session_on_every_node_within_a_second_and_sends_one_mail_s40
    a_retry_after_kill_9_gets_the_same_successor_s41
    a_refresh_extends_the_session_up_to_its_maximum_s43
    an_ended_session_is_not_refreshed_s45
    a_used_token_stays_used_after_a_restart_s42
    a_user_can_end_all_other_sessions_s46
    reauthentication_counts_on_every_node_s53
}

on_sqlite! {
    a_sign_in_with_refresh_has_the_members_of_the_contract
    a_session_is_listed_with_its_device_and_methods
    only_the_body_of_a_refresh_has_a_refresh_token_s51
    a_wallet_session_can_be_refreshed
}

/// Signs a user in with a refresh token.
async fn login(api: &Api, email: &str) -> Value {
    let body = json!({"email": email, "password": PASSWORD, "refresh": true, "device_name": "Work laptop"});
    api.anonymous().post("/auth/login", &body).await.expecting(200)
}

async fn refresh(api: &Api, token: &str) -> Answer {
    api.anonymous().post("/auth/refresh", &json!({"refresh_token": token})).await
}

async fn refreshed(api: &Api, token: &str) -> String {
    text_of(&refresh(api, token).await.expecting(200), "refresh_token")
}

/// Sends the tokens at the same time, in turn to all nodes, and returns the refresh tokens of the responses. Their access
/// tokens must all be valid.
async fn refreshed_at_once(nodes: &[Node], tokens: &[&String]) -> BTreeSet<String> {
    let requests = tokens.iter().zip(nodes.iter().cycle()).map(|(token, node)| {
        let request = node.api().request(Method::POST, &format!("{BASE}/auth/refresh"));
        request.json(&json!({"refresh_token": token}))
    });
    let answers = at_once(requests.collect::<Vec<_>>()).await;
    let (mut access, mut refresh) = (BTreeSet::new(), BTreeSet::new());
    for answer in answers {
        let body = answer.expecting(200);
        access.insert(text_of(&body, "token"));
        refresh.insert(text_of(&body, "refresh_token"));
    }
    assert_eq!(access.len(), tokens.len(), "each response has an access token of its own");
    let uses = access.iter().zip(nodes.iter().cycle());
    let uses = uses.map(|(token, node)| node.api().bearer(token).request(Method::GET, &format!("{BASE}/users/me")));
    for answer in at_once(uses.collect::<Vec<_>>()).await {
        answer.is(200);
    }
    refresh
}

async fn a_hundred_refreshes_through_three_nodes_get_one_token_s40(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_REFRESH_GRACE", "60");
    let nodes = [installation.start(), installation.start_another(), installation.start_another()];
    let person = Person::register(&nodes[0].api()).await;
    let mut tokens = vec![text_of(&login(&nodes[0].api(), &person.email).await, "refresh_token")];
    for _ in 0..3 {
        let newest = tokens.last().cloned().unwrap_or_default();
        let successors = refreshed_at_once(&nodes, &[&newest; 100]).await;
        assert_eq!(successors.len(), 1, "one token has one successor");
        tokens.extend(successors);
    }
    // Three used generations, all in their grace period, and still only the newest one is returned.
    let used: Vec<&String> = tokens[..3].iter().cycle().take(99).collect();
    let newest: BTreeSet<String> = tokens[3..].iter().cloned().collect();
    assert_eq!(refreshed_at_once(&nodes, &used).await, newest);
}

async fn reuse_ends_the_session_on_every_node_within_a_second_and_sends_one_mail_s40(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_REFRESH_GRACE", "0");
    let nodes = [installation.start(), installation.start_another(), installation.start_another()];
    let person = Person::register(&nodes[0].api()).await;
    let login = login(&nodes[0].api(), &person.email).await;
    let first = text_of(&login, "refresh_token");
    let second = refresh(&nodes[1].api(), &first).await.expecting(200);
    let access = text_of(&second, "token");
    for node in &nodes {
        node.api().bearer(&access).get("/users/me").await.is(200);
    }
    let requests = nodes.iter().cycle().take(6).map(|node| {
        let request = node.api().request(Method::POST, &format!("{BASE}/auth/refresh"));
        request.json(&json!({"refresh_token": first}))
    });
    for answer in at_once(requests.collect::<Vec<_>>()).await {
        answer.problem(401, "invalid_refresh_token");
    }
    let mut ending = JoinSet::new();
    for node in &nodes {
        let api = node.api().bearer(&access);
        ending.spawn(eventually("the session ends", REVOCATION_BOUND, move || {
            let api = api.clone();
            async move { (api.get("/users/me").await.status == 401).then_some(()) }
        }));
    }
    ending.join_all().await;
    for node in &nodes {
        refresh(&node.api(), &text_of(&second, "refresh_token")).await.problem(401, "invalid_refresh_token");
    }
    let is_about_reuse = |mail: &ReceivedMail| mail.to == person.email && mail.text.contains("refresh token");
    let mails = eventually("the mail", DELIVERY_DEADLINE, || async {
        let mails = in_directory(&installation.mail_directory()).into_iter().filter(is_about_reuse).count();
        (mails > 0).then_some(mails)
    })
    .await;
    assert_eq!(mails, 1);
    let reused = trail(&installation, None).await.into_iter().filter(|event| event.name == "session.refresh_reused");
    assert_eq!(reused.count(), 1);
}

async fn a_retry_after_kill_9_gets_the_same_successor_s41(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_REFRESH_GRACE", "60");
    let mut survivor = installation.start();
    let person = Person::register(&survivor.api()).await;
    let mut token = text_of(&login(&survivor.api(), &person.email).await, "refresh_token");
    // From a kill before the request is read to one after the response is sent.
    for round_trips in [0, 1, 2, 3, 4, 8, 16] {
        let victim = installation.start_another();
        let mut stream = connect(victim.authority()).await;
        let body = json!({"refresh_token": token}).to_string();
        let request = json_request("POST", &format!("{BASE}/auth/refresh"), body.as_bytes());
        stream.write_all(&request).await.unwrap_or_else(|error| panic!("{error}"));
        for _ in 0..round_trips {
            victim.api().get_root("/health/live").await.is(200);
        }
        victim.kill();
        let answer = read_to_end(&mut stream).await;
        if backend == Backend::Sqlite {
            survivor = installation.start();
        }
        let successor = refreshed(&survivor.api(), &token).await;
        assert_ne!(successor, token);
        assert_eq!(refreshed(&survivor.api(), &token).await, successor, "a retry gets the same");
        if !answer.is_empty() {
            assert_eq!(status_of(&answer), 200, "{answer}");
            assert!(answer.contains(&successor), "the response that arrived had another token");
        }
        token = successor;
    }
}

async fn a_refresh_extends_the_session_up_to_its_maximum_s43(backend: Backend) {
    // A refresh counts from before its commit, and the disk of a slow machine takes seconds for one.
    let installation =
        Installation::new(backend).await.set("TESSERA_REFRESH_IDLE", "8").set("TESSERA_REFRESH_MAX", "12");
    let service = Service::on(installation);
    let other = service.installation.start_another();
    let person = Person::register(&service.api()).await;
    let login = login(&service.api(), &person.email).await;
    let (mut token, begun) = (text_of(&login, "refresh_token"), Instant::now());
    let mut last = text_of(&login, "refresh_expires_at");
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    while begun.elapsed() < Duration::from_secs(9) {
        ticks.tick().await;
        let next = refresh(&service.api(), &token).await.expecting(200);
        assert!(text_of(&next, "refresh_expires_at") >= last);
        (token, last) = (text_of(&next, "refresh_token"), text_of(&next, "refresh_expires_at"));
        assert_eq!(next["expires_at"].as_str(), Some(last.as_str()), "an access token ends with its session");
        // The other node has the session in its cache, with an earlier expiry.
        other.api().bearer(&text_of(&next, "token")).get("/users/me").await.is(200);
    }
    let ended = eventually("the session ends", Duration::from_secs(20), || async {
        let answer = service.api().bearer(&text_of(&login, "token")).get("/users/me").await;
        (answer.status == 401).then_some(begun.elapsed())
    })
    .await;
    assert!(ended >= Duration::from_secs(9), "the refreshes have extended the session, but it ended after {ended:?}");
    refresh(&service.api(), &token).await.problem(401, "invalid_refresh_token");
}

async fn an_ended_session_is_not_refreshed_s45(backend: Backend) {
    let Service { installation, node } = Service::start(backend).await;
    let other = installation.start_another();
    let person = Person::register(&node.api()).await;
    for end in ["/auth/logout", "/users/me/sessions"] {
        let login = login(&node.api(), &person.email).await;
        let user = node.api().bearer(&text_of(&login, "token"));
        let ended = if end == "/auth/logout" { user.post(end, &json!({})).await } else { user.delete(end).await };
        ended.is(204);
        refresh(&other.api(), &text_of(&login, "refresh_token")).await.problem(401, "invalid_refresh_token");
    }
}

async fn a_used_token_stays_used_after_a_restart_s42(backend: Backend) {
    let Service { installation, node } =
        Service::on(Installation::new(backend).await.set("TESSERA_REFRESH_GRACE", "1"));
    let person = Person::register(&node.api()).await;
    let first = text_of(&login(&node.api(), &person.email).await, "refresh_token");
    let second = refreshed(&node.api(), &first).await;
    node.kill();
    let node = installation.start();
    let third = refreshed(&node.api(), &second).await;
    eventually("the grace period is over", Duration::from_secs(5), || async {
        (refresh(&node.api(), &first).await.status == 401).then_some(())
    })
    .await;
    refresh(&node.api(), &third).await.problem(401, "invalid_refresh_token");
}

async fn a_user_can_end_all_other_sessions_s46(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let (second, third) = (person.again().await, person.again().await);
    second.delete("/users/me/sessions?keep=others").await.problem(400, "invalid_query");
    third.get("/users/me").await.is(200);
    second.delete("/users/me/sessions?keep=current").await.is(204);
    for ended in [&person, &third] {
        ended.get("/users/me").await.problem(401, "invalid_token");
    }
    assert_eq!(second.get("/users/me/sessions").await.expecting(200).as_array().map(Vec::len), Some(1));
    drop(service);
}

async fn reauthentication_counts_on_every_node_s53(backend: Backend) {
    let Service { installation, node } = Service::start(backend).await;
    let other = installation.start_another();
    let person = Person::register(&node.api()).await;
    let wallet = EvmWallet::new().named("ethereum");
    let at = |node: &Node| person.at_node(node);
    // Tests cannot write into the file of SQLite.
    if matches!(backend, Backend::Postgres) {
        let earlier = "UPDATE sessions SET authenticated_at = authenticated_at - interval '10 minutes'";
        installation.database().execute(earlier).await;
        for node in [&node, &other] {
            at(node).post("/users/me/wallets/challenge", &wallet).await.problem(403, "reauthentication_required");
        }
    }
    let wrong = json!({"password": "not-the-password-7"});
    person.post("/auth/reauthenticate", &wrong).await.problem(401, "invalid_credentials");
    let done = person.post("/auth/reauthenticate", &json!({"password": PASSWORD})).await.expecting(200);
    assert!(text_of(&done, "valid_until") > text_of(&done, "authenticated_at"));
    for node in [&other, &node] {
        at(node).post("/users/me/wallets/challenge", &wallet).await.is(200);
    }
}

async fn a_sign_in_with_refresh_has_the_members_of_the_contract(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let login = login(&service.api(), &person.email).await;
    let token = text_of(&login, "refresh_token");
    assert!(token.starts_with("rt_") && token.len() == 52, "{token}");
    assert!(text_of(&login, "refresh_expires_at") > text_of(&login, "expires_at"));
    let refreshed = refresh(&service.api(), &token).await.expecting(200);
    let members: Vec<&str> = refreshed.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    assert_eq!(members, ["token", "token_type", "expires_at", "refresh_token", "refresh_expires_at"]);
    let flipped = if token.ends_with('0') { "1" } else { "0" };
    for wrong in ["", "rt_", &token[3..], &format!("{}{flipped}", &token[..51]), &token.to_uppercase()] {
        refresh(&service.api(), wrong).await.problem(401, "invalid_refresh_token");
    }
    refresh(&service.api(), &token).await.is(200);
}

async fn a_session_is_listed_with_its_device_and_methods(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let login = login(&service.api(), &person.email).await;
    let user = service.api().bearer(&text_of(&login, "token"));
    let sessions = user.get("/users/me/sessions").await.expecting(200);
    let current = sessions.as_array().into_iter().flatten().find(|session| session["current"] == true);
    let current = current.cloned().unwrap_or_default();
    assert_eq!(current["id"], login["session_id"]);
    assert_eq!((&current["name"], &current["address"]), (&json!("Work laptop"), &json!("127.0.0.1")));
    assert_eq!((&current["methods"], &current["mfa"]), (&json!(["password"]), &json!(false)));
    assert_eq!(current["authenticated_at"], current["created_at"]);
    assert_eq!(current["expires_at"], login["refresh_expires_at"]);
    let plain = sessions.as_array().into_iter().flatten().find(|session| session["current"] == false);
    let plain = plain.cloned().unwrap_or_default();
    assert_eq!(plain["name"], plain["device"], "without a name, it is the device");
}

async fn only_the_body_of_a_refresh_has_a_refresh_token_s51(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let token = text_of(&login(&service.api(), &person.email).await, "refresh_token");
    service.api().bearer(&token).get("/users/me").await.problem(401, "invalid_token");
    service.api().key(&token).get("/users/me").await.is(401);
    let query = format!("/auth/refresh?refresh_token={token}");
    service.api().post(&query, &json!({})).await.problem(400, "invalid_body");
    service.api().with_cookie(&format!("refresh_token={token}")).post("/auth/refresh", &json!({})).await.is(400);
    refresh(&service.api(), &token).await.is(200);
}

async fn a_wallet_session_can_be_refreshed(backend: Backend) {
    let service = Service::start(backend).await;
    let wallet = EvmWallet::new();
    let challenge = service.api().post("/auth/web3/challenge", &wallet.named("ethereum")).await.expecting(200);
    let mut proof = wallet.proof("ethereum", &challenge);
    proof["refresh"] = json!(true);
    let login = service.api().post("/auth/web3/verify", &proof).await.expecting(200);
    refresh(&service.api(), &text_of(&login, "refresh_token")).await.is(200);
    let user = service.api().bearer(&text_of(&login, "token"));
    assert_eq!(user.get("/users/me/sessions").await.expecting(200)[0]["methods"], json!(["wallet"]));
}
