//! A client that says what it got.

use std::time::Duration;

use reqwest::{
    Method, RequestBuilder,
    header::{HeaderMap, HeaderValue},
    redirect::Policy,
};
use serde_json::Value;

/// Under which every operation of version 1 lives.
pub const BASE: &str = "/api/v1";

/// How a caller proves themselves.
#[derive(Debug, Clone)]
pub enum Credential {
    None,
    /// `Authorization: Bearer …`, a user token or a key.
    Bearer(String),
    /// `X-API-Key: …`.
    Key(String),
}

/// A caller of the service.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    url: String,
    credential: Credential,
    cookie: Option<String>,
}

impl Api {
    /// A caller without a credential.
    ///
    /// # Panics
    /// When no client can be built.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(Duration::from_mins(1));
        let http = http.build();
        let http = http.unwrap_or_else(|error| panic!("no client: {error}"));
        Self { http, url: url.to_owned(), credential: Credential::None, cookie: None }
    }

    /// The same caller with another credential.
    #[must_use]
    pub fn with(&self, credential: Credential) -> Self {
        Self { credential, ..self.clone() }
    }

    /// The same caller with a token, or a key, in `Authorization`.
    #[must_use]
    pub fn bearer(&self, token: &str) -> Self {
        self.with(Credential::Bearer(token.to_owned()))
    }

    /// The same caller with a key in `X-API-Key`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with(Credential::Key(key.to_owned()))
    }

    /// The same caller with a cookie.
    #[must_use]
    pub fn with_cookie(&self, cookie: &str) -> Self {
        Self { cookie: Some(cookie.to_owned()), ..self.clone() }
    }

    /// The same caller, without any credential.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        self.with(Credential::None)
    }

    /// The same caller at another node.
    #[must_use]
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// A request to any path, with the credential and nothing else.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        let request = match &self.cookie {
            Some(cookie) => request.header("Cookie", cookie),
            None => request,
        };
        match &self.credential {
            Credential::None => request,
            Credential::Bearer(token) => request.bearer_auth(token),
            Credential::Key(key) => request.header("X-API-Key", key),
        }
    }

    /// A request to any path, with a JSON body where there is one.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.request(method, path);
        send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// GET an operation of version 1.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, &format!("{BASE}{path}"), None).await
    }

    /// POST to an operation of version 1.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, &format!("{BASE}{path}"), Some(body)).await
    }

    /// PUT to an operation of version 1.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, &format!("{BASE}{path}"), Some(body)).await
    }

    /// DELETE something of version 1.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, &format!("{BASE}{path}"), None).await
    }

    /// GET any path.
    pub async fn get_root(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }
}

/// Sends a request and takes the whole answer.
///
/// # Panics
/// When none comes.
pub async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
}

/// Sends a request and takes the whole answer.
///
/// # Errors
/// When none comes, or not the whole of it.
pub async fn try_send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok(Answer { status, headers, body: answer.bytes().await?.to_vec() })
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, when it came once and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(HeaderValue::to_str).and_then(Result::ok)
    }

    /// The body as JSON; `null` when there is none.
    ///
    /// # Panics
    /// When it is something else.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }

    /// The body of an answer that has this status.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    #[must_use]
    pub fn expecting(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// Says only that the answer has this status.
    ///
    /// # Panics
    /// When it has another.
    #[track_caller]
    pub fn is(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text());
    }

    /// The problem, which is of that status and code and complete in all its members.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "most tests are content that it is this problem")]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.any_problem(status);
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }

    /// A problem of that status, whatever its code.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    #[must_use]
    pub fn any_problem(&self, status: u16) -> Value {
        let problem = self.expecting(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        let code = problem["code"].as_str().unwrap_or_else(|| panic!("no code: {problem}"));
        let kind = problem["type"].as_str().unwrap_or_default();
        assert!(kind.starts_with("http") && kind.ends_with(&format!("/problems/{code}")), "{problem}");
        for member in ["title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "no {member}: {problem}");
        }
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{problem}");
        problem
    }

    /// The pointers of all faults that a 400 names, sorted.
    ///
    /// # Panics
    /// When it is no 400, or a fault has no code or detail.
    #[track_caller]
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let problem = self.problem(400, "invalid_body");
        let faults = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {problem}"));
        let complete = |fault: &Value| fault["code"].is_string() && fault["detail"].is_string();
        assert!(faults.iter().all(complete), "{problem}");
        let mut pointers: Vec<String> =
            faults.iter().filter_map(|fault| fault["pointer"].as_str()).map(str::to_owned).collect();
        assert_eq!(pointers.len(), faults.len(), "a fault without a pointer: {problem}");
        pointers.sort();
        pointers
    }
}

/// A member of an answer that is text.
///
/// # Panics
/// When it is not.
#[track_caller]
#[must_use]
pub fn text_of(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no text at {member}: {value}")).to_owned()
}
