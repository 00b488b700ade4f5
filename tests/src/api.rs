//! HTTP client of the API, with assertions on its responses.

use std::time::Duration;

use reqwest::{
    Method, RequestBuilder,
    header::{HeaderMap, HeaderValue},
    redirect::Policy,
};
use serde_json::Value;
use tokio::task::JoinSet;

/// Path prefix of all version 1 endpoints.
pub const BASE: &str = "/api/v1";

/// Credential of a caller.
#[derive(Debug, Clone)]
pub enum Credential {
    None,
    /// `Authorization: Bearer …` with an access token or an API key.
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
    /// Creates a caller without a credential.
    ///
    /// # Panics
    /// Panics if no client can be built.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).timeout(Duration::from_mins(1));
        // No test uses TLS here, and to read the certificates of the system takes longer than most requests.
        let http = http.tls_certs_only([]);
        // The service closes a connection after 5 s without a request. A request that meets the close has no response.
        let http = http.pool_idle_timeout(Duration::from_secs(2)).build();
        let http = http.unwrap_or_else(|error| panic!("no client: {error}"));
        Self { http, url: url.to_owned(), credential: Credential::None, cookie: None }
    }

    /// The same caller with another credential.
    #[must_use]
    pub fn with(&self, credential: Credential) -> Self {
        Self { credential, ..self.clone() }
    }

    /// The same caller with an access token or API key in `Authorization`.
    #[must_use]
    pub fn bearer(&self, token: &str) -> Self {
        self.with(Credential::Bearer(token.to_owned()))
    }

    /// The same caller with an API key in `X-API-Key`.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.with(Credential::Key(key.to_owned()))
    }

    /// The same caller with a cookie.
    #[must_use]
    pub fn with_cookie(&self, cookie: &str) -> Self {
        Self { cookie: Some(cookie.to_owned()), ..self.clone() }
    }

    /// The same caller without a credential.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        self.with(Credential::None)
    }

    /// The same caller at another node.
    #[must_use]
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// A request to any path, with the credential and no body.
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

    /// Sends a request to any path, with an optional JSON body.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.request(method, path);
        send(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// Sends GET to a version 1 endpoint.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, &format!("{BASE}{path}"), None).await
    }

    /// Sends POST to a version 1 endpoint.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, &format!("{BASE}{path}"), Some(body)).await
    }

    /// Sends PUT to a version 1 endpoint.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, &format!("{BASE}{path}"), Some(body)).await
    }

    /// Sends DELETE to a version 1 endpoint.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, &format!("{BASE}{path}"), None).await
    }

    /// Sends GET to any path.
    pub async fn get_root(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }
}

/// Sends a request and reads the complete response.
///
/// # Panics
/// Panics if there is no response.
pub async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.unwrap_or_else(|error| panic!("no answer: {error:?}"))
}

/// Sends all requests at the same time, and returns the responses in any order.
pub async fn at_once(requests: impl IntoIterator<Item = RequestBuilder>) -> Vec<Answer> {
    let running: JoinSet<Answer> = requests.into_iter().map(send).collect();
    running.join_all().await
}

/// Sends a request and reads the complete response.
///
/// # Errors
/// Fails if there is no response or if it is incomplete.
pub async fn try_send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok(Answer { status, headers, body: answer.bytes().await?.to_vec() })
}

/// A response.
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

    /// A header, if it occurs once and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(HeaderValue::to_str).and_then(Result::ok)
    }

    /// The body as JSON; `null` if it is empty.
    ///
    /// # Panics
    /// Panics if the body is not JSON.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }

    /// The body of a response that must have this status.
    ///
    /// # Panics
    /// Panics if the status differs.
    #[track_caller]
    #[must_use]
    pub fn expecting(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// Asserts the status of the response.
    ///
    /// # Panics
    /// Panics if the status differs.
    #[track_caller]
    pub fn is(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text());
    }

    /// The problem, which must have the status and the code and must be complete.
    ///
    /// # Panics
    /// Panics if it differs.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "most tests are content that it is this problem")]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.any_problem(status);
        assert_eq!(problem["code"], code, "{problem}");
        problem
    }

    /// The problem, which must have the status. The code may be any.
    ///
    /// # Panics
    /// Panics if the response is not such a problem.
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

    /// The envelope of a failure of the B3OS API, which must have the status and be complete.
    ///
    /// # Panics
    /// Panics if the response is not such an envelope.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "most tests are content that it is this failure")]
    pub fn failure(&self, status: u16) -> Value {
        let failure = self.expecting(status);
        assert_eq!(self.header("content-type"), Some("application/json"), "{failure}");
        assert_eq!(failure["code"], status, "{failure}");
        assert!(failure["message"].as_str().is_some_and(|text| !text.is_empty()), "no message: {failure}");
        assert_eq!(failure["requestId"].as_str(), self.header("x-request-id"), "{failure}");
        assert!(failure.get("data").is_none(), "{failure}");
        failure
    }

    /// The data of a success of the B3OS API, whose envelope must be complete.
    ///
    /// # Panics
    /// Panics if the response is not such a success.
    #[track_caller]
    #[must_use]
    pub fn data(&self) -> Value {
        let success = self.expecting(200);
        assert_eq!((&success["code"], &success["message"]), (&200.into(), &"success".into()), "{success}");
        assert_eq!(success["requestId"].as_str(), self.header("x-request-id"), "{success}");
        success["data"].clone()
    }

    /// The JSON Pointers of all field errors of a 400 response, sorted.
    ///
    /// # Panics
    /// Panics if the response is not a 400, or if a field error has no code or detail.
    #[track_caller]
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let envelope = self.header("content-type") == Some("application/json");
        let problem = if envelope { self.failure(400) } else { self.problem(400, "invalid_body") };
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

/// A text member of a response.
///
/// # Panics
/// Panics if the member is not text.
#[track_caller]
#[must_use]
pub fn text_of(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no text at {member}: {value}")).to_owned()
}
