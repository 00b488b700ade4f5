//! Pages of the service and their forms, without a browser.

use reqwest::{Method, RequestBuilder};

use crate::api::{Answer, Api, send};

/// Headers that a browser sends with a form of another site.
const OF_OTHER_SITES: [(&str, &str); 4] = [
    ("Sec-Fetch-Site", "cross-site"),
    ("Sec-Fetch-Site", "same-site"),
    ("Origin", "https://evil.example.com"),
    ("Origin", "null"),
];

/// A form submission, without the headers by which a browser names the site of the form.
pub fn form(api: &Api, page: &str, fields: &[(&str, &str)]) -> RequestBuilder {
    let encode = |text: &str| text.bytes().fold(String::new(), |done, byte| format!("{done}%{byte:02X}"));
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    let request = api.request(Method::POST, page).body(fields.join("&"));
    request.header("Content-Type", "application/x-www-form-urlencoded")
}

/// Submits the form of a page, as a browser does. The page sends no referrer, so the origin is `null`.
pub async fn submit_form(api: &Api, page: &str, fields: &[(&str, &str)]) -> Answer {
    send(form(api, page, fields).header("Sec-Fetch-Site", "same-origin").header("Origin", "null")).await
}

/// Asserts that a page rejects its form if another site submits it.
///
/// # Panics
/// Panics if a form of another site is accepted.
pub async fn rejects_forms_of_other_sites(api: &Api, page: &str, fields: &[(&str, &str)]) {
    for (name, value) in OF_OTHER_SITES {
        let refused = send(form(api, page, fields).header(name, value)).await;
        assert_eq!(refused.status, 403, "{name}: {value}");
        assert!(refused.text().contains("another site"), "{name}: {value}: {}", refused.text());
    }
}

/// Asserts that a page sends no referrer, is not stored, and loads nothing from other hosts.
///
/// # Panics
/// Panics if a header or the text of the page differs.
#[track_caller]
pub fn is_private(page: &Answer) {
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    let policy = page.header("content-security-policy").unwrap_or_default();
    for rule in ["default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action "]
    {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let html = page.text();
    assert!(!html.contains("style=") && !html.contains("http"), "{html}");
    // Scripts are files of this service.
    assert_eq!(
        html.matches("<script").count(),
        html.matches("<script type=\"module\" src=\"/assets/").count(),
        "{html}"
    );
}
