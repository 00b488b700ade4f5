//! One tab: what a person does in it, and what they see.

use std::{path::PathBuf, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::pipe::Pipe;
use crate::eventually;

/// How long a page may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// A tab.
#[derive(Clone)]
pub struct Tab {
    pub(super) pipe: Arc<Pipe>,
    pub(super) session: String,
}

impl Tab {
    pub(super) async fn open(pipe: &Arc<Pipe>, target: Value) -> Self {
        let target = pipe.call(None, "Target.createTarget", target).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = pipe.call(None, "Target.attachToTarget", attach).await;
        let session = attached["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {attached}")).to_owned();
        let tab = Self { pipe: Arc::clone(pipe), session };
        tab.call("Page.enable", json!({})).await;
        tab.call("Runtime.enable", json!({})).await;
        tab
    }

    pub(super) async fn call(&self, method: &str, params: Value) -> Value {
        self.pipe.call(Some(&self.session), method, params).await
    }

    /// Types an address.
    ///
    /// # Panics
    /// When nobody answers there.
    pub async fn go(&self, url: &str) {
        let gone = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(gone["errorText"].is_null(), "{url}: {gone}");
    }

    /// Presses the back button.
    ///
    /// # Panics
    /// When there is nothing to go back to.
    pub async fn back(&self) {
        let history = self.call("Page.getNavigationHistory", json!({})).await;
        let current =
            history["currentIndex"].as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or_default();
        assert!(current > 0, "nothing to go back to: {history}");
        let entry = history["entries"][current - 1]["id"].clone();
        self.call("Page.navigateToHistoryEntry", json!({ "entryId": entry })).await;
    }

    /// What an expression comes to on the page; `null` while the page changes.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        self.call("Runtime.evaluate", params).await["result"]["value"].clone()
    }

    /// Waits until the page shows something.
    pub async fn sees(&self, text: &str) {
        let quoted = json!(text);
        self.until(text, &format!("document.body?.innerText.includes({quoted})")).await;
    }

    /// Types an address and waits until the page shows something.
    pub async fn go_and_see(&self, url: &str, text: &str) {
        self.go(url).await;
        self.sees(text).await;
    }

    /// Waits until an expression is true.
    pub async fn until(&self, what: &str, expression: &str) {
        let what = format!("{what} on the page");
        eventually(&what, PATIENCE, || async {
            let params = json!({ "expression": expression, "returnByValue": true });
            (self.call("Runtime.evaluate", params).await["result"]["value"] == true).then_some(())
        })
        .await;
    }

    /// Clicks on what a selector finds, once it is there.
    pub async fn click(&self, selector: &str) {
        let found = format!("document.querySelector({})", json!(selector));
        self.until(selector, &format!("!!{found} && {found}.checkVisibility()")).await;
        self.evaluate(&format!("{found}.click()")).await;
    }

    /// Types a text into a field, once it is there.
    pub async fn types(&self, field: &str, text: &str) {
        self.click(field).await;
        self.evaluate(&format!("document.querySelector({}).focus()", json!(field))).await;
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key, as on a keyboard.
    pub async fn press(&self, key: &str, code: u8) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let params = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", params).await;
        }
    }

    /// The address in the address bar.
    pub async fn address(&self) -> String {
        self.evaluate("location.href").await.as_str().unwrap_or_default().to_owned()
    }

    /// Makes the browser forget its cookies.
    pub async fn clear_cookies(&self) {
        self.call("Network.clearBrowserCookies", json!({})).await;
    }

    /// Sets the size of the window, and whether the system is dark.
    pub async fn look(&self, width: u32, height: u32, scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 2, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features).await;
    }

    /// Keeps a picture of the page among the artefacts of the build.
    ///
    /// # Panics
    /// When it can't be written.
    pub async fn picture(&self, name: &str) {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" })).await;
        let bytes = STANDARD.decode(shot["data"].as_str().unwrap_or_default());
        let bytes = bytes.unwrap_or_else(|error| panic!("no picture: {error}"));
        let file = pictures().join(format!("{name}.png"));
        std::fs::write(&file, bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// What the page wanted to load and the policy refused, from now on: the browser says so in the console.
    pub async fn watch_policy(&self) {
        let script = "window.__refused = []; \
            addEventListener('securitypolicyviolation', (event) => __refused.push(event.blockedURI))";
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }
}

/// `screenshots` in the target directory.
fn pictures() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("where is this test? {error}"));
    let target = test.ancestors().nth(3).unwrap_or_else(|| panic!("{} is nowhere", test.display()));
    let directory = target.join("screenshots");
    std::fs::create_dir_all(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    directory
}
