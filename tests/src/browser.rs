//! A headless browser, controlled by the Chrome `DevTools` Protocol over pipes.

mod axe;
mod passkeys;
mod pipe;
mod tab;
mod wallet;

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use pipe::Pipe;
pub use tab::Tab;
pub use wallet::{BrowserWallet, Presence, WalletBehavior};

/// Timeout for the end of the browser process.
const PARTING: Duration = Duration::from_secs(10);

/// A browser with its own profile. Both are removed when the value is dropped.
pub struct Browser {
    pipe: Arc<Pipe>,
    child: Child,
    profile: TempDir,
}

impl Browser {
    /// Starts a browser.
    ///
    /// # Panics
    /// Panics if no browser can be started.
    pub async fn start() -> Self {
        let profile = TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}"));
        let mut child =
            command(&profile).spawn().unwrap_or_else(|error| panic!("the browser can't be started: {error}"));
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { panic!("no pipe") };
        let browser = Self { pipe: Pipe::open(input, output), child, profile };
        browser.pipe.call(None, "Browser.getVersion", json!({})).await;
        browser
    }

    /// Opens a tab that shares cookies with the other tabs.
    pub async fn tab(&self) -> Tab {
        Tab::open(&self.pipe, json!({ "url": "about:blank" })).await
    }

    /// Opens a tab in a separate browser context, which shares no data with the other tabs.
    pub async fn private_tab(&self) -> Tab {
        let context = self.pipe.call(None, "Target.createBrowserContext", json!({})).await;
        Tab::open(&self.pipe, json!({ "url": "about:blank", "browserContextId": context["browserContextId"] })).await
    }
}

impl Drop for Browser {
    /// The browser writes into the profile until it and its child processes have ended, so the profile can only be
    /// removed afterwards.
    fn drop(&mut self) {
        let _gone = self.child.start_kill();
        let gone = |child: &mut Child| !matches!(child.try_wait(), Ok(None));
        let removed = |path: &Path| match std::fs::remove_dir_all(path) {
            Ok(()) => true,
            Err(error) => error.kind() == ErrorKind::NotFound,
        };
        let began = Instant::now();
        while began.elapsed() < PARTING && !(gone(&mut self.child) && removed(self.profile.path())) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// The protocol uses the file descriptors 3 and 4. A shell redirects our pipes to them.
fn command(profile: &TempDir) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
        .arg(program())
        .args(["--headless", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
        // Temporary files outside of the profile are removed with it.
        .env("TMPDIR", profile.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if is_root() {
        // The browser does not run as root inside its sandbox, and build containers often have only the root user.
        command.arg("--no-sandbox");
    }
    command
}

/// The path of the first browser that is installed.
#[expect(clippy::disallowed_methods, reason = "the machine decides where the browser is")]
fn program() -> PathBuf {
    // Without an interface, a browser starts with half the processor time.
    const NAMES: [&str; 5] =
        ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    const BUNDLE: &str = "/Applications/Chromium.app/Contents/MacOS/Chromium";
    if let Some(named) = std::env::var_os("TEST_BROWSER") {
        return named.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let all = NAMES.iter().flat_map(|name| directories.iter().map(move |directory| directory.join(name)));
    let found = all.chain([PathBuf::from(BUNDLE)]).find(|file| file.exists());
    found.unwrap_or_else(|| panic!("no browser: run scripts/test, which installs one"))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
