//! `If-Match`: conditional writes of documents prevent lost updates.

use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{api::Api, database::Backend, on_both, test_org::TestOrg};

use crate::documents::places::{Place, each_written, places, system_data, tag};

on_both! {
    versions_are_told_and_counted
    a_stale_if_match_is_412_and_changes_nothing
    data_are_there_before_if_match_holds
    two_who_patch_different_members_lose_nothing
    of_twenty_guarded_writes_of_one_version_one_is_made
    writes_that_race_a_removal_are_counted_or_refused
}

async fn versions_are_told_and_counted(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme) {
        for version in 1..4 {
            let written = place.put(&acme.owner, r#"{"same":true}"#).await;
            let read = acme.owner.get(&place.path).await;
            assert_eq!((tag(&written), tag(&read)), (format!("\"{version}\""), format!("\"{version}\"")));
            assert_eq!(written.json(), read.json());
            assert_eq!(read.json()["version"], if place.merges { json!(version) } else { Value::Null });
        }
    }
}

async fn a_stale_if_match_is_412_and_changes_nothing(backend: Backend) {
    each_written(backend, async |acme, place, method, current| {
        let weak = format!("W/{current}");
        let bare = current.trim_matches('"').to_owned();
        let padded = format!("\"0{bare}\"");
        let plus = format!("\"+{bare}\"");
        for stale in ["\"0\"", "\"99\"", "\"x\"", "", "\"", "*, *", &weak, &bare, &padded, &plus] {
            let answer = place.write(&acme.owner, method.clone(), r#"{"n":2}"#, Some(stale)).await;
            answer.problem(412, "precondition_failed");
        }
        place.holds(&acme.owner.get(&place.path).await, r#"{"n":1}"#);
        for good in [current, "*"] {
            place.write(&acme.owner, method.clone(), r#"{"n":1}"#, Some(good)).await.is(200);
        }
        let list = format!("\"0\" , W/\"7\",\"x\", {}", tag(&acme.owner.get(&place.path).await));
        place.write(&acme.owner, method.clone(), r#"{"n":1}"#, Some(&list)).await.is(200);
        place.write(&acme.owner, method.clone(), r#"{"n":1}"#, Some(current)).await.is(412);
    })
    .await;
}

async fn data_are_there_before_if_match_holds(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme) {
        // Settings and custom data exist before the first write, as empty documents in version 0.
        let expected = if place.path.contains("system") { [412, 412] } else { [200, 412] };
        for (tag, status) in ["*", "\"0\""].into_iter().zip(expected) {
            place.write(&acme.owner, Method::PUT, "{}", Some(tag)).await.is(status);
        }
    }
}

/// Two clients patch different members, a hundred times each.
async fn two_who_patch_different_members_lose_nothing(backend: Backend) {
    async fn patch(by: Api, path: String, client: usize) {
        let place = Place { path, member: "data", merges: true };
        for round in 0..100 {
            place.patch(&by, &format!(r#"{{"c{client}":{round},"c{client}-{round}":{{"n":{round}}}}}"#)).await.is(200);
        }
    }
    let acme = TestOrg::open(backend).await;
    let key = acme.api().key(&acme.key().await.raw);
    for place in places(&acme).iter().filter(|place| place.merges) {
        let second = if place.path.contains("system") { key.clone() } else { Api::clone(&acme.owner) };
        let one = tokio::spawn(patch(Api::clone(&acme.owner), place.path.clone(), 1));
        let other = tokio::spawn(patch(second, place.path.clone(), 2));
        for client in [one, other] {
            client.await.unwrap_or_else(|error| panic!("{error}"));
        }
        let answer = acme.owner.get(&place.path).await.expecting(200);
        assert_eq!(answer["version"], 200);
        let data = answer["data"].as_object().cloned().unwrap_or_default();
        assert_eq!((data.len(), &data["c1"], &data["c2"]), (202, &json!(99), &json!(99)));
        for (client, round) in [1, 2].into_iter().flat_map(|client| (0..100).map(move |round| (client, round))) {
            assert_eq!(data[&format!("c{client}-{round}")], json!({"n": round}));
        }
    }
}

async fn of_twenty_guarded_writes_of_one_version_one_is_made(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme) {
        place.put(&acme.owner, "{}").await.is(200);
        let writes = (0..20).map(|number| {
            let (by, place) = (Api::clone(&acme.owner), Place { path: place.path.clone(), ..place });
            tokio::spawn(async move {
                let document = format!(r#"{{"n":{number}}}"#);
                place.write(&by, Method::PUT, &document, Some("\"1\"")).await.status
            })
        });
        let mut statuses = Vec::new();
        for write in writes.collect::<Vec<_>>() {
            statuses.push(write.await.unwrap_or_else(|error| panic!("{error}")));
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [vec![200], vec![412; 19]].concat());
        assert_eq!(tag(&acme.owner.get(&place.path).await), "\"2\"");
    }
}

async fn writes_that_race_a_removal_are_counted_or_refused(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    let path = system_data(&acme, &member.id);
    let writes = (0..20).map(|number| {
        let (by, path) = (Api::clone(&acme.owner), path.clone());
        tokio::spawn(async move {
            let place = Place { path, member: "data", merges: true };
            place.patch(&by, &format!(r#"{{"n{number}":1}}"#)).await.status
        })
    });
    let writes: Vec<_> = writes.collect();
    acme.owner.delete(&acme.members(Some(&member.id))).await.is(204);
    let mut made = 0;
    for write in writes {
        let status = write.await.unwrap_or_else(|error| panic!("{error}"));
        assert!([200, 404].contains(&status), "{status}");
        made += usize::from(status == 200);
    }
    let data = acme.owner.get(&path).await;
    if made == 0 {
        data.problem(404, "system_data_not_found");
    } else {
        assert_eq!(data.expecting(200)["version"], made);
        assert_eq!(data.json()["data"].as_object().map(serde_json::Map::len), Some(made));
    }
}
