//! What the fuzz targets check: the same functions as the tests that run their seeds.

#[path = "../../crates/api/tests/http/any_input.rs"]
#[allow(dead_code, reason = "its tests are left out")]
mod any_input;

#[path = "../../crates/api/tests/http/domains.rs"]
mod domains;

#[path = "../../crates/http-guard/tests/framing/beside.rs"]
mod beside;

#[path = "../../crates/api/tests/http/support.rs"]
#[allow(dead_code, reason = "the tests of the API use more of it")]
mod support;

use std::cell::OnceCell;

use actix_web::rt::Runtime;

use support::TestApp;

pub fn api_key(text: &str) {
    any_input::api_key(text);
}

pub fn sign_in_message(text: &str) {
    any_input::sign_in_message(text);
}

/// Asserts that the framing finds the ends of requests where the decoder does. The cost is the square of the length, and longer
/// inputs show nothing new.
pub fn frame(bytes: &[u8]) {
    beside::sees_the_same(&bytes[..bytes.len().min(512)]);
}

pub fn query(text: &str) {
    with_app(|runtime, app| runtime.block_on(any_input::query(app, text)));
}

pub fn body(bytes: &[u8]) {
    with_app(|runtime, app| runtime.block_on(any_input::body(app, bytes)));
}

thread_local! {
    // Never dropped: at the end of the thread, the runtime that it needs may not exist any more.
    static APP: OnceCell<&'static (Runtime, TestApp)> = const { OnceCell::new() };
}

fn with_app(check: impl FnOnce(&Runtime, &TestApp)) {
    APP.with(|app| {
        let (runtime, app) = app.get_or_init(|| {
            let runtime = Runtime::new().expect("a runtime");
            let app = runtime.block_on(TestApp::new());
            Box::leak(Box::new((runtime, app)))
        });
        check(runtime, app);
    });
}
