//! Locations of documents: settings, system data and custom data.

use reqwest::Method;
use tessera_tests::{
    api::{Answer, Api, BASE, send},
    database::Backend,
    test_org::TestOrg,
};

/// A document that can be replaced: its path, the name of its member, and whether it can be merged.
pub(crate) struct Place {
    pub(crate) path: String,
    pub(crate) member: &'static str,
    pub(crate) merges: bool,
}

pub(crate) fn places(acme: &TestOrg) -> [Place; 3] {
    places_of(&acme.org, &acme.owner.id)
}

/// The documents of an organization and of its owner.
pub(crate) fn places_of(org: &str, user: &str) -> [Place; 3] {
    [
        Place { path: format!("/orgs/{org}/settings"), member: "settings", merges: false },
        Place { path: format!("/orgs/{org}/custom-system-data/{user}"), member: "data", merges: true },
        Place { path: "/users/me/custom-data".to_owned(), member: "data", merges: true },
    ]
}

/// Writes each document of a test organization and calls `look` with each method that writes it. The document is then `{"n":1}` in
/// the version of the tag.
pub(crate) async fn each_written(backend: Backend, look: impl AsyncFn(&TestOrg, &Place, &Method, &str)) {
    let acme = TestOrg::open(backend).await;
    for place in places(&acme) {
        place.put(&acme.owner, r#"{"n":1}"#).await.is(200);
        for method in place.methods() {
            let current = tag(&acme.owner.get(&place.path).await);
            look(&acme, &place, method, &current).await;
        }
    }
}

pub(crate) fn system_data(acme: &TestOrg, user: &str) -> String {
    format!("/orgs/{}/custom-system-data/{user}", acme.org)
}

impl Place {
    /// Sends a document as raw text, with an optional `If-Match`.
    pub(crate) async fn write(&self, by: &Api, method: Method, document: &str, if_match: Option<&str>) -> Answer {
        let conditions: Vec<(&str, &str)> = if_match.into_iter().map(|tag| ("If-Match", tag)).collect();
        self.write_if(by, method, document, &conditions).await
    }

    /// Sends a document as raw text, with any headers.
    pub(crate) async fn write_if(
        &self,
        by: &Api,
        method: Method,
        document: &str,
        conditions: &[(&str, &str)],
    ) -> Answer {
        let request = by.request(method.clone(), &format!("{BASE}{}", self.path));
        let kind = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
        let request = request.header("Content-Type", kind).body(format!("{{\"{}\":{document}}}", self.member));
        send(conditions.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
    }

    /// Reads the document unless it has the tag that the caller has seen.
    pub(crate) async fn get_if(&self, by: &Api, method: Method, seen: &str) -> Answer {
        send(by.request(method, &format!("{BASE}{}", self.path)).header("If-None-Match", seen)).await
    }

    pub(crate) async fn put(&self, by: &Api, document: &str) -> Answer {
        self.write(by, Method::PUT, document, None).await
    }

    pub(crate) async fn patch(&self, by: &Api, document: &str) -> Answer {
        self.write(by, Method::PATCH, document, None).await
    }

    /// Asserts that a response contains exactly this document, byte by byte.
    #[track_caller]
    pub(crate) fn holds(&self, answer: &Answer, document: &str) {
        answer.is(200);
        let text = answer.text();
        assert!(text.contains(&format!("\"{}\":{document},", self.member)), "{document}: {text}");
    }

    /// The methods that write the document.
    pub(crate) fn methods(&self) -> &'static [Method] {
        if self.merges { &[Method::PUT, Method::PATCH] } else { &[Method::PUT] }
    }
}

pub(crate) fn tag(answer: &Answer) -> String {
    answer.header("etag").map_or_else(|| panic!("no ETag: {}", answer.text()), str::to_owned)
}
