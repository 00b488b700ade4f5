//! JSON-RPC client for chain nodes.

use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use reqwest::{Client, StatusCode, redirect::Policy};
use serde::Deserialize;
use serde_json::{Value, json};
use tessera_identity::ports::{Call, ChainReader, ReadChainError};
use tessera_kernel::{Chain, Secret, TRACE_TARGET};

/// Time limit of one request to a chain node.
const DEADLINE: Duration = Duration::from_secs(3);

/// How long a successful check of the chain id is cached. The operator may replace the chain node behind the same URL.
const CHECKED_FOR: Duration = Duration::from_mins(10);

/// Maximum size of a response in bytes. The code of a contract has at most half as many.
const LONGEST: usize = 64 * 1024;

/// Reads chains over JSON-RPC, with one chain node per chain.
pub struct JsonRpcReader {
    http: Client,
    nodes: BTreeMap<Chain, Node>,
}

/// The HTTP client cannot be created.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client can be made")]
pub struct JsonRpcReaderError(#[from] reqwest::Error);

/// Version of JSON-RPC.
const VERSION: &str = "2.0";

/// Id of every call. An HTTP request contains one call.
const ID: u64 = 1;

struct Node {
    url: Secret<String>,
    chain_id: u64,
    /// When the chain node last confirmed its chain id.
    checked: Mutex<Option<Instant>>,
}

#[derive(Deserialize)]
struct Reply {
    jsonrpc: String,
    id: Value,
    result: Option<String>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    message: String,
}

impl JsonRpcReader {
    /// Creates a reader with one chain node per chain. The URLs come from the operator. No client input changes them.
    ///
    /// # Errors
    /// Fails if the HTTP client cannot be created.
    pub fn new(nodes: impl IntoIterator<Item = (Chain, Secret<String>)>) -> Result<Self, JsonRpcReaderError> {
        // No redirects and no proxy: the client must contact only the configured URL.
        let http = Client::builder().redirect(Policy::none()).no_proxy().referer(false).timeout(DEADLINE).build()?;
        let of_chain = |(chain, url): (Chain, Secret<String>)| {
            Some((chain, Node { url, chain_id: chain.id()?, checked: Mutex::default() }))
        };
        Ok(Self { http, nodes: nodes.into_iter().filter_map(of_chain).collect() })
    }

    #[tracing::instrument(name = "chain request", target = TRACE_TARGET, skip_all, fields(otel.kind = "client"))]
    async fn ask(&self, chain: Chain, method: &str, parameters: Value) -> Result<String, ReadChainError> {
        let node = self.nodes.get(&chain).ok_or_else(|| unavailable("no node of this chain is named"))?;
        let body = json!({ "jsonrpc": VERSION, "id": ID, "method": method, "params": parameters });
        // The URL may contain an API key, so it is removed from errors.
        let lost = |error: reqwest::Error| unavailable(error.without_url());
        let mut answer = self.http.post(node.url.expose()).json(&body).send().await.map_err(lost)?;
        if answer.status() != StatusCode::OK {
            return Err(unavailable(format!("the node answered {}", answer.status())));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(lost)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LONGEST {
                return Err(unavailable("the node's answer is too long"));
            }
        }
        let reply: Reply = serde_json::from_slice(&bytes).map_err(unavailable)?;
        if reply.jsonrpc != VERSION || reply.id != ID {
            return Err(unavailable("the node answered something that was not asked"));
        }
        match reply {
            Reply { error: Some(refusal), .. } => Err(refusal.of(method)),
            Reply { result: Some(result), .. } => Ok(result),
            Reply { .. } => Err(unavailable("the node's answer holds nothing")),
        }
    }
}

impl JsonRpcReader {
    /// Checks that the node of a chain responds, and is on this chain.
    ///
    /// # Errors
    /// Fails if the node does not respond, or is on another chain. The error does not contain the URL.
    pub async fn check(&self, chain: Chain) -> Result<(), ReadChainError> {
        self.check_chain(chain).await
    }

    /// Checks the chain id of the chain node, unless a recent check is cached. The node of a test chain would accept
    /// wallets that any user can create there.
    async fn check_chain(&self, chain: Chain) -> Result<(), ReadChainError> {
        let node = self.nodes.get(&chain).ok_or_else(|| unavailable("no node of this chain is named"))?;
        let last = *node.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < CHECKED_FOR) {
            return Ok(());
        }
        if quantity(&self.ask(chain, "eth_chainId", json!([])).await?)? != node.chain_id {
            return Err(unavailable("the node serves another chain"));
        }
        *node.checked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(())
    }
}

#[async_trait]
impl ChainReader for JsonRpcReader {
    fn reads(&self, chain: Chain) -> bool {
        self.nodes.contains_key(&chain)
    }

    async fn call(&self, chain: Chain, call: &Call) -> Result<Vec<u8>, ReadChainError> {
        self.check_chain(chain).await?;
        let mut transaction = json!({ "data": hex(&call.data), "gas": number(call.gas) });
        if let Some(to) = &call.to {
            transaction["to"] = hex(to).into();
        }
        bytes(&self.ask(chain, "eth_call", json!([transaction, "latest"])).await?)
    }
}

fn unavailable(why: impl Into<Box<dyn Error + Send + Sync>>) -> ReadChainError {
    ReadChainError::Unavailable(why.into())
}

impl Refusal {
    /// Decides whether the executed code or the chain node caused the error. Nodes agree on code 3 for a revert with
    /// data, and on few other codes.
    fn of(&self, method: &str) -> ReadChainError {
        const GAS: [&str; 3] = ["out of gas", "outofgas", "gas required exceeds"];
        const CODE: [&str; 4] = ["revert", "invalid opcode", "invalid jump", "stack "];
        let message = self.message.to_ascii_lowercase();
        let says = |faults: &[&str]| faults.iter().any(|fault| message.contains(fault));
        if method != "eth_call" {
            unavailable(format!("the node refused {method} with {}", self.code))
        } else if says(&GAS) {
            ReadChainError::OutOfGas
        } else if self.code == 3 || says(&CODE) {
            ReadChainError::Reverted
        } else {
            unavailable(format!("the node refused {method} with {}", self.code))
        }
    }
}

/// Encodes a JSON-RPC quantity.
fn number(number: u64) -> String {
    format!("{number:#x}")
}

fn quantity(text: &str) -> Result<u64, ReadChainError> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.chars().all(|digit| digit.is_ascii_hexdigit()));
    let digits = digits.ok_or_else(|| unavailable("the chain node sent an invalid number"))?;
    u64::from_str_radix(digits, 16).map_err(unavailable)
}

fn bytes(text: &str) -> Result<Vec<u8>, ReadChainError> {
    let digits = text.strip_prefix("0x").ok_or_else(|| unavailable("the chain node sent bytes without 0x"))?;
    HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(unavailable)
}

fn hex(bytes: &[u8]) -> String {
    format!("0x{}", HEXLOWER.encode(bytes))
}
