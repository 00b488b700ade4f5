//! The code of `docs/sign-in.md` in a browser: sign-in, refresh, second factors and recent authentication.

use serde_json::{Value, json};
use tessera_tests::{
    browser::{Browser, Tab},
    database::Backend,
    on_both,
    process::{Installation, free_port},
    read_workspace_file,
    test_org::{PASSWORD, Person, Service},
    totp_app::TotpApp,
};

on_both! {
    the_documented_client_signs_in_refreshes_and_proves_again
}

/// All code of the page, as one script for pages of the service itself.
fn documented_script() -> String {
    let page = read_workspace_file("docs/sign-in.md");
    let blocks = page.split("```js\n").skip(1).filter_map(|rest| rest.split_once("```").map(|(code, _)| code));
    let code: String = blocks.collect();
    let (elsewhere, here) = ("https://accounts.example.com/api/v1", "/api/v1");
    assert!(code.contains(elsewhere), "{code}");
    code.replace(elsewhere, here).replace("export ", "")
}

/// The result of a call of the script, or the text of its error.
async fn run(tab: &Tab, call: &str) -> Value {
    tab.evaluate(&format!("(async () => {call})().catch((error) => String(error))")).await
}

/// A service at an address that a browser can reach, a user, and a page of the service with the script.
async fn open(backend: Backend) -> (Service, Person, Browser, Tab) {
    let url = format!("127.0.0.1:{}", free_port());
    let issuer = url.replace("127.0.0.1", "http://localhost");
    let installation = Installation::new(backend).await.set("TESSERA_LISTEN", &url);
    // Nothing tells a cache of sessions that a test has changed one in the database.
    let installation = installation.set("TESSERA_CREDENTIAL_CACHE_MIB", "0");
    let service = Service::on(installation.set("TESSERA_PUBLIC_URL", &issuer));
    let person = Person::register(&service.api()).await;
    let browser = Browser::start().await;
    let tab = browser.tab().await;
    tab.go_and_see(&format!("{issuer}/docs"), "Registration, sign-in, sign-out and service tokens").await;
    tab.add_authenticator().await;
    tab.evaluate(&documented_script()).await;
    (service, person, browser, tab)
}

/// Signs in with the factors of the script, in this order, each a function of the problem.
fn sign_in(person: &Person, factors: &str) -> String {
    let (email, password) = (json!(person.email), json!(PASSWORD));
    format!(
        "{{ const factors = [{factors}]; return signIn({email}, {password}, (problem) => factors.shift()(problem)); }}"
    )
}

async fn the_documented_client_signs_in_refreshes_and_proves_again(backend: Backend) {
    let (service, person, _browser, tab) = open(backend).await;
    let login = run(&tab, &sign_in(&person, "")).await;
    assert_eq!(login["user"]["id"], json!(person.id), "{login}");
    assert_eq!(tab.evaluate("localStorage.getItem(DEVICE_KEY)").await, login["device_token"]);
    refreshes(&tab).await;
    let codes = adds_an_app(&tab).await;
    let passkey = run(&tab, "addPasskey('/api/v1', load().token, 'Laptop')").await;
    assert_eq!(passkey["recovery_codes"], Value::Null, "{passkey}");
    // The device token is valid, so there is no new one.
    let factors = "() => ({ totp: '000000' }), passkeyFactor";
    let login = run(&tab, &sign_in(&person, factors)).await;
    assert_eq!((&login["user"]["id"], &login["device_token"]), (&json!(person.id), &Value::Null), "{login}");
    let code = json!(codes[0]);
    let factors = format!(
        "() => ({{ credential: {{}} }}), (problem) => {{ window.__options = problem.passkey_options; \
            return {{ recovery_code: {code} }}; }}"
    );
    let login = run(&tab, &sign_in(&person, &factors)).await;
    assert_eq!(login["user"]["id"], json!(person.id), "{login}");
    assert_eq!(tab.evaluate("__options === null").await, true, "a wrong passkey uses up its options");
    if matches!(backend, Backend::Postgres) {
        proves_again(&service, &tab).await;
    }
}

/// A token that has expired, and one that is rejected, are replaced. Concurrent calls do no harm.
async fn refreshes(tab: &Tab) {
    for change in ["expires_at: new Date(0).toISOString()", "token: 'no.token.here'"] {
        let before = tab.evaluate("load()").await;
        tab.evaluate(&format!("localStorage.setItem(KEY, JSON.stringify({{ ...load(), {change} }}))")).await;
        let calls = "Promise.all(Array.from({ length: 5 }, async () => (await call('/users/me')).status))";
        assert_eq!(run(tab, calls).await, json!([200, 200, 200, 200, 200]), "{change}");
        let after = tab.evaluate("load()").await;
        assert_ne!(
            (&after["token"], &after["refresh_token"]),
            (&before["token"], &before["refresh_token"]),
            "{change}"
        );
        assert_eq!(after["session_id"], before["session_id"], "{change}");
    }
}

/// Adds an authenticator app, with a wrong code first. Returns the recovery codes.
async fn adds_an_app(tab: &Tab) -> Vec<String> {
    let start = "void (window.__added = addAuthenticatorApp((url, secret) => { window.__secret = secret; }, \
        () => new Promise((resolve) => { window.__answer = resolve; })))";
    tab.evaluate(start).await;
    let answer = async |code: &str| {
        tab.until("the question for a code", "!!window.__answer").await;
        let code = json!(code);
        tab.evaluate(&format!("(() => {{ const answer = __answer; window.__answer = null; answer({code}); }})()"))
            .await;
    };
    answer("abc").await;
    tab.until("the next question", "!!window.__answer").await;
    let secret = tab.evaluate("__secret").await;
    let app = TotpApp::with_secret(secret.as_str().unwrap_or_default());
    answer(&app.code()).await;
    let codes = run(tab, "__added").await;
    let texts = codes.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let texts: Vec<String> = texts.collect();
    assert_eq!(texts.len(), 10, "{codes}");
    texts
}

/// The session is not recent any more, so that an operation asks for the password and a second factor.
async fn proves_again(service: &Service, tab: &Tab) {
    let earlier = "UPDATE sessions SET authenticated_at = authenticated_at - interval '10 minutes'";
    service.installation.database().execute(earlier).await;
    let password = json!(PASSWORD);
    let ask = format!("() => {{ window.__asked = true; return {password}; }}");
    let call = format!("withRecentAuthentication('/users/me/mfa/totp', {{ method: 'DELETE' }}, {ask}, passkeyFactor)");
    assert_eq!(run(tab, &format!("(await {call}).status")).await, 204);
    assert_eq!(tab.evaluate("__asked").await, true);
}
