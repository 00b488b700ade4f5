//! A browser tab: user actions and assertions on the visible page.

use std::{path::PathBuf, sync::Arc, time::Duration};

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::pipe::Pipe;
use crate::eventually;

/// Timeout for every condition on a page.
const PATIENCE: Duration = Duration::from_secs(30);

/// Ends all animations but those that never end.
const SETTLE: &str = "document.getAnimations().filter((it) => it.effect.getComputedTiming().endTime !== Infinity) \
    .forEach((it) => it.finish())";

/// The looks of a page: name, width, height and color scheme.
const LOOKS: [(&str, u32, u32, &str); 4] = [
    ("light", 1000, 760, "light"),
    ("dark", 1000, 760, "dark"),
    ("phone", 390, 844, "light"),
    ("phone-dark", 390, 844, "dark"),
];

/// A browser tab.
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
        // Several tabs are open at once, and each must behave as if it had the focus.
        tab.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
        tab
    }

    pub(super) async fn call(&self, method: &str, params: Value) -> Value {
        self.pipe.call(Some(&self.session), method, params).await
    }

    /// Navigates to an address.
    ///
    /// # Panics
    /// Panics if the address does not respond.
    pub async fn go(&self, url: &str) {
        let gone = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(gone["errorText"].is_null(), "{url}: {gone}");
    }

    /// Presses the back button.
    ///
    /// # Panics
    /// Panics if there is no previous page.
    pub async fn back(&self) {
        let history = self.call("Page.getNavigationHistory", json!({})).await;
        let current =
            history["currentIndex"].as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or_default();
        assert!(current > 0, "nothing to go back to: {history}");
        let entry = history["entries"][current - 1]["id"].clone();
        self.call("Page.navigateToHistoryEntry", json!({ "entryId": entry })).await;
    }

    /// The value of an expression on the page; `null` while the page is being replaced.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        self.call("Runtime.evaluate", params).await["result"]["value"].clone()
    }

    /// Waits until the page is loaded and shows the text. A page shows its text before its scripts have run.
    pub async fn sees(&self, text: &str) {
        let quoted = json!(text);
        let shown = format!("document.readyState === 'complete' && document.body?.innerText.includes({quoted})");
        self.until(text, &shown).await;
    }

    /// Navigates to an address and waits until the page shows the text.
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

    /// Clicks the element that matches a selector, once it is visible.
    pub async fn click(&self, selector: &str) {
        let found = format!("document.querySelector({})", json!(selector));
        self.until(selector, &format!("!!{found} && {found}.checkVisibility()")).await;
        self.evaluate(&format!("{found}.click()")).await;
    }

    /// Double-clicks the element that matches a selector, with mouse events.
    ///
    /// # Panics
    /// Panics if the element has no position.
    pub async fn double_click(&self, selector: &str) {
        let found = format!("document.querySelector({})", json!(selector));
        self.until(selector, &format!("!!{found} && {found}.checkVisibility()")).await;
        let place = self.evaluate(&format!("{found}.getBoundingClientRect().toJSON()")).await;
        let middle = |start: &str, length: &str| {
            let (start, length) =
                place[start].as_f64().zip(place[length].as_f64()).unwrap_or_else(|| panic!("{place}"));
            start + length / 2.0
        };
        let (x, y) = (middle("x", "width"), middle("y", "height"));
        for (kind, count) in [("mousePressed", 1), ("mouseReleased", 1), ("mousePressed", 2), ("mouseReleased", 2)] {
            let params = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": count });
            self.call("Input.dispatchMouseEvent", params).await;
        }
    }

    /// Types a text into a field, once the field is visible.
    pub async fn types(&self, field: &str, text: &str) {
        self.click(field).await;
        self.evaluate(&format!("document.querySelector({}).focus()", json!(field))).await;
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key.
    pub async fn press(&self, key: &str, code: u8) {
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let params = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", params).await;
        }
    }

    /// Types text into a field, presses Enter, and waits until the page shows the expected text.
    pub async fn submit(&self, field: &str, text: &str, expected: &str) {
        self.types(field, text).await;
        self.press("Enter", 13).await;
        self.sees(expected).await;
    }

    /// The address in the address bar.
    pub async fn address(&self) -> String {
        self.evaluate("location.href").await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the browser has left the site for an address at which nothing listens. Returns that address.
    ///
    /// # Panics
    /// Panics if the browser has no such address.
    pub async fn unreachable_address(&self) -> String {
        self.until("an error", "location.protocol === 'chrome-error:'").await;
        let frames = self.call("Page.getFrameTree", json!({})).await;
        let address = frames["frameTree"]["frame"]["unreachableUrl"].as_str();
        address.unwrap_or_else(|| panic!("no address: {frames}")).to_owned()
    }

    /// The text of the focused element. The element must have a visible outline.
    ///
    /// # Panics
    /// Panics if the focus is not visible.
    pub async fn focus(&self) -> String {
        let seen = "(() => { const style = getComputedStyle(document.activeElement); \
            return document.activeElement.matches(':focus-visible') && style.outlineStyle === 'solid' \
                && parseFloat(style.outlineWidth) >= 2; })()";
        let text = self.evaluate("document.activeElement.textContent.trim()").await;
        assert_eq!(self.evaluate(seen).await, true, "the focus on {text} can't be seen");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Disables or restores the network.
    pub async fn offline(&self, offline: bool) {
        self.call("Network.enable", json!({})).await;
        let conditions = json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.call("Network.emulateNetworkConditions", conditions).await;
    }

    /// Holds back requests to matching addresses until [`Self::release`].
    pub async fn hold(&self, pattern: &str) {
        self.call("Fetch.enable", json!({ "patterns": [{ "urlPattern": pattern }] })).await;
    }

    /// Releases all requests.
    pub async fn release(&self) {
        self.call("Fetch.disable", json!({})).await;
    }

    /// Disables scripts on all pages that are loaded from now on.
    pub async fn without_scripts(&self) {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Runs a script first on every page that is loaded from now on.
    pub async fn prepare(&self, script: &str) {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Waits until all page timers of at most this many milliseconds have fired.
    pub async fn outlive_timers(&self, milliseconds: u32) {
        self.evaluate(&format!("new Promise((done) => setTimeout(done, {milliseconds}))")).await;
    }

    /// Sets the size of the window and the color scheme of the system.
    pub async fn look(&self, width: u32, height: u32, scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 2, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features).await;
    }

    /// Saves screenshots of the page in desktop and phone size, light and dark. Asserts that there is no horizontal
    /// scrolling, that all text has enough contrast (WCAG 2.2, 1.4.3), and that axe-core finds no violation.
    ///
    /// # Panics
    /// Panics if an assertion fails.
    pub async fn portray(&self, name: &str) {
        self.portray_in(name, &LOOKS).await;
    }

    /// The same for a page that is so long that each look takes many seconds: each width and each scheme once.
    ///
    /// # Panics
    /// Panics if an assertion fails.
    pub async fn portray_long(&self, name: &str) {
        self.portray_in(name, &LOOKS[1..3]).await;
    }

    async fn portray_in(&self, name: &str, looks: &[(&str, u32, u32, &str)]) {
        for &(suffix, width, height, scheme) in looks {
            self.look(width, height, scheme).await;
            // A color is checked when its transition has ended.
            self.evaluate(SETTLE).await;
            self.picture(&format!("{name}-{suffix}")).await;
            assert_eq!(self.evaluate(include_str!("legible.js")).await, json!([]), "{name}, {suffix}");
            assert_eq!(self.violations().await, json!([]), "{name}, {suffix}");
        }
    }

    /// Saves a screenshot of the complete page to the build artifacts.
    ///
    /// # Panics
    /// Panics if the file can't be written.
    pub async fn picture(&self, name: &str) {
        let mut whole = self.call("Page.getLayoutMetrics", json!({})).await["cssContentSize"].take();
        whole["scale"] = json!(1);
        let params = json!({ "format": "png", "captureBeyondViewport": true, "clip": whole });
        let shot = self.call("Page.captureScreenshot", params).await;
        let bytes = BASE64.decode(shot["data"].as_str().unwrap_or_default().as_bytes());
        let bytes = bytes.unwrap_or_else(|error| panic!("no picture: {error}"));
        let file = pictures().join(format!("{name}.png"));
        std::fs::write(&file, bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// Records from now on all loads that the content security policy blocks. The browser reports them in the console.
    pub async fn watch_policy(&self) {
        let script = "window.__refused = []; \
            addEventListener('securitypolicyviolation', (event) => __refused.push(event.blockedURI))";
        self.prepare(script).await;
    }
}

/// The target directory.
pub(super) fn target() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("where is this test? {error}"));
    test.ancestors().nth(3).unwrap_or_else(|| panic!("{} is nowhere", test.display())).to_owned()
}

/// The directory `screenshots` in the target directory.
fn pictures() -> PathBuf {
    let directory = target().join("screenshots");
    std::fs::create_dir_all(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    directory
}
