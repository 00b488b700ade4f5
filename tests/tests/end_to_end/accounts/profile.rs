//! Changes of the own account.

use serde_json::{Value, json};
use tessera_tests::{
    api::Api,
    database::Backend,
    on_both, on_sqlite,
    test_org::{Person, Service, TestOrg},
};

on_both! {
    concurrent_changes_of_different_fields_are_all_kept
}

on_sqlite! {
    a_profile_update_changes_only_the_given_fields
    an_address_is_not_changed_with_the_profile
    writing_back_the_read_state_changes_nothing_s163
    an_avatar_url_requires_https
    invalid_names_are_rejected
    members_see_the_new_name
}

async fn a_profile_update_changes_only_the_given_fields(backend: Backend) {
    let (_service, person) = Service::with_person(backend).await;
    let before = person.get("/users/me").await.expecting(200);
    let all = json!({"display_name": " Amazing  Grace ", "first_name": "Grace", "last_name": "Hopper",
                     "avatar_url": "https://cdn.example.com/g.png?size=64"});
    let changed = person.put("/users/me", &all).await.expecting(200);
    assert_eq!((&changed["id"], &changed["created_at"]), (&before["id"], &before["created_at"]));
    assert_eq!((&changed["display_name"], &changed["profile_complete"]), (&json!("Amazing  Grace"), &json!(true)));
    for member in ["first_name", "last_name", "avatar_url"] {
        assert_eq!(changed[member], all[member], "{member}");
    }
    let some = person.put("/users/me", &json!({"first_name": null, "avatar_url": null})).await.expecting(200);
    assert_eq!((&some["first_name"], &some["avatar_url"]), (&Value::Null, &Value::Null));
    assert_eq!((&some["display_name"], &some["last_name"]), (&changed["display_name"], &changed["last_name"]));
    let without_name = person.put("/users/me", &json!({"display_name": null})).await.expecting(200);
    assert_eq!(without_name["profile_complete"], false);
    assert_eq!(person.get("/users/me").await.expecting(200), without_name);
}

async fn an_address_is_not_changed_with_the_profile(backend: Backend) {
    let service = Service::start(backend).await;
    let (person, other) = (Person::register(&service.api()).await, Person::register(&service.api()).await);
    for email in [json!("new@example.com"), json!(other.email), Value::Null, json!("no address")] {
        let body = json!({"email": email, "email_verified": true, "id": other.id, "wallets": [1]});
        let mut rejected = person.put("/users/me", &body).await.faults();
        rejected.sort_unstable();
        assert_eq!(rejected, ["/email", "/email_verified", "/id", "/wallets"]);
        let user = person.get("/users/me").await.expecting(200);
        assert_eq!((&user["email"], &user["id"]), (&json!(person.email), &json!(person.id)));
        assert_eq!((&user["email_verified"], &user["wallets"]), (&json!(false), &json!([])));
    }
}

async fn writing_back_the_read_state_changes_nothing_s163(backend: Backend) {
    let (_service, person) = Service::with_person(backend).await;
    let full = json!({"display_name": "D", "first_name": "F", "avatar_url": "https://example.com"});
    let user = person.put("/users/me", &full).await.expecting(200);
    let names = ["display_name", "first_name", "last_name", "avatar_url"];
    let writable: Value = names.map(|name| (name.to_owned(), user[name].clone())).into_iter().collect();
    assert_eq!(person.put("/users/me", &writable).await.expecting(200), user);
    // The whole state contains fields that the operation cannot set.
    person.put("/users/me", &user).await.problem(400, "invalid_body");
    assert_eq!(person.get("/users/me").await.expecting(200), user);
    assert_eq!(person.put("/users/me", &json!({})).await.expecting(200), user);
}

async fn an_avatar_url_requires_https(backend: Backend) {
    let (_service, person) = Service::with_person(backend).await;
    for (url, code) in [
        ("http://example.com/a.png".to_owned(), "invalid_format"),
        ("javascript:alert(1)".to_owned(), "invalid_format"),
        ("https://user:pw@example.com/a.png".to_owned(), "invalid_format"),
        ("https://example.com/a b".to_owned(), "invalid_format"),
        (String::new(), "invalid_format"),
        (format!("https://example.com/{}", "x".repeat(2029)), "too_long"),
    ] {
        let answer = person.put("/users/me", &json!({"avatar_url": url})).await;
        assert_eq!(answer.faults(), ["/avatar_url"], "{url}");
        assert_eq!(answer.json()["errors"][0]["code"], code, "{url}");
    }
    for url in [format!("https://example.com/{}", "x".repeat(2028)), "http://127.0.0.1:9000/a.png".to_owned()] {
        let user = person.put("/users/me", &json!({"avatar_url": url})).await.expecting(200);
        assert_eq!(user["avatar_url"], json!(url));
    }
}

async fn invalid_names_are_rejected(backend: Backend) {
    let (_service, person) = Service::with_person(backend).await;
    let body = json!({"display_name": "", "first_name": "x".repeat(101), "last_name": "a\u{202e}b", "avatar_url": 1});
    let answer = person.put("/users/me", &body).await;
    assert_eq!(answer.faults(), ["/avatar_url", "/display_name", "/first_name", "/last_name"]);
}

async fn members_see_the_new_name(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let member = acme.add_member("member").await;
    member.put("/users/me", &json!({"display_name": "Grace"})).await.is(200);
    let seen = acme.owner.get(&acme.members(Some(&member.id))).await.expecting(200);
    assert_eq!(seen["display_name"], "Grace");
}

async fn concurrent_changes_of_different_fields_are_all_kept(backend: Backend) {
    async fn change(by: Api, field: &'static str) {
        for round in 0..20 {
            let value = json!(format!("{field} {round}"));
            let user = by.put("/users/me", &json!({field: value})).await.expecting(200);
            assert_eq!(user[field], value);
        }
    }
    let (_service, person) = Service::with_person(backend).await;
    let fields = ["display_name", "first_name", "last_name"];
    let changing = fields.map(|field| tokio::spawn(change(Api::clone(&person), field)));
    for field in changing {
        field.await.unwrap_or_else(|error| panic!("{error}"));
    }
    let user = person.get("/users/me").await.expecting(200);
    for field in fields {
        assert_eq!(user[field], json!(format!("{field} 19")));
    }
}
