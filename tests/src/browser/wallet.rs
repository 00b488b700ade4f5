//! A wallet in the browser, as an extension puts it there (EIP-6963), with a real key behind it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::Tab;
use crate::wallet::EvmWallet;

/// The page's side: asks are handed out through a binding, and settled from outside.
const PROVIDER: &str = r#"(() => {
  const waiting = new Map();
  window.__settle = (id, error, result) => {
    const [resolve, reject] = waiting.get(id);
    waiting.delete(id);
    error ? reject(Object.assign(new Error(error.message), error)) : resolve(result);
  };
  let last = 0;
  const request = ({ method, params }) => new Promise((resolve, reject) => {
    waiting.set(++last, [resolve, reject]);
    window.askWallet(JSON.stringify({ id: last, method, params }));
  });
  const icon = "data:image/svg+xml," + encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" rx="2" fill="rebeccapurple"/></svg>');
  const info = Object.freeze({ uuid: "350670db-19fa-4704-a166-e52e178b59d2", name: "Test Wallet", icon, rdns: "test.wallet" });
  const detail = Object.freeze({ info, provider: { request } });
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
})()"#;

/// How the owner of a wallet behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// Agrees to everything.
    Willing,
    /// Declines to sign.
    Refusing,
    /// Declines to change the network.
    Staying,
    /// Reads the message, and says neither yes nor no.
    Pondering,
}

/// A wallet, its owner, and the network it is on.
pub struct Pocket {
    /// The key.
    pub wallet: EvmWallet,
    manners: Manners,
    chain: AtomicU64,
}

impl Pocket {
    /// A new wallet on that chain.
    #[must_use]
    pub fn new(manners: Manners, chain: u64) -> Arc<Self> {
        Arc::new(Self { wallet: EvmWallet::new(), manners, chain: AtomicU64::new(chain) })
    }

    /// The chain that it is on now.
    #[must_use]
    pub fn chain(&self) -> u64 {
        self.chain.load(Ordering::SeqCst)
    }

    /// Installs it in a tab, for every page that is loaded from now on.
    pub async fn install(self: &Arc<Self>, tab: &Tab) {
        let mut events = tab.pipe.events();
        tab.call("Runtime.addBinding", json!({ "name": "askWallet" })).await;
        tab.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": PROVIDER })).await;
        let (pocket, tab) = (Arc::clone(self), tab.clone());
        tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(event) if event["method"] == "Runtime.bindingCalled" && event["sessionId"] == tab.session => {
                        pocket.settle(&tab, &event["params"]).await;
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    async fn settle(&self, tab: &Tab, params: &Value) {
        let asked: Value =
            params["payload"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        if self.manners == Manners::Pondering && asked["method"] == "personal_sign" {
            return;
        }
        let (error, result) = match self.answer(&asked) {
            Ok(result) => (Value::Null, result),
            Err(code) => (json!({ "code": code, "message": "declined" }), Value::Null),
        };
        let settle = format!("__settle({}, {error}, {result})", asked["id"]);
        let params = json!({ "expression": settle, "contextId": params["executionContextId"] });
        tab.call("Runtime.evaluate", params).await;
    }

    /// As EIP-1193 says it: a result, or the code of an error.
    fn answer(&self, asked: &Value) -> Result<Value, i64> {
        match asked["method"].as_str().unwrap_or_default() {
            "eth_requestAccounts" => Ok(json!([self.wallet.address()])),
            "eth_chainId" => Ok(json!(format!("{:#x}", self.chain()))),
            "wallet_switchEthereumChain" if self.manners == Manners::Staying => Err(4001),
            "wallet_switchEthereumChain" => {
                let chain = asked["params"][0]["chainId"].as_str().and_then(|id| id.strip_prefix("0x"));
                let chain = chain.and_then(|id| u64::from_str_radix(id, 16).ok()).ok_or(-32_602)?;
                self.chain.store(chain, Ordering::SeqCst);
                Ok(Value::Null)
            }
            "personal_sign" if self.manners == Manners::Refusing => Err(4001),
            "personal_sign" => {
                let text = asked["params"][0].as_str().and_then(unhex).ok_or(-32_602)?;
                Ok(json!(self.wallet.sign(&text)))
            }
            _ => Err(4200),
        }
    }
}

fn unhex(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x")?;
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}
