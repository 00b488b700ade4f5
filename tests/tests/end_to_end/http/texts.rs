//! User-provided text: limited length, normalized, without deceptive characters.

use serde_json::{Value, json};
use tessera_tests::{
    database::Backend,
    on_sqlite,
    test_org::{PASSWORD, TestOrg},
};

/// Every text field: its endpoint, base body, name, maximum length, and whether it may have several lines.
fn fields(acme: &TestOrg) -> Vec<(String, Value, &'static str, usize, bool)> {
    let (org, app) = (&acme.org, &acme.app);
    vec![
        ("/orgs".to_owned(), json!({}), "name", 100, false),
        ("/auth/login".to_owned(), json!({"email": acme.owner.email, "password": PASSWORD}), "device_name", 64, false),
        (format!("/orgs/{org}/apps"), json!({}), "name", 100, false),
        (format!("/orgs/{org}/apps"), json!({"name": "x"}), "description", 1000, true),
        (format!("/apps/{app}/apikeys"), json!({}), "description", 200, false),
        (format!("/apps/{app}/inventory"), json!({}), "sku", 128, false),
        (format!("/apps/{app}/inventory"), json!({"sku": "a"}), "name", 200, false),
        (format!("/apps/{app}/inventory"), json!({"sku": "a"}), "description", 2000, true),
    ]
}

async fn send(acme: &TestOrg, path: &str, base: &Value, field: &str, text: &str) -> tessera_tests::api::Answer {
    let mut body = base.clone();
    body[field] = json!(text);
    acme.owner.post(path, &body).await
}

on_sqlite! {
    text_fields_have_a_maximum_length_s175
    control_and_bidi_characters_are_rejected_s172
    an_invisible_text_is_rejected
    text_is_trimmed_and_in_one_normal_form
    text_is_returned_unchanged
    invalid_redirect_uris_cannot_be_registered_s104
    invalid_slugs_are_rejected
}

async fn text_fields_have_a_maximum_length_s175(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for (path, base, field, max, _) in fields(&acme) {
        // Four bytes each, and two code points before NFC.
        for unit in ["😀", "e\u{301}"] {
            let good = send(&acme, &path, &base, field, &unit.repeat(max)).await;
            assert!([200, 201].contains(&good.status), "{path} {field}: {}", good.text());
            let long = send(&acme, &path, &base, field, &unit.repeat(max + 1)).await;
            assert_eq!(long.faults(), [format!("/{field}")], "{path}");
            assert_eq!(long.json()["errors"][0]["code"], "too_long");
        }
    }
}

async fn control_and_bidi_characters_are_rejected_s172(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for (path, base, field, _, lines) in fields(&acme) {
        for bad in
            ['\u{1}', '\u{7f}', '\u{85}', '\u{202e}', '\u{2066}', '\u{200f}', '\u{2028}', '\u{feff}', '\u{0}', '\u{1b}']
        {
            let answer = send(&acme, &path, &base, field, &format!("a{bad}b")).await;
            assert_eq!(answer.faults(), [format!("/{field}")], "{path} {bad:?}");
            assert_eq!(answer.json()["errors"][0]["code"], "forbidden_character");
        }
        for line in ['\r', '\n', '\t'] {
            let answer = send(&acme, &path, &base, field, &format!("a{line}b")).await;
            assert_eq!(answer.status == 400, !lines, "{path} {line:?}: {}", answer.text());
        }
    }
}

async fn an_invisible_text_is_rejected(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for (path, base, field, ..) in fields(&acme) {
        for hidden in ["\u{200b}", "\u{3164}", "\u{115f}", "\u{2800}", "\u{301}", " \u{200d} \u{ad}"] {
            let answer = send(&acme, &path, &base, field, hidden).await;
            assert_eq!(answer.faults(), [format!("/{field}")], "{path} {hidden:?}");
            // Identifiers of items must not contain such a character at all.
            let code = if field == "sku" && !["\u{2800}", "\u{301}"].contains(&hidden) {
                "forbidden_character"
            } else {
                "invisible"
            };
            assert_eq!(answer.json()["errors"][0]["code"], code, "{path} {hidden:?}");
        }
    }
    let names = json!({"display_name": "\u{3164}", "first_name": "\u{200b}", "last_name": "\u{2800}"});
    assert_eq!(acme.owner.put("/users/me", &names).await.faults(), ["/display_name", "/first_name", "/last_name"]);
    let family = json!({"display_name": "👩\u{200d}👩\u{200d}👧"});
    assert_eq!(acme.owner.put("/users/me", &family).await.expecting(200)["display_name"], family["display_name"]);
}

async fn text_is_trimmed_and_in_one_normal_form(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let body = json!({"sku": " e\u{301}p\u{e9}e ", "name": "\u{212b}ngstr\u{f6}m"});
    let item = acme.owner.post(&acme.inventory(), &body).await.expecting(201);
    assert_eq!((&item["sku"], &item["name"]), (&json!("\u{e9}p\u{e9}e"), &json!("\u{c5}ngstr\u{f6}m")));
    acme.owner.post(&acme.inventory(), &json!({"sku": "\u{e9}pe\u{301}e"})).await.is(200);
    for empty in ["", " ", "\u{3000}"] {
        assert_eq!(acme.owner.post(&acme.inventory(), &json!({"sku": empty})).await.faults(), ["/sku"]);
    }
}

async fn text_is_returned_unchanged(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    for (at, text) in ["'; DROP TABLE items; --", "<script>alert(1)</script>", "%s %n \\ \" $1 ?", "😀 𝕏 שלום العربية"]
        .iter()
        .enumerate()
    {
        let body = json!({"sku": format!("s{at}"), "name": text, "metadata": {"text": text}});
        let item = acme.owner.post(&acme.inventory(), &body).await.expecting(201);
        assert_eq!((&item["name"], &item["metadata"]["text"]), (&json!(text), &json!(text)));
    }
    assert_eq!(acme.owner.get(&acme.inventory()).await.expecting(200).as_array().map(Vec::len), Some(4));
}

const WRONG_URIS: &[&str] = &[
    "",
    "/cb",
    "a.example/cb",
    "http://a.example/cb",
    "http://localhost.example/cb",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://a.example/#x",
    "https://*.example/cb",
    "https://u:p@a.example/cb",
    "https://a.example/\r\ncb",
    "https://a.example/ cb",
    "https:\\\\a.example",
    "HTTPS://a.example/cb",
    "https://a.example:443/cb",
    "https://a.example/../cb",
    "custom://cb",
    "https://b\u{fc}cher.example/cb",
    "https://a.example/cb?code=x",
    "https://a.example/cb?x=1&st%61te=y",
    "https://a.example/cb?iss",
    "https://a.example/cb?error=",
];

async fn invalid_redirect_uris_cannot_be_registered_s104(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let path = format!("/apps/{}", acme.app);
    let good = json!(["https://a.example", "https://a.example/cb?x=1", "http://127.0.0.1:1/cb", "http://[::1]:1/cb"]);
    assert_eq!(acme.owner.put(&path, &json!({"redirect_uris": good})).await.expecting(200)["redirect_uris"], good);
    for uri in WRONG_URIS {
        let answer = acme.owner.put(&path, &json!({"redirect_uris": ["https://a.example", uri]})).await;
        assert_eq!(answer.faults(), ["/redirect_uris/1"], "{uri:?}");
    }
    let many: Vec<String> = (0..21).map(|number| format!("https://a.example/{number}")).collect();
    assert_eq!(acme.owner.put(&path, &json!({"redirect_uris": many})).await.faults(), ["/redirect_uris"]);
}

async fn invalid_slugs_are_rejected(backend: Backend) {
    let acme = TestOrg::open(backend).await;
    let longest = "a".repeat(63);
    for slug in ["a", "a-b-2", longest.as_str()] {
        let made = acme.owner.post("/orgs", &json!({"name": "x", "slug": slug})).await.expecting(201);
        assert_eq!(made["slug"], slug);
    }
    for slug in ["", "A", "a_b", "-a", "a-", "a--b", "ä", "a b", &"a".repeat(64)] {
        let answer = acme.owner.post("/orgs", &json!({"name": "x", "slug": slug})).await;
        assert_eq!(answer.faults(), ["/slug"], "{slug}");
    }
}
