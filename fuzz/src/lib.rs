//! The HTTP API on the fakes of testkit, as the target of the fuzz tests.

#[path = "../../crates/api/tests/http/support.rs"]
#[allow(dead_code, reason = "the edge's own tests use more of it")]
mod support;

#[path = "../../crates/http-guard/tests/framing/beside.rs"]
mod beside;

use std::{cell::OnceCell, future::Future, pin::Pin, rc::Rc};

use actix_http::Request;
use actix_web::{
    body::to_bytes,
    http::{header::CONTENT_TYPE, uri::PathAndQuery},
    rt::Runtime,
    test::{TestRequest, call_service, init_service},
};
use tessera_api::Api;

use support::{TestServer, WithCredentials, get, post};

/// Asserts that the framing finds the ends of requests where the decoder does. The cost is the square of the length, and longer
/// inputs show nothing new.
pub fn frame(bytes: &[u8]) {
    beside::sees_the_same(&bytes[..bytes.len().min(512)]);
}

thread_local! {
    // Never dropped: at the end of the thread, the runtime that it needs may not exist any more.
    static TARGET: OnceCell<&'static Target> = const { OnceCell::new() };
}

type Serve = Box<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Answer>>>>;

struct Answer {
    status: u16,
    kind: String,
    body: Vec<u8>,
}

/// A service with an organization and an application, and the token of their owner.
pub struct Target {
    runtime: Runtime,
    serve: Serve,
    token: String,
    organization: String,
    application: String,
}

impl Target {
    /// Calls `throw` with the service of this thread.
    pub fn with(throw: impl FnOnce(&Self)) {
        TARGET.with(|target| throw(target.get_or_init(|| Box::leak(Box::new(Self::new())))));
    }

    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let server = TestServer::new();
        let (token, organization, application) = runtime.block_on(async {
            let token = server.sign_up("grace").await;
            let organization = server.create_org(&token).await;
            let application = server.launch(&token, &organization).await;
            (token, organization, application)
        });
        let app = Rc::new(runtime.block_on(init_service(Api::new(server.services.clone()).app())));
        let serve: Serve = Box::new(move |request| {
            let app = Rc::clone(&app);
            Box::pin(async move {
                let response = call_service(&*app, request).await;
                let status = response.status().as_u16();
                let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
                let kind = kind.unwrap_or_default().to_owned();
                let body = to_bytes(response.into_body()).await.map_err(|_| "the body broke off").expect("a body");
                Answer { status, kind, body: body.to_vec() }
            })
        });
        Self { runtime, serve, token, organization, application }
    }

    /// Lists members with that query, as far as a query can hold it.
    pub fn list(&self, query: &str) {
        let path = format!("/orgs/{}/members", self.organization);
        if format!("/api/v1{path}?{query}").parse::<PathAndQuery>().is_ok() {
            self.throw(get(&format!("{path}?{query}")));
        }
    }

    /// Sends a body to the operations that read most of one.
    pub fn put(&self, body: &[u8]) {
        let json = |request: TestRequest| {
            self.throw(request.insert_header((CONTENT_TYPE, "application/json")).set_payload(body.to_vec()));
        };
        json(post(&format!("/apps/{}/inventory", self.application)));
        json(post(&format!("/apps/{}/apikeys", self.application)));
        json(post(&format!("/orgs/{}/apps", self.organization)));
        json(post("/apikeys/verify"));
    }

    /// Never a failure of ours, and a problem is always a whole one.
    fn throw(&self, request: TestRequest) {
        let answer = self.runtime.block_on((self.serve)(request.bearer(&self.token).to_request()));
        assert!(answer.status < 500, "{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
        if answer.status >= 400 {
            assert_eq!(answer.kind, "application/problem+json");
            let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("a problem");
            assert_eq!(problem["status"], answer.status);
            assert!(problem["code"].is_string() && problem["request_id"].is_string());
        }
    }
}
