//! Passkeys in a browser, with the code of `docs/sign-in.md`.

use serde_json::json;
use tessera_tests::{
    browser::Browser,
    database::Backend,
    on_both,
    process::{Installation, free_port},
    read_workspace_file,
    test_org::{Person, Service, sign_in},
};

on_both! {
    a_passkey_is_added_and_signs_in_without_a_password
}

/// The functions for passkeys of the page that applications copy.
pub(crate) fn documented_code() -> String {
    let page = read_workspace_file("docs/sign-in.md");
    let blocks = page.split("```js\n").skip(1).filter_map(|rest| rest.split_once("```").map(|(code, _)| code));
    let code: Vec<&str> = blocks.filter(|code| code.contains("Passkey(")).collect();
    assert_eq!(code.len(), 2, "one block adds a passkey, and one signs in");
    code.concat()
}

async fn a_passkey_is_added_and_signs_in_without_a_password(backend: Backend) {
    let port = free_port();
    let installation = Installation::new(backend)
        .await
        .set("TESSERA_LISTEN", &format!("127.0.0.1:{port}"))
        .set("TESSERA_PUBLIC_URL", &format!("http://localhost:{port}"));
    let service = Service::on(installation);
    let person = Person::register(&service.api()).await;
    let token = sign_in(&service.api(), &person.email).await;
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    // The policy of this page allows requests to the service itself.
    tab.go_and_see(&format!("http://localhost:{port}/docs"), "Registration, sign-in, sign-out and service tokens")
        .await;
    tab.add_authenticator().await;
    let code = documented_code();
    let run = |call: &str| format!("(async () => {{ {code}; return {call}; }})().catch((error) => String(error))");
    let script = run(&format!("addPasskey('/api/v1', {}, 'Laptop')", json!(token)));
    let added = tab.evaluate(&script).await;
    assert_eq!(added["passkey"]["name"], "Laptop", "{added}");
    let login = tab.evaluate(&run("signInWithPasskey('/api/v1')")).await;
    assert_eq!(login["user"]["id"], json!(person.id), "{login}");
    let listed = person.get("/users/me/passkeys").await.expecting(200);
    assert!(listed[0]["last_used_at"].is_string(), "{listed}");
}
