//! `If-None-Match`: the first write succeeds once, and unchanged documents are not sent again.

use reqwest::Method;
use serde_json::json;
use tessera_tests::{
    api::{Api, text_of},
    database::Backend,
    on_both, on_sqlite,
    process::Installation,
    test_org::{Person, TestOrg},
    wallet::EvmWallet,
};

use crate::documents::places::{Place, each_written, places, places_of, tag};

const FIRST: (&str, &str) = ("If-None-Match", "*");

on_both! {
    the_first_write_is_made_once
    of_two_first_writes_one_is_made
}

on_sqlite! {
    what_is_read_in_version_0_was_not_written
    if_none_match_keeps_a_write_from_a_version
    of_two_conditions_both_hold
    what_was_seen_is_not_sent_again
    a_condition_tells_a_stranger_nothing
}

/// The documents of a new user and of their organization, before any write.
async fn untouched(acme: &TestOrg) -> (Person, [Place; 3]) {
    let person = Person::register(&acme.api()).await;
    let places = places_of(&person.create_org().await, &person.id);
    (person, places)
}

async fn the_first_write_is_made_once(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for method in [Method::PUT, Method::PATCH] {
        let (person, places) = untouched(&acme).await;
        for place in places.iter().filter(|place| place.methods().contains(&method)) {
            let first = place.write_if(&person, method.clone(), r#"{"n":1}"#, &[FIRST]).await;
            place.holds(&first, r#"{"n":1}"#);
            assert_eq!(tag(&first), "\"1\"");
            for again in place.methods() {
                let second = place.write_if(&person, again.clone(), r#"{"n":2}"#, &[FIRST]).await;
                second.problem(412, "precondition_failed");
            }
            place.holds(&person.get(&place.path).await, r#"{"n":1}"#);
        }
    }
}

async fn what_is_read_in_version_0_was_not_written(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (person, [settings, system, custom]) = untouched(&acme).await;
    for place in [&settings, &custom] {
        person.get(&place.path).await.is(200);
        let both = [FIRST, ("If-Match", "\"0\"")];
        place.write_if(&person, Method::PUT, "{}", &both).await.is(200);
        place.write_if(&person, Method::PUT, "{}", &both).await.is(412);
    }
    // System data do not exist before the first write, and `If-Match` is evaluated first.
    system.write_if(&person, Method::PUT, "{}", &[FIRST, ("If-Match", "*")]).await.is(412);
    system.write_if(&person, Method::PUT, "{}", &[FIRST]).await.is(200);
}

async fn if_none_match_keeps_a_write_from_a_version(backend: Backend) {
    each_written(backend, async |acme, place, method, current| {
        let weak = format!("W/{current}");
        let listed = format!("\"99\" , {current}");
        // A condition that can't be parsed prevents the write for every version.
        for named in ["*, *", "", "1", "\"", "\"99\" \"98\"", "\"99\", x", current, &weak, &listed] {
            let condition = [("If-None-Match", named)];
            let answer = place.write_if(&acme.owner, method.clone(), r#"{"n":2}"#, &condition).await;
            answer.problem(412, "precondition_failed");
        }
        place.holds(&acme.owner.get(&place.path).await, r#"{"n":1}"#);
        for other in ["\"99\"", "\"0\"", "\"a,b\", W/\"98\"", "\"*\""] {
            let condition = [("If-None-Match", other)];
            place.write_if(&acme.owner, method.clone(), r#"{"n":1}"#, &condition).await.is(200);
        }
    })
    .await;
}

/// RFC 9110 section 13.2.2. Both conditions fail with 412, so the order of evaluation is not visible.
async fn of_two_conditions_both_hold(backend: Backend) {
    each_written(backend, async |acme, place, method, current| {
        for (if_match, if_none_match, status) in
            [(current, "*", 412), ("\"99\"", "\"98\"", 412), ("*", current, 412), (current, "\"98\"", 200)]
        {
            let both = [("If-Match", if_match), ("If-None-Match", if_none_match)];
            place.write_if(&acme.owner, method.clone(), r#"{"n":1}"#, &both).await.is(status);
        }
    })
    .await;
}

async fn what_was_seen_is_not_sent_again(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme) {
        place.put(&acme.owner, r#"{"n":1}"#).await.is(200);
        for seen in ["\"1\"", "W/\"1\"", "\"7\", \"1\"", "*"] {
            for method in [Method::GET, Method::HEAD] {
                let answer = place.get_if(&acme.owner, method, seen).await;
                assert_eq!((answer.status, answer.body.len(), tag(&answer)), (304, 0, "\"1\"".to_owned()), "{seen}");
                assert!(answer.header("x-request-id").is_some());
            }
        }
        for other in ["\"0\"", "\"7\"", "1", "", "\""] {
            place.holds(&place.get_if(&acme.owner, Method::GET, other).await, r#"{"n":1}"#);
        }
        place.put(&acme.owner, r#"{"n":2}"#).await.is(200);
        place.holds(&place.get_if(&acme.owner, Method::GET, "\"1\"").await, r#"{"n":2}"#);
    }
}

async fn a_condition_tells_a_stranger_nothing(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (stranger, [settings, system, _]) = untouched(&acme).await;
    for place in &places(&acme)[..2] {
        place.put(&acme.owner, "{}").await.is(200);
        place.get_if(&stranger, Method::GET, "*").await.problem(404, "organization_not_found");
        place.write_if(&stranger, Method::PUT, "{}", &[FIRST]).await.problem(404, "organization_not_found");
    }
    for place in [settings, system] {
        place.get_if(&acme.owner, Method::GET, "*").await.problem(404, "organization_not_found");
    }
}

/// A new user with an organization. They sign in with a wallet, because a hundred password hashes take too long.
async fn newcomer(api: &Api) -> (Api, [Place; 3]) {
    let wallet = EvmWallet::new();
    let challenge = api.post("/auth/web3/challenge", &wallet.named("ethereum")).await.expecting(200);
    let login = api.post("/auth/web3/verify", &wallet.proof("ethereum", &challenge)).await.expecting(200);
    let person = api.bearer(&text_of(&login, "token"));
    let org = person.post("/orgs", &json!({"name": "Werke"})).await.expecting(201);
    let places = places_of(&text_of(&org, "id"), &text_of(&login["user"], "id"));
    (person, places)
}

async fn of_two_first_writes_one_is_made(backend: Backend) {
    // The test creates more users by wallet than the limit for challenges permits.
    let installation = Installation::new(backend).await.set("TESSERA_THROTTLE", "off");
    let acme = TestOrg::open_on(installation).await;
    let other = acme.service.installation.start_another();
    for round in 0..100 {
        let (one, places) = newcomer(&acme.api()).await;
        let two = one.at(other.url());
        for place in places {
            let method = if place.merges && round % 2 == 1 { Method::PATCH } else { Method::PUT };
            let (first, second) = tokio::join!(
                place.write_if(&one, method.clone(), r#"{"by":1}"#, &[FIRST]),
                place.write_if(&two, method, r#"{"by":2}"#, &[FIRST]),
            );
            let won = match (first.status, second.status) {
                (200, 412) => r#"{"by":1}"#,
                (412, 200) => r#"{"by":2}"#,
                statuses => panic!("{statuses:?} in round {round} at {}", place.path),
            };
            let read = one.get(&place.path).await;
            place.holds(&read, won);
            assert_eq!(tag(&read), "\"1\"");
        }
    }
}
