//! Pagination of lists, which are plain arrays.

use serde_json::{Value, json};
use tessera_testkit::{expectations::some, fakes::MemoryStore};

use crate::support::{Answer, TestApp, TestReadiness, TestServer, WithCredentials, get, post, text};

const URL: &str = "https://accounts.example.com/base";

impl TestApp {
    async fn with_items(count: usize) -> Self {
        let app = Self::on(TestServer::with(MemoryStore::new().stores(), TestReadiness::Ready, URL)).await;
        for number in 0..count {
            // Lists are sorted by id, and ids are sorted by time.
            app.server.clock.advance(time::Duration::MILLISECOND);
            let body = json!({ "sku": number.to_string() });
            let request = post(&format!("/apps/{}/inventory", app.application)).set_json(body).bearer(&app.token);
            app.server.send(request).await.expecting(201);
        }
        app
    }

    async fn items(&self, query: &str) -> Answer {
        let request = get(&format!("/apps/{}/inventory{query}", self.application));
        self.server.send(request.insert_header(("Host", "evil.example")).bearer(&self.token)).await
    }
}

/// Path and query of the next page, without the public URL.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link")?;
    let target = some(link.strip_prefix('<').and_then(|rest| rest.strip_suffix(">; rel=\"next\"")));
    Some(some(target.strip_prefix(URL)).to_owned())
}

fn cursor(answer: &Answer) -> String {
    some(some(next(answer)).split_once("cursor=")).1.to_owned()
}

fn skus(page: &Value) -> Vec<String> {
    some(page.as_array()).iter().map(|item| text(&item["sku"])).collect()
}

#[actix_web::test]
async fn pages_follow_each_other_to_the_end() {
    let shop = TestApp::with_items(5).await;
    let mut found = Vec::new();
    let mut answer = shop.items("?limit=2").await;
    loop {
        found.extend(skus(&answer.expecting(200)));
        let Some(path) = next(&answer) else { break };
        let query = some(path.strip_prefix(&format!("/api/v1/apps/{}/inventory", shop.application))).to_owned();
        assert!(query.starts_with("?limit=2&cursor="), "{query}");
        answer = shop.items(&query).await;
    }
    assert_eq!(found, ["0", "1", "2", "3", "4"]);
    assert_eq!(next(&shop.items("?limit=5").await), None);
}

#[actix_web::test]
async fn an_empty_list_is_an_empty_array() {
    let shop = TestApp::with_items(0).await;
    assert_eq!(&*shop.items("").await.body, b"[]");
}

#[actix_web::test]
async fn a_bad_limit_is_named() {
    let shop = TestApp::with_items(0).await;
    for limit in ["0", "201", "-1", "+5", "%2B5", "05", "1.0", "", "x", "%FF", "99999999999999999999", "null"] {
        let problem = shop.items(&format!("?limit={limit}")).await.problem(400, "invalid_query");
        assert!(text(&problem["detail"]).contains("limit"), "{problem}");
    }
    for query in ["?limit=1&limit=1", "?cursor=a&cursor=a"] {
        shop.items(query).await.problem(400, "invalid_query");
    }
    for query in ["?limit=1", "?limit=200", "?offset=3", "?Limit=0", "?", "?x=%FF&limit=7", "?%6Cimit=3"] {
        shop.items(query).await.expecting(200);
    }
}

#[actix_web::test]
async fn a_cursor_that_was_tampered_with_is_refused() {
    let shop = TestApp::with_items(2).await;
    let good = cursor(&shop.items("?limit=1").await);
    shop.items(&format!("?cursor={good}")).await.expecting(200);
    for at in 0..good.len() {
        let mut bad = good.clone();
        let other = if &good[at..=at] == "A" { "B" } else { "A" };
        bad.replace_range(at..=at, other);
        shop.items(&format!("?cursor={bad}")).await.problem(400, "invalid_cursor");
    }
    for bad in ["", "x", "====", "%FF", &good[1..], &format!("{good}A"), &format!("{good}="), &good.to_lowercase()] {
        shop.items(&format!("?cursor={bad}")).await.problem(400, "invalid_cursor");
    }
}

#[actix_web::test]
async fn a_cursor_opens_only_its_own_list() {
    let shop = TestApp::with_items(2).await;
    let foreign = cursor(&shop.items("?limit=1").await);
    let other = shop.server.launch(&shop.token, &shop.organization).await;
    let application = &shop.application;
    for path in [
        format!("/apps/{other}/inventory"),
        format!("/apps/{application}/apikeys"),
        format!("/orgs/{}/apps", shop.organization),
        format!("/orgs/{}/members", shop.organization),
    ] {
        let request = get(&format!("{path}?cursor={foreign}")).bearer(&shop.token);
        shop.server.send(request).await.problem(400, "invalid_cursor");
    }
}

#[actix_web::test]
async fn every_list_has_pages() {
    let shop = TestApp::with_items(0).await;
    let bob = shop.server.sign_up("bob").await;
    let request = post(&format!("/orgs/{}/members", shop.organization));
    let bob_id = shop.server.send(get("/users/me").bearer(&bob)).await.expecting(200)["id"].clone();
    let body = json!({ "user_id": bob_id, "role": "member" });
    shop.server.send(request.set_json(body).bearer(&shop.token)).await.expecting(201);
    shop.server.launch(&shop.token, &shop.organization).await;
    shop.server.key(&shop.token, &shop.application).await;
    shop.server.key(&shop.token, &shop.application).await;
    for path in [
        format!("/orgs/{}/members", shop.organization),
        format!("/orgs/{}/apps", shop.organization),
        format!("/apps/{}/apikeys", shop.application),
    ] {
        let first = shop.server.send(get(&format!("{path}?limit=1")).bearer(&shop.token)).await;
        assert_eq!(first.expecting(200).as_array().map(Vec::len), Some(1));
        let rest = some(next(&first));
        let second = shop.server.send(get(some(rest.strip_prefix("/api/v1"))).bearer(&shop.token)).await;
        assert_eq!(second.expecting(200).as_array().map(Vec::len), Some(1), "{path}");
        assert_eq!(next(&second), None, "{path}");
    }
    let keys = get(&format!("/apps/{}/apikeys", shop.application)).bearer(&bob);
    shop.server.send(keys).await.problem(403, "forbidden");
}
