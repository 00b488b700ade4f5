//! Traces: what a collector receives, and that no request and no end of the process waits for one.

use std::{collections::BTreeMap, time::Duration};

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use reqwest::Method;
use serde_json::{Value, json};
use tessera_tests::{
    api::{BASE, send},
    collector::{Collector, ENDPOINT, ReceivedSpan},
    database::Backend,
    http_server::HttpServer,
    on_both, on_sqlite,
    process::{Installation, Node, free_port},
    test_org::{Service, TestOrg},
    wallet::EvmWallet,
};

/// Timeout for the end of a process, which waits two seconds for a collector, and one for idle clients.
const STOP: Duration = Duration::from_secs(15);

/// How long a node would wait for a collector if nothing limited that.
const FOR_EVER: &str = "600000";

on_both! {
    a_collector_receives_the_spans_of_requests_and_their_parts
}

on_sqlite! {
    only_trusted_proxies_choose_the_trace
    a_trace_that_is_not_sampled_is_not_exported
    no_request_waits_for_a_collector_that_is_gone_silent_or_failing
    without_the_setting_there_are_no_traces
    failures_of_the_service_are_errors_of_their_spans
}

/// The lines of requests with this route.
fn lines(node: &Node, route: &str) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    node.log().lines().map(parse).filter(|line: &Value| line["route"] == route).collect()
}

/// The only line of a request with this route.
fn line(node: &Node, route: &str) -> Value {
    let lines = lines(node, route);
    let [line] = &lines[..] else { panic!("{lines:?}") };
    line.clone()
}

fn attributes(method: &str, route: &str, status: &str, request_id: &str) -> BTreeMap<String, String> {
    let [method_label, route_label] = [("http.request.method", method), ("http.route", route)];
    let labels = [method_label, route_label, ("http.response.status_code", status), ("request_id", request_id)];
    labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Stops a node, which exports all spans before its end.
async fn stop(node: &mut Node) {
    node.terminate();
    assert_eq!(node.wait(STOP).await.code(), Some(0), "{}", node.log());
}

/// Creates something of all kinds: accounts, tokens, an invitation by mail, and a sign-in with the wallet of a contract.
async fn traced_service(backend: Backend, collector: &Collector, chain: &HttpServer) -> TestOrg {
    let installation = Installation::new(backend).await.set("TESSERA_RPC_ETHEREUM", chain.url());
    let acme = TestOrg::open_on(collector.traces(installation)).await;
    let invited = json!({"email": "a@example.com", "role": "member"});
    acme.owner.post(&format!("/orgs/{}/invitations", acme.org), &invited).await.is(201);
    let wallet = EvmWallet::new();
    let challenge = acme.api().post("/auth/web3/challenge", &wallet.named("ethereum")).await.expecting(200);
    let mut proof = wallet.proof("ethereum", &challenge);
    proof["signature"] = "0x00".into();
    acme.api().post("/auth/web3/verify", &proof).await.is(401);
    acme
}

async fn a_collector_receives_the_spans_of_requests_and_their_parts(backend: Backend) {
    let collector = Collector::start().await;
    // Both the id of the chain and a call return 1, which is not what a contract returns for its signature.
    let chain = HttpServer::start(|_| Some((200, r#"{"jsonrpc":"2.0","id":1,"result":"0x01"}"#.to_owned()))).await;
    let TestOrg { mut service, .. } = traced_service(backend, &collector, &chain).await;
    let mail = collector.receives("the mail", |span| span.name == "mail").await;
    stop(&mut service.node).await;
    let spans = collector.spans();
    for (method, route, status, parts) in [
        ("POST", "/api/v1/auth/register", "201", vec!["password hash", "transaction"]),
        ("POST", "/api/v1/auth/login", "200", vec!["password hash", "signature", "transaction"]),
        ("POST", "/api/v1/orgs/{orgId}/invitations", "201", vec!["transaction"]),
        ("POST", "/api/v1/auth/web3/verify", "401", vec!["chain request", "signature"]),
    ] {
        let line = line(&service.node, route);
        let request = spans.iter().find(|span| span.name == format!("{method} {route}"));
        let request = request.unwrap_or_else(|| panic!("no span of {route}"));
        let [trace_id, request_id] = ["trace_id", "request_id"].map(|name| line[name].as_str().unwrap_or_default());
        assert_eq!(request.attributes, attributes(method, route, status, request_id));
        assert!(request.trace == trace_id && request.trace.len() == 32, "{request:?}: {line}");
        assert!(request.parent.is_empty() && request.kind == SpanKind::Server && !request.is_error, "{request:?}");
        let mut found: Vec<&str> =
            spans.iter().filter(|span| span.parent == request.id).map(|span| span.name.as_str()).collect();
        found.sort_unstable();
        found.dedup();
        assert!(parts.iter().all(|part| found.contains(part)), "{route}: {found:?}");
    }
    check_all(&spans);
    assert!(mail.parent.is_empty() && mail.kind == SpanKind::Client, "{mail:?}");
    let resource = collector.resource();
    assert_eq!(resource.get("service.name").map(String::as_str), Some("tessera"));
    assert!(resource.contains_key("service.version") && !resource.contains_key("host.name"), "{resource:?}");
}

/// Checks that each span is that of a request, of a mail, or a part of one without attributes.
fn check_all(spans: &[ReceivedSpan]) {
    for span in spans {
        let root = span.kind == SpanKind::Server || span.name == "mail";
        assert_eq!(root, span.parent.is_empty(), "{span:?}");
        if span.kind == SpanKind::Server {
            assert_eq!(span.attributes.len(), 4, "{span:?}");
            continue;
        }
        assert!(span.attributes.is_empty(), "{span:?}");
        let parts = ["mail", "transaction", "password hash", "signature", "chain request"];
        assert!(parts.contains(&span.name.as_str()), "{span:?}");
        let parent = spans.iter().find(|other| other.id == span.parent);
        assert!(span.name == "mail" || parent.is_some_and(|parent| parent.trace == span.trace), "{span:?}");
    }
}

async fn only_trusted_proxies_choose_the_trace(backend: Backend) {
    let collector = Collector::start().await;
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let sampled = format!("00-{trace}-{parent}-01");
    for (proxies, sent, continues) in [
        ("127.0.0.0/8", vec![sampled.as_str()], true),
        ("192.0.2.0/24", vec![sampled.as_str()], false),
        ("127.0.0.0/8", vec![sampled.as_str(), sampled.as_str()], false),
        ("127.0.0.0/8", vec!["00-4bf92f3577b34da6a3ce929d0e0e4736"], false),
        ("127.0.0.0/8", vec![], false),
    ] {
        let installation = collector.traces(Installation::new(backend).await).set("TESSERA_TRUSTED_PROXIES", proxies);
        let service = Service::on(installation);
        let request =
            service.api().request(Method::GET, &format!("{BASE}/users/me")).header("tracestate", "vendor=chosen");
        let request = sent.iter().fold(request, |request, value| request.header("traceparent", *value));
        send(request.header("X-Forwarded-For", "192.0.2.1")).await.is(401);
        let line = line(&service.node, "/api/v1/users/me");
        let id = line["trace_id"].as_str().unwrap_or_default().to_owned();
        assert_eq!(id == trace, continues, "{proxies} {sent:?}: {line}");
        let span = collector.receives("the span", |span| span.trace == id && span.kind == SpanKind::Server).await;
        assert_eq!(span.parent, if continues { parent } else { "" }, "{span:?}");
    }
    assert!(!collector.has("vendor"), "the state of the client's trace is in a span");
}

async fn a_trace_that_is_not_sampled_is_not_exported(backend: Backend) {
    for (sampler, ratio, exported) in [("traceidratio", "0", false), ("parentbased_traceidratio", "1", true)] {
        let collector = Collector::start().await;
        let installation = collector.traces(Installation::new(backend).await);
        let installation = installation.set("OTEL_TRACES_SAMPLER", sampler).set("OTEL_TRACES_SAMPLER_ARG", ratio);
        // Only the end of the process exports the spans.
        let mut service = Service::on(installation.set("OTEL_BSP_SCHEDULE_DELAY", FOR_EVER));
        let unknown = json!({"email": "a@example.com", "password": "wrong"});
        service.api().post("/auth/login", &unknown).await.is(401);
        stop(&mut service.node).await;
        let line = line(&service.node, "/api/v1/auth/login");
        assert_eq!(line["trace_id"].as_str().map(str::len), Some(32), "{line}");
        let spans = collector.spans();
        assert_eq!(spans.iter().any(|span| span.name == "POST /api/v1/auth/login"), exported, "{sampler}: {spans:?}");
        assert_eq!(spans.is_empty(), !exported, "{sampler}: {spans:?}");
    }
    // A trusted proxy that does not sample a trace decides for this service too.
    let collector = Collector::start().await;
    let installation = collector.traces(Installation::new(backend).await);
    let mut service = Service::on(installation.set("TESSERA_TRUSTED_PROXIES", "127.0.0.0/8"));
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request =
        service.api().request(Method::GET, &format!("{BASE}/users/me")).header("X-Forwarded-For", "192.0.2.1");
    send(request.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-00"))).await.is(401);
    stop(&mut service.node).await;
    assert_eq!(line(&service.node, "/api/v1/users/me")["trace_id"], trace);
    assert!(!collector.spans().iter().any(|span| span.trace == trace));
}

async fn no_request_waits_for_a_collector_that_is_gone_silent_or_failing(backend: Backend) {
    let silent = HttpServer::start(|_| None).await;
    let failing = HttpServer::start(|_| Some((500, "marker-of-the-collector".to_owned()))).await;
    let gone = format!("http://127.0.0.1:{}", free_port());
    for url in [gone.as_str(), silent.url(), failing.url()] {
        let installation = Installation::new(backend).await.set(ENDPOINT, url).set("OTEL_BSP_SCHEDULE_DELAY", "10");
        let installation = installation.set("OTEL_BSP_MAX_QUEUE_SIZE", "16").set("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4");
        let mut service = Service::on(installation.set("OTEL_EXPORTER_OTLP_TIMEOUT", FOR_EVER));
        let api = service.api();
        // Many more spans than the queue holds.
        for _ in 0..100 {
            api.get("/users/me").await.is(401);
        }
        stop(&mut service.node).await;
        let log = service.node.log();
        let failures = log.lines().filter(|line| line.contains("spans are lost until the collector")).count();
        assert_eq!(failures, usize::from(url != silent.url()), "{url}: {log}");
        assert!(!log.contains("marker-of-the-collector"), "{log}");
    }
    assert!(silent.connections() == 1 && failing.connections() > 1, "{}", failing.connections());
}

async fn without_the_setting_there_are_no_traces(backend: Backend) {
    let collector = Collector::start().await;
    // Only one variable enables traces, and an empty one counts as unset.
    let installation = Installation::new(backend).await.set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.url());
    let installation = installation.set(ENDPOINT, "").set("OTEL_BSP_SCHEDULE_DELAY", "10");
    let mut service = Service::on(installation.set("TESSERA_LOG", "trace").set("OTEL_TRACES_SAMPLER", "invalid"));
    service.api().get("/users/me").await.is(401);
    stop(&mut service.node).await;
    assert_eq!(line(&service.node, "/api/v1/users/me")["trace_id"], Value::Null);
    assert_eq!(collector.connections(), 0);
}

async fn failures_of_the_service_are_errors_of_their_spans(backend: Backend) {
    let collector = Collector::start().await;
    let gone = format!("http://127.0.0.1:{}/", free_port());
    let installation = Installation::new(backend).await.set("TESSERA_RPC_ETHEREUM", &gone);
    let service = Service::on(collector.traces(installation));
    let (api, wallet) = (service.api(), EvmWallet::new());
    let challenge = api.post("/auth/web3/challenge", &wallet.named("ethereum")).await.expecting(200);
    let mut proof = wallet.proof("ethereum", &challenge);
    proof["signature"] = "0x00".into();
    api.post("/auth/web3/verify", &proof).await.is(503);
    let span = collector.receives("the failure", |span| span.name.ends_with("/web3/verify")).await;
    assert!(span.is_error && span.attributes["http.response.status_code"] == "503", "{span:?}");
    // An unknown method and path are labels without what the client sent.
    let method = Method::from_bytes(b"BREW").unwrap_or_else(|error| panic!("{error}"));
    send(api.request(method, "/marker-of-a-path")).await.is(404);
    let span = collector.receives("the unknown path", |span| span.name.starts_with('_')).await;
    let shown: Vec<&str> =
        span.attributes.iter().filter(|(name, _)| *name != "request_id").map(|(_, v)| &**v).collect();
    assert!(span.name == "_OTHER" && shown == ["_OTHER", "404", ""] && !span.is_error, "{span:?}");
    assert!(!collector.has("marker-of-a-path") && !collector.has("BREW"));
}
