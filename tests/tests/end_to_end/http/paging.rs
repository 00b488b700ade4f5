//! Pages of lists: each entry once, in order, and no cursor that gives access to other data.

use serde_json::{Value, json};
use tessera_tests::{
    api::{Answer, Api},
    database::Backend,
    on_both, on_sqlite,
    process::Installation,
    test_org::{Person, TestOrg, unique},
};

/// The path and query of the next page, from the `Link` header.
#[track_caller]
fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link")?;
    let inner = link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\""));
    let url = inner.unwrap_or_else(|| panic!("no link to a next page: {link}"));
    let path = url.strip_prefix("http://localhost:8080").unwrap_or_else(|| panic!("not under the public URL: {url}"));
    Some(path.to_owned())
}

/// Every entry of a list, read page by page, and the number of pages.
async fn walk(api: &Api, path: &str, limit: usize) -> (Vec<Value>, usize) {
    let (mut entries, mut pages) = (Vec::new(), 0);
    let mut open = Some(format!("/api/v1{path}?limit={limit}"));
    while let Some(page) = open {
        let answer = api.get_root(&page).await;
        let found = answer.expecting(200).as_array().cloned().unwrap_or_else(|| panic!("no bare array at {page}"));
        assert!(found.len() <= limit, "{} entries", found.len());
        entries.extend(found);
        pages += 1;
        assert!(pages <= 50, "the list does not end");
        open = next(&answer);
    }
    (entries, pages)
}

/// Asserts that a list of five entries contains all of them once and in order, with every page size.
async fn pages_well(api: &Api, path: &str, key: &str) {
    let (all, pages) = walk(api, path, 200).await;
    assert_eq!((all.len(), pages), (5, 1), "{path}");
    let keys: Vec<&str> = all.iter().filter_map(|entry| entry[key].as_str()).collect();
    assert!(keys.len() == 5 && keys.is_sorted(), "{path}: {keys:?}");
    for (limit, expected) in [(1, 5), (2, 3), (4, 2), (5, 1), (6, 1)] {
        let (walked, pages) = walk(api, path, limit).await;
        assert_eq!((&walked, pages), (&all, expected), "{path} by {limit}");
    }
}

on_both! {
    entries_added_between_two_pages_do_not_shift_them
}

on_sqlite! {
    members_come_in_pages
    organizations_and_invitations_of_the_caller_come_in_pages
    applications_come_in_pages
    keys_come_in_pages
    items_come_in_pages
    an_empty_list_is_an_empty_array_without_a_next_page
    a_page_has_50_entries_unless_asked_otherwise
    a_page_size_outside_the_limits_is_rejected_s214
    an_altered_cursor_is_rejected_s176
    lists_contain_only_own_objects_s157
}

async fn members_come_in_pages(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for _ in 0..4 {
        acme.add_member("member").await;
    }
    pages_well(&acme.owner, &acme.members(None), "user_id").await;
}

async fn organizations_and_invitations_of_the_caller_come_in_pages(backend: Backend) {
    let installation = Installation::new(backend).await.set("TESSERA_THROTTLE", "off");
    let acme = TestOrg::open_on(installation).await;
    let person = Person::with_verified_address(&acme).await;
    for _ in 0..5 {
        let org = acme.owner.create_org().await;
        let body = json!({"email": person.email, "role": "member"});
        acme.owner.post(&format!("/orgs/{org}/invitations"), &body).await.is(201);
    }
    pages_well(&person, "/users/me/invitations", "id").await;
    for _ in 0..4 {
        person.create_org().await;
    }
    pages_well(&person, "/orgs", "id").await;
    let first = person.get("/orgs?limit=1").await;
    let next = next(&first).unwrap_or_else(|| panic!("no next page"));
    acme.owner.get_root(&next).await.problem(400, "invalid_cursor");
}

async fn applications_come_in_pages(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for _ in 0..4 {
        acme.owner.make_app(&acme.org).await;
    }
    pages_well(&acme.owner, &format!("/orgs/{}/apps", acme.org), "id").await;
}

async fn keys_come_in_pages(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for _ in 0..5 {
        acme.key().await;
    }
    pages_well(&acme.owner, &format!("/apps/{}/apikeys", acme.app), "id").await;
}

async fn items_come_in_pages(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for _ in 0..5 {
        acme.owner.post(&acme.inventory(), &json!({"sku": unique("sku")})).await.is(201);
    }
    pages_well(&acme.owner, &acme.inventory(), "id").await;
}

async fn an_empty_list_is_an_empty_array_without_a_next_page(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for path in [acme.inventory(), format!("/apps/{}/apikeys", acme.app)] {
        let answer = acme.owner.get(&path).await;
        assert_eq!((answer.text().as_str(), next(&answer)), ("[]", None));
    }
}

async fn a_page_has_50_entries_unless_asked_otherwise(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for _ in 0..51 {
        acme.owner.post(&acme.inventory(), &json!({"sku": unique("sku")})).await.is(201);
    }
    let answer = acme.owner.get(&acme.inventory()).await;
    assert_eq!(answer.expecting(200).as_array().map(Vec::len), Some(50));
    let rest = acme.owner.get_root(&next(&answer).unwrap_or_else(|| panic!("no next page"))).await;
    assert_eq!((rest.expecting(200).as_array().map(Vec::len), next(&rest)), (Some(1), None));
}

async fn a_page_size_outside_the_limits_is_rejected_s214(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let lists = [
        acme.members(None),
        format!("/orgs/{}/apps", acme.org),
        format!("/apps/{}/apikeys", acme.app),
        acme.inventory(),
    ];
    for list in lists {
        for good in ["1", "50", "200"] {
            acme.owner.get(&format!("{list}?limit={good}")).await.is(200);
        }
        for bad in ["0", "201", "-1", "1.5", "x", "", "99999999999999999999", "1&limit=2"] {
            acme.owner.get(&format!("{list}?limit={bad}")).await.problem(400, "invalid_query");
        }
    }
}

async fn an_altered_cursor_is_rejected_s176(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let other = acme.owner.make_app(&acme.org).await;
    for _ in 0..2 {
        acme.owner.post(&acme.inventory(), &json!({"sku": unique("sku")})).await.is(201);
    }
    let first = acme.owner.get(&format!("{}?limit=1", acme.inventory())).await;
    let link = next(&first).unwrap_or_else(|| panic!("no next page"));
    let cursor = link.rsplit_once("cursor=").map(|(_, cursor)| cursor.to_owned()).unwrap_or_default();
    let altered = format!("{}{}", if cursor.starts_with('A') { 'B' } else { 'A' }, &cursor[1..]);
    for bad in ["x", "", "'%20OR%201=1--", "%00", altered.as_str(), &cursor[1..], &format!("{cursor}A")] {
        let answer = acme.owner.get(&format!("{}?cursor={bad}", acme.inventory())).await;
        answer.problem(400, "invalid_cursor");
    }
    let elsewhere = acme.owner.get(&format!("/apps/{other}/inventory?cursor={cursor}")).await;
    elsewhere.problem(400, "invalid_cursor");
}

async fn entries_added_between_two_pages_do_not_shift_them(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for _ in 0..4 {
        acme.owner.post(&acme.inventory(), &json!({"sku": unique("sku")})).await.is(201);
    }
    let (before, _) = walk(&acme.owner, &acme.inventory(), 200).await;
    let first = acme.owner.get(&format!("{}?limit=2", acme.inventory())).await;
    acme.owner.post(&acme.inventory(), &json!({"sku": unique("late")})).await.is(201);
    let second = acme.owner.get_root(&next(&first).unwrap_or_else(|| panic!("no next page"))).await;
    assert_eq!(second.expecting(200).as_array().map(Vec::as_slice), Some(&before[2..]));
}

async fn lists_contain_only_own_objects_s157(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let stranger = Person::register(&acme.api()).await;
    let (org, own) = (stranger.create_org().await, acme.app.clone());
    let app = stranger.make_app(&org).await;
    stranger.make_key(&app, &json!({})).await;
    stranger.post(&format!("/apps/{app}/inventory"), &json!({"sku": "theirs"})).await.is(201);
    let count = |answer: Answer| answer.expecting(200).as_array().map(Vec::len);
    assert_eq!(count(acme.owner.get(&acme.members(None)).await), Some(1));
    assert_eq!(count(acme.owner.get(&format!("/orgs/{}/apps", acme.org)).await), Some(1));
    assert_eq!(count(acme.owner.get(&format!("/apps/{own}/apikeys")).await), Some(0));
    assert_eq!(count(acme.owner.get(&acme.inventory()).await), Some(0));
}
