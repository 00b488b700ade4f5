//! A newcomer: runs the commands of README.md, docs/sso.md and docs/browser.md in a fresh clone, block by block and with
//! default settings, and opens a browser where they say so. `scripts/newcomer` makes the clone and starts this program.

mod ports;
mod terminal;

use std::{path::PathBuf, time::Duration};

use serde_json::Value;
use tessera_tests::{
    api::Api,
    browser::{Browser, BrowserWallet, WalletBehavior},
    jose,
    markdown::{all_code_blocks, assert_tour, code_blocks, tour},
    test_org::PASSWORD,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    ports::Port,
    terminal::{Program, Shell},
};

/// Timeout for the first build and start.
const FIRST_BUILD: Duration = Duration::from_mins(40);

/// The start of the line with the address, which the service prints once it accepts requests.
const READY: &str = "Tessera is ready: ";

/// The placeholder that a reader replaces in docs/sso.md.
const PASTED_ADDRESS: &str = "http://127.0.0.1:9000/back?code=…&state=…&iss=…";

struct Newcomer {
    clone: PathBuf,
    port: Port,
    site_port: Port,
    browser: Browser,
}

#[tokio::main]
async fn main() {
    let clone = std::env::args().nth(1).map(PathBuf::from);
    let clone = clone.unwrap_or_else(|| panic!("usage: newcomer DIRECTORY-OF-A-CLONE"));
    let mut terminate = signal(SignalKind::terminate()).unwrap_or_else(|error| panic!("{error}"));
    // The programs that were started are ended when their values are dropped.
    tokio::select! {
        () = follow(clone) => {}
        _ = tokio::signal::ctrl_c() => std::process::exit(130),
        _ = terminate.recv() => std::process::exit(143),
    }
}

async fn follow(clone: PathBuf) {
    let (port, site_port) = (Port::of(8080), Port::of(5173));
    let newcomer = Newcomer { clone, port, site_port, browser: Browser::start().await };
    let mut shell = Shell::open(&newcomer.clone);
    let service = newcomer.run().await;
    newcomer.take_the_tour(&mut shell).await;
    newcomer.sign_in_by_a_wallet(&mut shell).await;
    service.interrupt().await;
    newcomer.call_the_api_from_a_page(&mut shell).await;
    eprintln!("README.md, docs/sso.md and docs/browser.md work as they are");
}

impl Newcomer {
    fn read(&self, path: &str) -> String {
        let path = self.clone.join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The shell blocks of a section, which has this many.
    fn blocks<const COUNT: usize>(&self, document: &str, heading: &str) -> [String; COUNT] {
        let blocks = code_blocks(document, heading, "sh").into_iter();
        let blocks: Vec<String> = blocks.map(|block| self.site_port.replace(&self.port.replace(&block))).collect();
        blocks.try_into().unwrap_or_else(|other| panic!("not {COUNT} blocks under {heading:?}: {other:?}"))
    }

    fn start(&self, block: &str) -> Program {
        // The only setting that may differ from the defaults.
        let listen = ("TESSERA_LISTEN".to_owned(), self.port.address());
        let settings = if self.port.is_documented() { vec![] } else { vec![listen] };
        eprintln!("$ {block}");
        Program::start(&self.clone, &settings, block)
    }

    async fn run(&self) -> Program {
        let [block] = self.blocks(&self.read("README.md"), "Run");
        let mut service = self.start(&block);
        let address = service.says(READY, FIRST_BUILD).await;
        let url = format!("http://{}", self.port.address());
        assert_eq!(address, format!("{url}  (docs: {url}/docs)"), "the README shows another address");
        service
    }

    async fn take_the_tour(&self, shell: &mut Shell) {
        let mut output = String::new();
        for block in tour(&self.read("README.md")) {
            output.push_str(&shell.paste(&self.port.replace(&block)).await);
        }
        assert_tour(&output);
        let url = format!("http://{}", self.port.address());
        let tab = self.browser.tab().await;
        tab.go_and_see(&format!("{url}/docs"), "/api/v1/apikeys/verify").await;
        tab.go_and_see(&format!("{url}/dev/mail"), "grace@example.com").await;
        tab.click("a[href*='/invitations/']").await;
        tab.sees("as an administrator").await;
        tab.submit("#password", PASSWORD, "You belong to").await;
    }

    async fn sign_in_by_a_wallet(&self, shell: &mut Shell) {
        let document = self.read("docs/sso.md");
        assert_eq!(all_code_blocks(&document, "sh").len(), 4, "docs/sso.md has other blocks than those below");
        let [register] = self.blocks(&document, "What you need");
        shell.paste(&register).await;
        let [send] = self.blocks(&document, "1. Send the browser");
        let address = shell.paste(&send).await.trim().to_owned();
        let (tab, wallet) = (self.browser.tab().await, BrowserWallet::new(WalletBehavior::Willing, 1));
        wallet.install(&tab).await;
        tab.go_and_see(&address, "Test Wallet").await;
        tab.click("#wallets button").await;
        let address = tab.unreachable_address().await;
        let [take_back] = self.blocks(&document, "2. Take the browser back");
        assert!(take_back.contains(PASTED_ADDRESS), "{take_back}");
        let output = shell.paste(&take_back.replace(PASTED_ADDRESS, &address)).await;
        assert!(output.contains("the state is that of this sign-in"), "{output}");
        let [redeem] = self.blocks(&document, "3. Redeem the code");
        let answer = shell.paste(&redeem).await;
        let answer: Value = serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
        let keys = Api::new(&format!("http://{}", self.port.address())).get_root("/.well-known/jwks.json").await;
        let verified = jose::verify(&keys.expecting(200), answer["token"].as_str().unwrap_or_default());
        let (_, claims) = verified.unwrap_or_else(|error| panic!("{error}: {answer}"));
        assert_eq!(claims["aud"], shell.variable("APP").await.as_str(), "{claims}");
        let signed_in = claims["wallet_address"].as_str().map(str::to_lowercase);
        assert_eq!(signed_in, Some(wallet.address()), "{claims}");
    }

    async fn call_the_api_from_a_page(&self, shell: &mut Shell) {
        let document = self.read("docs/browser.md");
        assert_eq!(all_code_blocks(&document, "sh").len(), 2, "docs/browser.md has other blocks than those below");
        let [serve, site] = self.blocks(&document, "1. Allow your origin");
        let mut service = self.start(&serve);
        service.says(READY, FIRST_BUILD).await;
        let example = self.clone.join("docs/examples/browser.html");
        if !self.port.is_documented() {
            let changed = std::fs::write(&example, self.port.replace(&self.read("docs/examples/browser.html")));
            changed.unwrap_or_else(|error| panic!("{}: {error}", example.display()));
        }
        let site = self.start(&site);
        self.site_port.opens().await;
        let address = self.site_port.replace("http://localhost:5173/browser.html");
        assert!(
            self.site_port.replace(&document).contains(&format!("<{address}>")),
            "docs/browser.md has another page"
        );
        let tab = self.browser.tab().await;
        tab.go_and_see(&address, "Notes").await;
        tab.types("#email", &shell.variable("EMAIL").await).await;
        tab.types("#password", PASSWORD).await;
        tab.click("#sign-in button").await;
        // The tour has written the custom data twice.
        tab.sees("Version \"2\"").await;
        tab.types("#note", "bring the lantern").await;
        tab.click("#notes button").await;
        tab.sees("Version \"3\"").await;
        tab.click("#sign-out").await;
        tab.until("the form", "!document.querySelector('#sign-in').hidden").await;
        site.interrupt().await;
        service.interrupt().await;
    }
}
