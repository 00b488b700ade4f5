//! Browser wallets, injected like extensions, with real keys.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::Tab;
use crate::wallet::EvmWallet;

/// The script in the page. It sends requests out through a binding; the test resolves them.
const PROVIDER: &str = include_str!("wallet.js");

/// How a page can discover a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The wallet announces itself (EIP-6963).
    Announced,
    /// The wallet is only `window.ethereum`.
    Older,
    /// Both.
    Both,
    /// The wallet is `window.ethereum`, and announces itself only when the test calls [`BrowserWallet::announce`].
    Late,
}

/// How the owner of a wallet reacts to requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalletBehavior {
    /// Approves every request.
    Willing,
    /// Declines to sign.
    Refusing,
    /// Declines to change the network.
    Staying,
    /// Leaves requests of this method open until [`BrowserWallet::decide`].
    Pondering(&'static str),
    /// Has another open request, so the wallet rejects new ones.
    Occupied,
}

/// A wallet with its owner and its current network.
pub struct BrowserWallet {
    name: String,
    number: usize,
    chain: AtomicU64,
    mind: Mutex<Mind>,
}

struct Mind {
    wallet: EvmWallet,
    behavior: WalletBehavior,
    asked: Vec<String>,
    pondered: Vec<Ask>,
}

/// A request of a page.
#[derive(Clone)]
struct Ask {
    tab: Tab,
    context: Value,
    asked: Value,
}

impl BrowserWallet {
    /// Creates a wallet on the chain.
    #[must_use]
    pub fn new(behavior: WalletBehavior, chain: u64) -> Arc<Self> {
        Self::named("Test Wallet", behavior, chain)
    }

    /// Creates a wallet with the given name.
    #[must_use]
    pub fn named(name: &str, behavior: WalletBehavior, chain: u64) -> Arc<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        let mind = Mind { wallet: EvmWallet::new(), behavior, asked: Vec::new(), pondered: Vec::new() };
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { name: name.to_owned(), number, chain: AtomicU64::new(chain), mind: Mutex::new(mind) })
    }

    fn mind(&self) -> MutexGuard<'_, Mind> {
        self.mind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of the current account.
    #[must_use]
    pub fn address(&self) -> String {
        self.mind().wallet.address()
    }

    /// The current account, for requests outside of the browser.
    #[must_use]
    pub fn account(&self) -> EvmWallet {
        self.mind().wallet.clone()
    }

    /// The current chain.
    #[must_use]
    pub fn chain(&self) -> u64 {
        self.chain.load(Ordering::SeqCst)
    }

    /// The number of requests of this method.
    #[must_use]
    pub fn asked(&self, method: &str) -> usize {
        self.mind().asked.iter().filter(|asked| *asked == method).count()
    }

    /// Changes the reactions of the owner.
    pub fn behave(&self, behavior: WalletBehavior) {
        self.mind().behavior = behavior;
    }

    /// Resolves the open requests with the current reactions of the owner.
    pub async fn decide(&self) {
        let pondered = std::mem::take(&mut self.mind().pondered);
        for ask in pondered {
            self.settle(&ask).await;
        }
    }

    /// Switches to another account and emits the event.
    pub async fn change_account(&self, tab: &Tab) {
        self.mind().wallet = EvmWallet::new();
        self.emit(tab, "accountsChanged", &json!([self.address()])).await;
    }

    /// Switches to another network and emits the event.
    pub async fn change_chain(&self, tab: &Tab, chain: u64) {
        self.chain.store(chain, Ordering::SeqCst);
        self.emit(tab, "chainChanged", &json!(format!("{chain:#x}"))).await;
    }

    /// Emits an event to the page (EIP-1193).
    pub async fn emit(&self, tab: &Tab, event: &str, value: &Value) {
        tab.evaluate(&format!("{}.emit({}, {value})", self.handle(), json!(event))).await;
    }

    /// Announces the wallet (again).
    pub async fn announce(&self, tab: &Tab) {
        tab.evaluate(&format!("{}.announce()", self.handle())).await;
    }

    fn handle(&self) -> String {
        format!("window.__wallet{}", self.number)
    }

    /// Installs the wallet in a tab, on every page that is loaded from now on.
    pub async fn install(self: &Arc<Self>, tab: &Tab) {
        self.install_as(tab, Presence::Announced).await;
    }

    /// Installs the wallet with the given way of discovery.
    pub async fn install_as(self: &Arc<Self>, tab: &Tab, presence: Presence) {
        let binding = format!("askWallet{}", self.number);
        let mut events = tab.pipe.events();
        tab.call("Runtime.addBinding", json!({ "name": binding })).await;
        let what = json!({
            "name": self.name,
            "number": self.number,
            "announced": matches!(presence, Presence::Announced | Presence::Both),
            "older": presence != Presence::Announced,
        });
        tab.prepare(&format!("({PROVIDER})({what})")).await;
        let (pocket, tab) = (Arc::clone(self), tab.clone());
        tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(event) if is_call(&event, &tab.session, &binding) => {
                        pocket.take(tab.clone(), &event["params"]).await;
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    async fn take(&self, tab: Tab, params: &Value) {
        let asked: Value = serde_json::from_str(params["payload"].as_str().unwrap_or_default()).unwrap_or_default();
        let method = asked["method"].as_str().unwrap_or_default().to_owned();
        let ask = Ask { tab, context: params["executionContextId"].clone(), asked };
        let ponders = {
            let mut mind = self.mind();
            let ponders = matches!(mind.behavior, WalletBehavior::Pondering(over) if over == method);
            if ponders {
                mind.pondered.push(ask.clone());
            }
            mind.asked.push(method);
            ponders
        };
        if !ponders {
            self.settle(&ask).await;
        }
    }

    async fn settle(&self, ask: &Ask) {
        let (error, result) = match self.answer(&ask.asked) {
            Ok(result) => (Value::Null, result),
            Err(code) => (json!({ "code": code, "message": "declined" }), Value::Null),
        };
        let settle = format!("{}.settle({}, {error}, {result})", self.handle(), ask.asked["id"]);
        ask.tab.call("Runtime.evaluate", json!({ "expression": settle, "contextId": ask.context })).await;
    }

    /// The EIP-1193 response: a result or an error code.
    fn answer(&self, asked: &Value) -> Result<Value, i64> {
        let (behavior, wallet) = {
            let mind = self.mind();
            (mind.behavior, mind.wallet.clone())
        };
        match asked["method"].as_str().unwrap_or_default() {
            "eth_requestAccounts" if behavior == WalletBehavior::Occupied => Err(-32_002),
            "eth_requestAccounts" => Ok(json!([wallet.address()])),
            "eth_chainId" => Ok(json!(format!("{:#x}", self.chain()))),
            "wallet_switchEthereumChain" if behavior == WalletBehavior::Staying => Err(4001),
            "wallet_switchEthereumChain" => {
                let chain = asked["params"][0]["chainId"].as_str().and_then(|id| id.strip_prefix("0x"));
                let chain = chain.and_then(|id| u64::from_str_radix(id, 16).ok()).ok_or(-32_602)?;
                self.chain.store(chain, Ordering::SeqCst);
                Ok(Value::Null)
            }
            "personal_sign" if behavior == WalletBehavior::Refusing => Err(4001),
            "personal_sign" => {
                let text = asked["params"][0].as_str().and_then(unhex).ok_or(-32_602)?;
                Ok(json!(wallet.sign(&text)))
            }
            _ => Err(4200),
        }
    }
}

fn is_call(event: &Value, session: &str, binding: &str) -> bool {
    event["method"] == "Runtime.bindingCalled" && event["sessionId"] == session && event["params"]["name"] == binding
}

fn unhex(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x")?;
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}
