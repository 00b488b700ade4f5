//! A browser without a window, driven as a person would drive one.

use std::{path::PathBuf, time::Duration};

use chromiumoxide::{
    Page,
    browser::{Browser as Chromium, BrowserConfig},
};
use futures_util::StreamExt as _;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::eventually;

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The names that it goes by.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser with a profile of its own, gone when it is dropped.
pub struct Browser {
    chromium: Chromium,
    events: JoinHandle<()>,
    _profile: TempDir,
}

fn executable() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).flat_map(|directory| NAMES.map(|name| directory.join(name)));
    let found = places.into_iter().find(|place| place.exists());
    found.unwrap_or_else(|| panic!("there is no Chromium: run scripts/test, which installs it"))
}

impl Browser {
    /// Starts one.
    ///
    /// # Panics
    /// When there is none to start.
    pub async fn start() -> Self {
        let profile = TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}"));
        // Its sandbox wants rights that a container does not have, and it visits nothing but the service under test.
        let config =
            BrowserConfig::builder().chrome_executable(executable()).no_sandbox().user_data_dir(profile.path());
        let config = config.build().unwrap_or_else(|error| panic!("no browser: {error}"));
        let (chromium, mut handler) =
            Chromium::launch(config).await.unwrap_or_else(|error| panic!("no browser: {error}"));
        let events = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Self { chromium, events, _profile: profile }
    }

    /// Goes to an address.
    ///
    /// # Panics
    /// When it can't.
    pub async fn visit(&self, url: &str) -> Visit {
        let page = self.chromium.new_page(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        Visit(page)
    }

    /// Ends it.
    pub async fn close(mut self) {
        drop(self.chromium.close().await);
        drop(self.chromium.wait().await);
        self.events.abort();
    }
}

/// A page that is open.
pub struct Visit(Page);

impl Visit {
    /// Waits for a text to be there to read.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn sees(&self, text: &str) {
        eventually(text, PATIENCE, || async move {
            let read = self.0.evaluate("document.body.innerText").await.ok()?;
            read.into_value::<String>().ok()?.contains(text).then_some(())
        })
        .await;
    }

    /// Types into a field.
    ///
    /// # Panics
    /// When there is no such field.
    pub async fn types(&self, field: &str, text: &str) {
        let typed = async { self.0.find_element(field).await?.click().await?.type_str(text).await.map(drop) };
        typed.await.unwrap_or_else(|error| panic!("{field}: {error}"));
    }

    /// Uses a button by the keyboard.
    ///
    /// # Panics
    /// When there is no such button.
    pub async fn presses(&self, button: &str) {
        let pressed = async { self.0.find_element(button).await?.focus().await?.press_key("Enter").await.map(drop) };
        pressed.await.unwrap_or_else(|error| panic!("{button}: {error}"));
    }

    /// A property of an element, as the browser computed it.
    ///
    /// # Panics
    /// When there is none.
    pub async fn style(&self, element: &str, property: &str) -> String {
        let script = format!("getComputedStyle(document.querySelector('{element}')).getPropertyValue('{property}')");
        let read = self.0.evaluate(script).await.unwrap_or_else(|error| panic!("{element}: {error}"));
        read.into_value().unwrap_or_else(|error| panic!("{element}: {error}"))
    }
}
