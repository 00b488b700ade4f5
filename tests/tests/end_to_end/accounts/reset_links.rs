//! Password reset links: validity and lifetime.

use serde_json::json;
use tessera_identity::{
    model::PasswordReset,
    ports::{IdentityStore as _, PasswordResets as _},
};
use tessera_kernel::{SecretDigest as _, StoreClock as _};
use tessera_system::Sha256Digest;
use tessera_tests::{
    api::{Answer, send},
    database::Backend,
    eventually,
    mail::{DELIVERY_DEADLINE, last_of},
    on_both,
    process::Installation,
    test_org::{PASSWORD, Person, Service, TestOrg},
};

use crate::{
    accounts::password_resets::{NEW, ends_concurrent_sign_ins, forgot, link_to, login, reset},
    storage,
    wallets::sign_in::{count, together},
};

on_both! {
    a_reset_token_is_invalid_after_a_new_one_a_change_or_its_use_s191
    one_of_20_concurrent_uses_of_a_reset_token_succeeds_s191
    a_reset_link_expires_after_30_minutes_s191
    a_session_started_during_a_reset_is_ended
    a_token_of_one_kind_is_rejected_as_another_kind_s61
    links_do_not_use_the_host_header_s125
    logs_contain_no_secrets_s196
    a_reset_request_survives_a_crash_of_the_node
    a_rejected_password_does_not_use_the_link
}

async fn a_reset_token_is_invalid_after_a_new_one_a_change_or_its_use_s191(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let api = service.api();
    let first = link_to(&service, &person.email, 1).await.token();
    let second = link_to(&service, &person.email, 2).await.token();
    assert!(first.len() == 43 && first != second, "{first} {second}");
    // A new link invalidates the old one.
    reset(&api, &first, NEW).await.problem(400, "invalid_reset_token");
    // A password change invalidates it too, but a failed change does not.
    let change = |current: &str| json!({"current_password": current, "new_password": NEW});
    person.put("/users/me/password", &change("wrong")).await.is(400);
    api.get_root(&format!("/password/reset?token={second}")).await.is(200);
    person.put("/users/me/password", &change(PASSWORD)).await.is(204);
    reset(&api, &second, PASSWORD).await.problem(400, "invalid_reset_token");
    login(&api, &person.email, NEW).await.is(200);
    // Its own use invalidates it for later requests.
    let third = link_to(&service, &person.email, 4).await.token();
    reset(&api, &third, PASSWORD).await.is(204);
    let said = reset(&api, &third, NEW).await.problem(400, "invalid_reset_token");
    for unknown in ["none", "", &"A".repeat(43), &"x".repeat(5000)] {
        let unknown = reset(&api, unknown, NEW).await.problem(400, "invalid_reset_token");
        assert_eq!((&unknown["title"], &unknown["detail"]), (&said["title"], &said["detail"]));
    }
    login(&api, &person.email, PASSWORD).await.is(200);
}

async fn one_of_20_concurrent_uses_of_a_reset_token_succeeds_s191(backend: Backend) {
    let service = Service::start(backend).await;
    let second = service.installation.start_another();
    let person = Person::register(&service.api()).await;
    let token = link_to(&service, &person.email, 1).await.token();
    let answers = together((0..20).map(|number| {
        let api = if number % 2 == 0 { service.api() } else { second.api() };
        let token = token.clone();
        async move { reset(&api, &token, &format!("{NEW}-{number}")).await }
    }))
    .await;
    let told: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!((count(&answers, 204), count(&answers, 400)), (1, 19), "{told:?}");
    let mut good = Vec::new();
    for number in 0..20 {
        good.extend(
            (login(&service.api(), &person.email, &format!("{NEW}-{number}")).await.status == 200).then_some(number),
        );
    }
    assert_eq!(good.len(), 1, "{good:?}");
    let trail = crate::audit::trail(&service.installation, None).await;
    assert_eq!(trail.iter().filter(|event| event.name == "password.reset").count(), 1);
}

async fn a_reset_link_expires_after_30_minutes_s191(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let token = link_to(&service, &person.email, 1).await.token();
    let store = storage::open(&service.installation).await;
    let kept = store.find_open(&Sha256Digest.digest(&token)).await;
    let kept = kept.unwrap_or_else(|error| panic!("{error}")).unwrap_or_else(|| panic!("only the hash is kept"));
    let now = store.now().await.unwrap_or_else(|error| panic!("{error}"));
    let left = kept.expires_at - now;
    assert!((29..=30).contains(&left.whole_minutes()), "{left}");
    // Simulates elapsed time by changing the stored expiry and nothing else.
    let passed = async |left: time::Duration| {
        let moved = PasswordReset { expires_at: store.now().await? + left, ..kept.clone() };
        let mut tx = store.begin().await?;
        tx.password_resets().issue(&moved).await?;
        tx.commit().await
    };
    let page = format!("/password/reset?token={token}");
    for (left, status) in [(time::Duration::seconds(20), 200), (time::Duration::ZERO, 400)] {
        passed(left).await.unwrap_or_else(|error| panic!("{error}"));
        service.api().get_root(&page).await.is(status);
    }
    reset(&service.api(), &token, NEW).await.problem(400, "invalid_reset_token");
    login(&service.api(), &person.email, PASSWORD).await.is(200);
    // A node deletes expired tokens at its start and then once a minute.
    let Service { installation, node } = service;
    node.kill();
    let _node = installation.start();
    eventually("it is forgotten", DELIVERY_DEADLINE, || {
        let (store, user) = (store.clone(), kept.user);
        async move {
            let mut tx = store.begin().await.ok()?;
            let there = tx.password_resets().withdraw(user).await.ok()?;
            (!there).then_some(())
        }
    })
    .await;
}

async fn a_session_started_during_a_reset_is_ended(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let token = link_to(&service, &person.email, 1).await.token();
    let api = service.api();
    ends_concurrent_sign_ins(&service, &person.email, reset(&api, &token, NEW)).await;
}

async fn a_token_of_one_kind_is_rejected_as_another_kind_s61(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = Person::register(&acme.api()).await;
    let invitation = json!({"email": person.email, "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
    let invitation = last_of(&acme.service.installation, &person.email, 1).await.token();
    let link = link_to(&acme.service, &person.email, 2).await.token();
    reset(&acme.api(), &invitation, NEW).await.problem(400, "invalid_reset_token");
    let accept = json!({"token": link});
    acme.api().post("/invitations/accept", &accept).await.problem(400, "invitation_invalid");
    reset(&acme.api(), &person.token, NEW).await.problem(400, "invalid_reset_token");
    acme.api().bearer(&link).get("/users/me").await.problem(401, "invalid_token");
    reset(&acme.api(), &link, NEW).await.is(204);
}

async fn links_do_not_use_the_host_header_s125(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_PUBLIC_URL", "https://id.example.com/accounts/");
    let service = Service::on(installation);
    let person = Person::register(&service.api()).await;
    let request = service.api().request(reqwest::Method::POST, "/api/v1/auth/password/forgot");
    let request = request.header("Host", "evil.example").header("X-Forwarded-Host", "evil.example");
    send(request.header("Forwarded", "host=evil.example").json(&json!({"email": person.email}))).await.is(202);
    let mail = last_of(&service.installation, &person.email, 1).await;
    assert!(mail.link().starts_with("https://id.example.com/accounts/password/reset?token="), "{}", mail.link());
    assert!(!mail.raw.contains("evil"), "{}", mail.raw);
}

async fn logs_contain_no_secrets_s196(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_LOG", "debug"));
    let (api, person) = (service.api(), Person::register(&service.api()).await);
    let token = link_to(&service, &person.email, 1).await.token();
    let answers = [
        api.get_root(&format!("/password/reset?token={token}")).await,
        api.get_root(&format!("/password/reset?token={token}x")).await,
        reset(&api, &token, "password-1").await,
        reset(&api, &token, NEW).await,
        reset(&api, &token, NEW).await,
    ];
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 400, 400, 204, 400]);
    let trail = format!("{:?}", crate::audit::trail(&service.installation, None).await);
    assert!(trail.contains("password.reset_mailed") && trail.contains("\"password.reset\""), "{trail}");
    let told = answers[1..].iter().map(Answer::text).chain([service.node.log(), trail]);
    for text in told {
        let secrets = [token.as_str(), NEW, "password-1", PASSWORD, "$argon2"];
        assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
    }
    assert!(service.node.log().contains("/password/reset"), "{}", service.node.log());
    assert!(!service.node.log().contains("token="), "{}", service.node.log());
}

async fn a_reset_request_survives_a_crash_of_the_node(backend: Backend) {
    let (service, person) = Service::with_person(backend).await;
    let Service { node, installation } = service;
    forgot(&node.api(), &person.email).await.is(202);
    node.kill();
    let node = installation.start();
    let mail = last_of(&installation, &person.email, 1).await;
    node.kill();
    let node = installation.start();
    reset(&node.api(), &mail.token(), NEW).await.is(204);
    drop(node);
    let node = installation.start();
    reset(&node.api(), &mail.token(), PASSWORD).await.problem(400, "invalid_reset_token");
    person.at_node(&node).get("/users/me").await.problem(401, "invalid_token");
    login(&node.api(), &person.email, NEW).await.is(200);
}

async fn a_rejected_password_does_not_use_the_link(backend: Backend) {
    let service = Service::on(Installation::new(backend).await.set("TESSERA_PASSWORD_MIN_LENGTH", "15"));
    let (api, person) = (service.api(), Person::register(&service.api()).await);
    let token = link_to(&service, &person.email, 1).await.token();
    for (password, code) in [
        ("short7!", "too_short"),
        ("x7#Qz!m2Vw_9rT", "too_short"),
        ("passwordpassword", "weak_password"),
        (person.email.as_str(), "weak_password"),
        (&"k7#Qz!m2".repeat(17), "too_long"),
    ] {
        let answer = reset(&api, &token, password).await;
        assert_eq!(answer.faults(), ["/new_password"]);
        assert_eq!(answer.json()["errors"][0]["code"], code, "{}", answer.text());
    }
    person.get("/users/me").await.is(200);
    reset(&api, &token, NEW).await.is(204);
}
