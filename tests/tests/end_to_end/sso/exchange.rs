//! Token exchange: the claims of service tokens, and rejected requests.

use serde_json::{Value, json};
use tessera_kernel::{AuditTrail as _, Outcome, PageRequest};
use tessera_tests::{
    api::{Answer, Api, text_of},
    database::Backend,
    jose, on_both,
    process::Installation,
    rejected_in_time,
    test_org::{Person, TestOrg, UNKNOWN_ID},
};

use crate::{
    accounts::forge::{Forge, encode, open, rs256},
    storage,
};

const GAMES: &str = "https://games.example.com";

/// A test organization whose users may get service tokens for an audience.
async fn start_org(backend: Backend) -> TestOrg {
    TestOrg::open_on(settings(backend).await).await
}

async fn settings(backend: Backend) -> Installation {
    Installation::new(backend).await.set("TESSERA_AUDIENCES", GAMES)
}

pub(crate) async fn keys(api: &Api) -> Value {
    api.anonymous().get_root("/.well-known/jwks.json").await.expecting(200)
}

pub(crate) async fn ask(api: &Api, org: &str, audience: &str) -> Answer {
    api.post("/auth/token/exchange", &json!({"organization_id": org, "audience": audience})).await
}

/// Returns the service token of a successful exchange.
pub(crate) async fn exchanged(api: &Api, org: &str, audience: &str) -> String {
    text_of(&ask(api, org, audience).await.expecting(200), "service_token")
}

/// Header and claims of a token, verified like the audience does it.
async fn verified(api: &Api, token: &str) -> (Value, Value) {
    jose::verify(&keys(api).await, token).unwrap_or_else(|error| panic!("{error}: {token}"))
}

on_both! {
    a_service_token_is_verified_with_only_the_published_keys
    a_service_token_has_the_documented_claims
    a_changed_service_token_is_not_verified
    a_service_token_has_the_requested_audience_s59
    invalid_exchange_parameters_are_rejected_s76
    an_exchange_is_rejected_after_removal_deletion_or_logout_s77
    a_service_token_expires_no_later_than_the_access_token_s78
    an_exchange_cannot_add_roles_or_scopes_s79
    a_service_token_cannot_be_exchanged_s80
    failed_exchanges_have_one_shape_and_are_audited_s81
    forged_access_tokens_are_not_exchanged_s56
}

async fn a_service_token_is_verified_with_only_the_published_keys(backend: Backend) {
    let acme = start_org(backend).await;
    let other = acme.service.installation.start_another();
    let token = exchanged(&acme.owner, &acme.org, GAMES).await;
    let there = exchanged(&acme.owner.at_node(&other), &acme.org, &acme.app).await;
    for api in [acme.api(), other.api()] {
        for token in [&token, &there] {
            let (header, _) = verified(&api, token).await;
            assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("service+jwt")));
            assert_eq!(header.as_object().map(serde_json::Map::len), Some(3), "{header}");
        }
    }
}

async fn a_service_token_has_the_documented_claims(backend: Backend) {
    let acme = start_org(backend).await;
    let member = acme.add_member("member").await;
    let (_, claims) = verified(&acme.api(), &exchanged(&member, &acme.org, GAMES).await).await;
    let mut names: Vec<&String> = claims.as_object().into_iter().flatten().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["aud", "exp", "iat", "iss", "jti", "organization_id", "roles", "sub"]);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("http://localhost:8080"), &json!(member.id)));
    assert_eq!((&claims["aud"], &claims["roles"]), (&json!(GAMES), &json!(["member"])));
    assert_eq!(claims["organization_id"], acme.org.as_str());
    assert_eq!(claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(exp, iat)| exp - iat), Some(300));
}

async fn a_changed_service_token_is_not_verified(backend: Backend) {
    let acme = start_org(backend).await;
    let token = exchanged(&acme.owner, &acme.org, GAMES).await;
    let keys = keys(&acme.api()).await;
    let parts: Vec<&str> = token.split('.').collect();
    let (header, mut claims) = open(&token);
    claims["roles"] = json!(["owner", "admin"]);
    let changed = format!("{}.{}.{}", parts[0], encode(claims.to_string()), parts[2]);
    assert!(jose::verify(&keys, &changed).is_err());
    let mut unsigned = header.clone();
    unsigned["alg"] = json!("none");
    assert!(jose::verify(&keys, &format!("{}.{}.", encode(unsigned.to_string()), parts[1])).is_err());
    assert!(jose::verify(&json!({"keys": []}), &token).is_err());
}

async fn a_service_token_has_the_requested_audience_s59(backend: Backend) {
    let acme = start_org(backend).await;
    let other = acme.owner.make_app(&acme.org).await;
    for audience in [GAMES, &acme.app, &other] {
        let (_, claims) = verified(&acme.api(), &exchanged(&acme.owner, &acme.org, audience).await).await;
        assert_eq!(claims["aud"], json!(audience));
    }
}

async fn invalid_exchange_parameters_are_rejected_s76(backend: Backend) {
    let acme = start_org(backend).await;
    let stranger = Person::register(&acme.api()).await;
    let foreign = stranger.make_app(&stranger.create_org().await).await;
    let slash = format!("{GAMES}/");
    let unknown = ["https://nobody.example.com", &slash, "http://localhost:8080", UNKNOWN_ID, &foreign, "*"];
    for audience in unknown {
        ask(&acme.owner, &acme.org, audience).await.problem(400, "invalid_target");
    }
    let faulty = acme.owner.post("/auth/token/exchange", &json!({"organization_id": 1, "audience": [GAMES]})).await;
    assert_eq!(faulty.faults(), ["/audience", "/organization_id"]);
}

async fn an_exchange_is_rejected_after_removal_deletion_or_logout_s77(backend: Backend) {
    let acme = start_org(backend).await;
    let other = acme.service.installation.start_another();
    let member = acme.add_member("member").await;
    let there = member.at_node(&other);
    exchanged(&there, &acme.org, GAMES).await;
    acme.owner.delete(&acme.members(Some(&member.id))).await.is(204);
    rejected_in_time(403, "exchange_denied", async || ask(&there, &acme.org, GAMES).await).await;
    acme.owner.delete(&format!("/apps/{}", acme.app)).await.is(204);
    ask(&acme.owner.at_node(&other), &acme.org, &acme.app).await.problem(400, "invalid_target");
    let ended = acme.owner.again().await;
    ended.post("/auth/logout", &json!({})).await.is(204);
    rejected_in_time(401, "invalid_token", async || ask(&ended.at_node(&other), &acme.org, GAMES).await).await;
    exchanged(&acme.owner.at_node(&other), &acme.org, GAMES).await;
}

async fn a_service_token_expires_no_later_than_the_access_token_s78(backend: Backend) {
    let acme = TestOrg::open_on(settings(backend).await.set("TESSERA_SESSION_TTL", "120")).await;
    let answer = ask(&acme.owner, &acme.org, GAMES).await.expecting(200);
    let (_, claims) = verified(&acme.api(), &text_of(&answer, "service_token")).await;
    let (_, subject) = open(&acme.owner.token);
    assert_eq!(claims["exp"], subject["exp"]);
    assert!(answer["expires_in"].as_i64().is_some_and(|life| (1..=120).contains(&life)), "{answer}");
}

async fn an_exchange_cannot_add_roles_or_scopes_s79(backend: Backend) {
    let acme = start_org(backend).await;
    let member = acme.add_member("member").await;
    let body = json!({
        "organization_id": acme.org, "audience": GAMES, "roles": ["owner"], "scope": "everything", "sub": UNKNOWN_ID
    });
    let answer = member.post("/auth/token/exchange", &body).await.expecting(200);
    let (_, claims) = verified(&acme.api(), &text_of(&answer, "service_token")).await;
    assert_eq!((&claims["roles"], &claims["sub"]), (&json!(["member"]), &json!(member.id)));
    assert_eq!((&claims["scope"], &answer["scope"]), (&Value::Null, &Value::Null));
}

async fn a_service_token_cannot_be_exchanged_s80(backend: Backend) {
    let acme = start_org(backend).await;
    for audience in [GAMES, &acme.app] {
        let token = exchanged(&acme.owner, &acme.org, audience).await;
        let bearer = acme.api().bearer(&token);
        ask(&bearer, &acme.org, GAMES).await.problem(401, "invalid_token");
        bearer.get("/users/me").await.problem(401, "invalid_token");
        acme.api().key(&token).get(&acme.inventory()).await.problem(401, "invalid_token");
    }
}

async fn failed_exchanges_have_one_shape_and_are_audited_s81(backend: Backend) {
    let acme = start_org(backend).await;
    let stranger = Person::register(&acme.api()).await;
    let hidden = ask(&stranger, &acme.org, GAMES).await.problem(403, "exchange_denied");
    let absent = ask(&stranger, UNKNOWN_ID, &acme.app).await.problem(403, "exchange_denied");
    assert_eq!((&hidden["detail"], &hidden["title"]), (&absent["detail"], &absent["title"]));
    let token = exchanged(&acme.owner, &acme.org, GAMES).await;
    ask(&acme.owner, &acme.org, "urn:nobody").await.problem(400, "invalid_target");
    let store = storage::open(&acme.service.installation).await;
    let organization = acme.org.parse().unwrap_or_else(|error| panic!("{error}"));
    let trail = async |of| {
        let page = store.list_events(of, PageRequest::default()).await;
        let events = page.unwrap_or_else(|error| panic!("no trail: {error}")).items;
        events.into_iter().filter(|event| event.name.starts_with("token.")).collect::<Vec<_>>()
    };
    let (inside, outside) = (trail(Some(organization)).await, trail(None).await);
    assert_eq!(
        inside.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(),
        ["token.exchanged", "token.refused"]
    );
    let (_, claims) = open(&token);
    assert_eq!(inside[0].subject.map(|id| json!(id.to_string())), Some(claims["jti"].clone()));
    // Denied attempts of one caller within a minute are one entry.
    assert_eq!(outside.iter().map(|event| event.attempts).sum::<u64>(), 2);
    assert!(outside.iter().all(|event| event.outcome == Outcome::Refused));
}

/// The forgeries of S55 to S67 are also rejected here, where an error would be passed on to other services.
async fn forged_access_tokens_are_not_exchanged_s56(backend: Backend) {
    let acme = start_org(backend).await;
    let (header, claims) = open(&acme.owner.token);
    let own = Forge::own(&acme.service.installation).await;
    let key = keys(&acme.api()).await["keys"][0].clone();
    let with = |name: &str, value: Value| {
        let mut changed = claims.clone();
        changed[name] = value;
        own.sign_like(&acme.owner.token, changed.to_string())
    };
    let under = |changed: Value| own.sign(&changed, &claims);
    let unsigned = json!({"alg": "none", "typ": header["typ"]});
    let mut forged = vec![
        Forge::foreign().sign_like(&acme.owner.token, claims.to_string()),
        Forge::with(text_of(&key, "n").as_bytes()).sign(&header, &claims),
        rs256(&claims),
        format!("{}.{}.", encode(unsigned.to_string()), encode(claims.to_string())),
        format!("{}=", acme.owner.token),
        format!("{}.x", acme.owner.token),
    ];
    forged.extend(["RS256", "HS512", "none", ""].map(|alg| under(json!({"alg": alg, "typ": header["typ"]}))));
    forged.extend(
        [json!(key["kid"]), json!("../../dev/null"), json!([1])]
            .map(|kid| under(json!({"typ": header["typ"], "alg": "HS256", "kid": kid}))),
    );
    forged.push(under(json!({"typ": "service+jwt", "alg": "HS256"})));
    forged.push(under(json!({"typ": header["typ"], "alg": "HS256", "jwk": key, "jku": "http://127.0.0.1:1/"})));
    forged.push(under(json!({"typ": header["typ"], "alg": "HS256", "crit": ["b64"], "b64": false})));
    for (name, value) in [
        ("aud", json!([claims["aud"]])),
        ("iss", json!("http://localhost")),
        ("exp", json!(1)),
        ("exp", json!("4102444800")),
        ("iat", json!(4_102_444_800_i64)),
        ("sub", json!(UNKNOWN_ID)),
        ("sid", json!(UNKNOWN_ID)),
        ("jti", Value::Null),
        ("roles", json!(["owner"])),
    ] {
        forged.push(with(name, value));
    }
    for token in forged {
        ask(&acme.api().bearer(&token), &acme.org, GAMES).await.problem(401, "invalid_token");
    }
    exchanged(&acme.owner, &acme.org, GAMES).await;
}
