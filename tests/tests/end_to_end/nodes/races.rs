//! Concurrent requests: each rule holds as if the requests came one by one.

use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, text_of},
    database::Backend,
    mail::last_of,
    on_both,
    process::Installation,
    test_org::{PASSWORD, Person, Service, TestOrg, sign_in},
};

use crate::wallets::sign_in::{count, one_succeeded, together};

async fn owners(acme: &TestOrg, asking: &Person) -> Vec<String> {
    let members = asking.get(&acme.members(None)).await.expecting(200);
    let owners = members.as_array().into_iter().flatten().filter(|member| member["role"] == "owner");
    owners.filter_map(|member| member["user_id"].as_str()).map(str::to_owned).collect()
}

on_both! {
    eight_registrations_of_one_address_make_one_user
    one_owner_remains_when_two_owners_demote_each_other
    one_owner_remains_when_two_owners_leave_at_once_s148
    fifty_upserts_of_one_new_sku_make_one_item_and_fifty_versions
    one_of_50_concurrent_uses_of_a_slug_succeeds_s165
    organizations_of_one_name_all_get_a_slug
    no_account_is_created_without_a_free_member_place_s188
    one_member_added_many_times_at_once_is_added_once
    a_key_revoked_many_times_at_once_is_revoked_once
    a_session_ended_many_times_at_once_is_ended_once
    an_application_deleted_while_it_gets_keys_and_items_leaves_neither
}

async fn eight_registrations_of_one_address_make_one_user(backend: Backend) {
    let service = Service::start(backend).await;
    let spellings = [
        "ada@example.com",
        "Ada@Example.com",
        "ADA@EXAMPLE.COM",
        "aDa@eXample.com",
        "adA@example.COM",
        " ada@example.com",
        "ADA@example.com",
        "ada@EXAMPLE.com ",
    ];
    let answers = together(spellings.map(|email| {
        let api = service.api();
        async move { api.post("/auth/register", &json!({"email": email, "password": PASSWORD})).await }
    }));
    let answers = answers.await;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 7));
    for loser in answers.iter().filter(|answer| answer.status == 409) {
        loser.problem(409, "email_taken");
    }
    for email in spellings {
        assert!(!sign_in(&service.api(), email).await.is_empty());
    }
}

async fn one_owner_remains_when_two_owners_demote_each_other(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let (one, two) = (acme.owner.clone(), acme.add_member("owner").await);
    for round in 0..100 {
        let demote = |by: &Person, whom: &Person| {
            let (by, path) = (by.clone(), acme.members(Some(&whom.id)));
            async move { by.put(&path, &json!({"role": "member"})).await }
        };
        let answers = together([demote(&one, &two), demote(&two, &one)]).await;
        assert_eq!(
            (count(&answers, 200), count(&answers, 403)),
            (1, 1),
            "round {round}: {:?}",
            answers.iter().map(Answer::text).collect::<Vec<_>>()
        );
        let left = owners(&acme, &one).await;
        assert_eq!(left.len(), 1, "round {round}");
        let (winner, loser) = if left[0] == one.id { (&one, &two) } else { (&two, &one) };
        winner.put(&acme.members(Some(&loser.id)), &json!({"role": "owner"})).await.is(200);
    }
}

async fn one_owner_remains_when_two_owners_leave_at_once_s148(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let mut one = acme.owner.clone();
    for round in 0..30 {
        // A user who left can't be added directly, so each round has a new owner.
        let two = Person::register(&acme.api()).await;
        one.again().await.post(&acme.members(None), &json!({"user_id": two.id, "role": "owner"})).await.is(201);
        let leave = |who: &Person| {
            let (who, path) = (who.clone(), acme.members(Some(&who.id)));
            async move { who.delete(&path).await }
        };
        let answers = together([leave(&one), leave(&two)]).await;
        assert_eq!((count(&answers, 204), count(&answers, 409)), (1, 1), "round {round}");
        let stays = if answers_to(&one, &acme).await { one } else { two };
        assert_eq!(owners(&acme, &stays).await, std::slice::from_ref(&stays.id));
        one = stays;
    }
}

async fn fifty_upserts_of_one_new_sku_make_one_item_and_fifty_versions(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let answers = together((0..50).map(|number| {
        let (owner, path) = (acme.owner.clone(), acme.inventory());
        async move { owner.post(&path, &json!({"sku": "sword", "quantity": number})).await }
    }));
    let answers = answers.await;
    assert_eq!((count(&answers, 201), count(&answers, 200)), (1, 49));
    let mut versions: Vec<i64> = answers.iter().filter_map(|answer| answer.json()["version"].as_i64()).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=50).collect::<Vec<_>>());
    let items = acme.owner.get(&acme.inventory()).await.expecting(200);
    assert_eq!((items.as_array().map(Vec::len), &items[0]["version"]), (Some(1), &json!(50)));
}

async fn one_of_50_concurrent_uses_of_a_slug_succeeds_s165(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.service.installation.start_another();
    let nodes = [acme.owner.clone(), acme.owner.at_node(&other)];
    let answers = together((0..50).map(|number| {
        let owner = nodes[number % 2].clone();
        async move { owner.post("/orgs", &json!({"name": format!("Org {number}"), "slug": "same"})).await }
    }));
    let answers = answers.await;
    one_succeeded(&answers, 201, (409, "slug_taken"));
}

async fn organizations_of_one_name_all_get_a_slug(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let answers = together((0..20).map(|_| {
        let owner = acme.owner.clone();
        async move { owner.post("/orgs", &json!({"name": "Same Name"})).await }
    }));
    let answers = answers.await;
    assert_eq!(count(&answers, 201), 20);
    let mut slugs: Vec<String> =
        answers.iter().filter_map(|answer| answer.json()["slug"].as_str().map(str::to_owned)).collect();
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 20);
}

async fn no_account_is_created_without_a_free_member_place_s188(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_QUOTA_MEMBERS", "2");
    let acme = TestOrg::open_on(installation).await;
    let guests = ["one", "two", "three", "four"].map(|name| format!("{name}@example.com"));
    let mut accepting = Vec::new();
    for email in &guests {
        let invitation = json!({"email": email, "role": "member"});
        acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invitation).await.is(201);
        let token = last_of(&acme.service.installation, email, 1).await.token();
        let (api, body) = (acme.api(), json!({"token": token, "password": PASSWORD}));
        accepting.push(async move { api.post("/invitations/accept", &body).await });
    }
    let answers = together(accepting).await;
    assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 3));
    for loser in answers.iter().filter(|answer| answer.status == 409) {
        assert_eq!(loser.problem(409, "quota_exceeded")["quota"], "members");
    }
    // An address without an account can be registered.
    let registered = guests.map(|email| {
        let api = acme.api();
        async move { api.post("/auth/register", &json!({"email": email, "password": PASSWORD})).await }
    });
    let registered = together(registered).await;
    assert_eq!((count(&registered, 201), count(&registered, 409)), (3, 1));
}

async fn one_member_added_many_times_at_once_is_added_once(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let person = Person::register(&acme.api()).await;
    let answers = together((0..20).map(|number| {
        let (owner, path) = (acme.owner.clone(), acme.members(None));
        let role = ["member", "admin"][number % 2];
        let body = json!({"user_id": person.id, "role": role});
        async move { owner.post(&path, &body).await }
    }));
    let answers = answers.await;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 19));
    let made = answers.iter().find(|answer| answer.status == 201).map(Answer::json).unwrap_or_default();
    assert_eq!(acme.owner.get(&acme.members(Some(&person.id))).await.expecting(200), made);
}

async fn a_key_revoked_many_times_at_once_is_revoked_once(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let key = acme.key().await;
    let answers = together((0..20).map(|_| {
        let (owner, path) = (acme.owner.clone(), format!("/apikeys/{}", key.id));
        async move { owner.delete(&path).await }
    }));
    assert_eq!(count(&answers.await, 204), 20);
}

async fn an_application_deleted_while_it_gets_keys_and_items_leaves_neither(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let path = format!("/apps/{}", acme.app);
    let makers = (0..20).map(|number| {
        let (owner, path) = (acme.owner.clone(), path.clone());
        async move {
            match number {
                10 => owner.delete(&path).await,
                even if even % 2 == 0 => owner.post(&format!("{path}/apikeys"), &json!({})).await,
                _ => owner.post(&format!("{path}/inventory"), &json!({"sku": format!("s{number}")})).await,
            }
        }
    });
    let answers = together(makers).await;
    assert!(
        answers.iter().all(|answer| [201, 204, 404].contains(&answer.status)),
        "{:?}",
        answers.iter().map(Answer::text).collect::<Vec<_>>()
    );
    for key in answers.iter().filter_map(|answer| answer.json()["raw_key"].as_str().map(str::to_owned)) {
        assert_eq!(acme.verify(&key).await["code"], Value::from("not_found"));
    }
}

/// Whether the user is still a member of the organization.
async fn answers_to(person: &Person, acme: &TestOrg) -> bool {
    person.get(&format!("/orgs/{}", acme.org)).await.status == 200
}

async fn a_session_ended_many_times_at_once_is_ended_once(backend: Backend) {
    let (_service, person) = Service::with_person(backend).await;
    let listed = person.again().await.get("/users/me/sessions").await.expecting(200);
    let path = format!("/users/me/sessions/{}", text_of(&listed[1], "id"));
    let answers = together((0..8).map(|_| {
        let (person, path) = (person.clone(), path.clone());
        async move { person.delete(&path).await }
    }))
    .await;
    assert_eq!((count(&answers, 204), count(&answers, 404)), (1, 7));
}
