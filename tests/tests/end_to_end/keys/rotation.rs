//! Rotation of keys with an overlap.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{Api, at_once, send, text_of},
    database::Backend,
    eventually,
    mail::{DELIVERY_DEADLINE, in_directory},
    on_both, rejected_in_time,
    test_org::{Key, TestOrg},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

on_both! {
    both_secrets_are_valid_in_the_overlap_and_one_after_it
    a_revocation_ends_both_secrets_on_every_node
    of_twenty_parallel_rotations_one_starts
    the_use_of_each_secret_is_shown
    keys_of_organizations_rotate_too
}

async fn code(api: &Api, raw: &str) -> Value {
    api.post("/apikeys/verify", &json!({"key": raw})).await.expecting(200)["code"].clone()
}

async fn rotate(by: &Api, key: &Key, overlap: u32) -> Value {
    by.post(&format!("/apikeys/{}/rotate", key.id), &json!({"overlap_seconds": overlap})).await.expecting(201)
}

async fn both_secrets_are_valid_in_the_overlap_and_one_after_it(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let key = acme.key().await;
    // Cached on both nodes.
    for api in [acme.api(), other.api()] {
        assert_eq!(code(&api, &key.raw).await, "valid");
    }
    let rotated = rotate(&acme.owner, &key, 3_600).await;
    let new = text_of(&rotated, "raw_key");
    let details = &rotated["api_key_details"];
    assert_eq!((&details["id"], &details["key_prefix"]), (&json!(key.id), &json!(new[..8])));
    assert_eq!(details["secrets"][1]["key_prefix"], key.raw[..8]);
    assert_eq!(details["secrets"][1]["expires_at"], rotated["previous_expires_at"]);
    for api in [acme.api(), other.api()] {
        for raw in [&key.raw, &new] {
            assert_eq!(code(&api, raw).await, "valid");
            send(api.key(raw).request(Method::GET, &format!("/api/v1{}", acme.inventory()))).await.is(200);
        }
    }
    let again = acme.owner.post(&format!("/apikeys/{}/rotate", key.id), &json!({})).await;
    again.problem(409, "rotation_in_progress");
    let finish = format!("/api/v1/apikeys/{}/rotate/finish", key.id);
    let finished = acme.owner.call(Method::POST, &finish, None).await.expecting(200);
    assert_eq!(acme.owner.call(Method::POST, &finish, None).await.expecting(200), finished);
    assert_eq!(code(&acme.api(), &key.raw).await, "expired");
    rejected_in_time(401, "invalid_token", async || other.api().key(&key.raw).get(&acme.inventory()).await).await;
    for api in [acme.api(), other.api()] {
        assert_eq!(code(&api, &new).await, "valid");
    }
    let next = text_of(&rotate(&acme.owner, &key, 0).await, "raw_key");
    for (raw, expected) in [(&key.raw, "not_found"), (&new, "expired"), (&next, "valid")] {
        assert_eq!(code(&acme.api(), raw).await, expected);
    }
    let about =
        |mail: &tessera_tests::mail::ReceivedMail| mail.to == acme.owner.email && mail.text.contains(&next[..8]);
    eventually("the mail about the new secret", DELIVERY_DEADLINE, || {
        let sent = in_directory(&acme.service.installation.mail_directory());
        std::future::ready(sent.iter().any(about).then_some(()))
    })
    .await;
}

async fn a_revocation_ends_both_secrets_on_every_node(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let key = acme.key().await;
    let new = text_of(&rotate(&acme.owner, &key, 3_600).await, "raw_key");
    for raw in [&key.raw, &new] {
        assert_eq!(code(&other.api(), raw).await, "valid");
    }
    acme.owner.delete(&format!("/apikeys/{}", key.id)).await.is(204);
    for raw in [&key.raw, &new] {
        assert_eq!(code(&acme.api(), raw).await, "revoked");
        rejected_in_time(401, "invalid_token", async || other.api().key(raw).get(&acme.inventory()).await).await;
    }
    let refused = acme.owner.post(&format!("/apikeys/{}/rotate", key.id), &json!({})).await;
    refused.problem(409, "api_key_revoked");
}

async fn of_twenty_parallel_rotations_one_starts(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let key = acme.key().await;
    let path = format!("/api/v1/apikeys/{}/rotate", key.id);
    let there = acme.owner.at_node(&other);
    let nodes: [&Api; 2] = [&acme.owner, &there];
    let requests = (0..20).map(|n| nodes[n % 2].request(Method::POST, &path).json(&json!({})));
    let answers = at_once(requests).await;
    let (started, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
    assert_eq!(started.len(), 1);
    for answer in others {
        answer.problem(409, "rotation_in_progress");
    }
    let rotated = started[0].json();
    let new = text_of(&rotated, "raw_key");
    let time = |text: &Value| OffsetDateTime::parse(text.as_str().unwrap_or_default(), &Rfc3339);
    let overlap = time(&rotated["previous_expires_at"])
        .and_then(|until| Ok(until - time(&rotated["api_key_details"]["secrets"][0]["created_at"])?));
    assert_eq!(overlap, Ok(time::Duration::DAY), "by default");
    for raw in [&key.raw, &new] {
        assert_eq!(code(&other.api(), raw).await, "valid");
    }
}

async fn the_use_of_each_secret_is_shown(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let new = text_of(&rotate(&acme.owner, &key, 3_600).await, "raw_key");
    for (raw, agent) in [(&new, "new-server/2"), (&key.raw, "old-server/1")] {
        let request = acme.api().key(raw).request(Method::GET, &format!("/api/v1{}", acme.inventory()));
        send(request.header("User-Agent", agent)).await.is(200);
    }
    let path = format!("/apikeys/{}", key.id);
    let secrets = eventually("the uses", std::time::Duration::from_secs(20), || async {
        let secrets = acme.owner.get(&path).await.expecting(200)["secrets"].clone();
        let used = secrets.as_array().into_iter().flatten().all(|secret| secret["last_used"].is_string());
        used.then_some(secrets)
    })
    .await;
    let agents: Vec<&Value> =
        secrets.as_array().into_iter().flatten().map(|secret| &secret["last_used_user_agent"]).collect();
    assert_eq!(agents, ["new-server/2", "old-server/1"]);
    assert_eq!(secrets[0]["last_used_ip"], "127.0.0.1");
}

async fn keys_of_organizations_rotate_too(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let key = member.organization_key(&json!({"name": "mine"})).await;
    // A rotation shows the new secret, so owners do not rotate the personal keys of others.
    let path = format!("/apikeys/{}/rotate", key.id);
    acme.owner.post(&path, &json!({})).await.problem(403, "forbidden");
    let new = text_of(&rotate(&member, &key, 0).await, "raw_key");
    assert!(new.starts_with("osk_"));
    assert_eq!((code(&acme.api(), &key.raw).await, code(&acme.api(), &new).await), (json!("expired"), json!("valid")));
    acme.api().key(&new).get(&format!("/orgs/{}", acme.org)).await.is(200);
    // The three values of the last use belong to one use, of whichever secret it was.
    let next = text_of(&rotate(&member, &key, 3_600).await, "raw_key");
    let old = acme.api().key(&new).request(Method::GET, &format!("/api/v1/orgs/{}", acme.org));
    send(old.header("User-Agent", "old/1")).await.is(200);
    let used = eventually("the use", std::time::Duration::from_secs(20), || async {
        let found = member.get_root(&format!("/v1/api-keys/{}", key.id)).await.data();
        (found["lastUsedUserAgent"] == "old/1").then_some(found)
    })
    .await;
    assert_eq!((&used["lastUsedIp"], &used["keyPrefix"]), (&json!("127.0.0.1"), &json!(next[..8])));
    assert!(used["lastUsedAt"].is_string());
}
