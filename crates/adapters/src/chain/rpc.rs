//! JSON-RPC to a node of a chain, as far as signatures need it.

use std::{error::Error, fmt::Write as _, time::Duration};

use reqwest::{Client, redirect::Policy};
use serde::Deserialize;
use serde_json::{Value, json};
use tessera_kernel::Secret;

/// How long all questions of one signature may take together.
const DEADLINE: Duration = Duration::from_secs(3);

/// The longest answer that is read, in bytes: a contract's code has half as many.
const LONGEST: usize = 64 * 1024;

/// What a signature ends with whose wallet is not made yet (ERC-6492).
const UNDEPLOYED: [u8; 32] = [
    0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64,
    0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92, 0x64, 0x92,
];

/// The validator of ERC-6492, in hexadecimal: code that runs once, makes the wallet if it has to, asks it by ERC-1271 and
/// answers with one byte. From viem 2.57.20 (`erc6492SignatureValidatorByteCode`), MIT, copyright (c) 2023-present weth, LLC;
/// it is the reference implementation in ERC-6492, compiled. `validator.LICENSE` has the terms.
const VALIDATOR: &str = include_str!("validator.hex");

type Failure = Box<dyn Error + Send + Sync>;

/// What became of a question.
pub(super) enum Answer {
    Yes,
    No,
    /// Nobody can say: the node does not answer, or not sensibly.
    Unknown(Failure),
}

/// A node of one chain.
pub(super) struct Node {
    http: Client,
    url: Secret<String>,
    chain_id: u64,
}

/// Why a call gave no result.
enum Fault {
    /// The contract refused, ran out of gas, or is no such contract.
    Reverted,
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

#[derive(Deserialize)]
struct Reply {
    result: Option<String>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    message: String,
}

/// A client that goes where it is told and nowhere else.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder().redirect(Policy::none()).no_proxy().referer(false).timeout(DEADLINE).build()
}

impl Node {
    pub(super) const fn new(http: Client, url: Secret<String>, chain_id: u64) -> Self {
        Self { http, url, chain_id }
    }

    /// Whether the contract at the address takes the signature for one of that hash.
    pub(super) async fn accepts(&self, address: &[u8; 20], hash: &[u8; 32], signature: &[u8]) -> Answer {
        match tokio::time::timeout(DEADLINE, self.ask(address, hash, signature)).await {
            Ok(Ok(true)) => Answer::Yes,
            Ok(Ok(false) | Err(Fault::Reverted)) => Answer::No,
            Ok(Err(Fault::Failed(error))) => Answer::Unknown(error),
            Err(_) => Answer::Unknown("the node did not answer in time".into()),
        }
    }

    /// Everything at one block, so that no answer speaks of another state than the one before.
    async fn ask(&self, address: &[u8; 20], hash: &[u8; 32], signature: &[u8]) -> Result<bool, Fault> {
        // A node of a test chain would vouch for wallets that anybody can make there.
        if quantity(&self.call("eth_chainId", json!([])).await?)? != self.chain_id {
            return Err(Fault::Failed("the node serves another chain".into()));
        }
        let block = format!("{:#x}", quantity(&self.call("eth_blockNumber", json!([])).await?)?);
        if !signature.ends_with(&UNDEPLOYED) {
            let code = self.call("eth_getCode", json!([hex(address), block])).await?;
            if code == "0x" {
                return Ok(false);
            }
        }
        let call = json!([{ "data": question(address, hash, signature) }, block]);
        Ok(self.call("eth_call", call).await? == "0x01")
    }

    async fn call(&self, method: &str, parameters: Value) -> Result<String, Fault> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": parameters });
        // The address of the node may carry a key.
        let sent = self.http.post(self.url.expose()).json(&body).send().await;
        let mut answer = sent.map_err(reqwest::Error::without_url)?;
        if !answer.status().is_success() {
            return Err(Fault::Failed(format!("the node answered {}", answer.status()).into()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LONGEST {
                return Err(Fault::Failed("the node's answer is too long".into()));
            }
        }
        match serde_json::from_slice(&bytes)? {
            Reply { error: Some(refusal), .. } if method == "eth_call" && refusal.is_of_the_contract() => {
                Err(Fault::Reverted)
            }
            Reply { error: Some(refusal), .. } => {
                Err(Fault::Failed(format!("the node refused {method} with {}", refusal.code).into()))
            }
            Reply { result: Some(result), .. } => Ok(result),
            Reply { .. } => Err(Fault::Failed("the node's answer holds nothing".into())),
        }
    }
}

impl Refusal {
    /// Whether the code that was run is to blame, and not the node. Nodes agree on 3 for a revert with data, and on little
    /// else.
    fn is_of_the_contract(&self) -> bool {
        const FAULTS: [&str; 7] =
            ["revert", "out of gas", "outofgas", "invalid opcode", "invalid jump", "stack ", "gas required exceeds"];
        let message = self.message.to_ascii_lowercase();
        self.code == 3 || FAULTS.iter().any(|fault| message.contains(fault))
    }
}

/// A number as JSON-RPC writes it.
fn quantity(text: &str) -> Result<u64, Fault> {
    let digits = text.strip_prefix("0x").ok_or("the node's number is none")?;
    Ok(u64::from_str_radix(digits, 16)?)
}

/// The validator with its arguments behind it: `(address, bytes32, bytes)`.
fn question(address: &[u8; 20], hash: &[u8; 32], signature: &[u8]) -> String {
    let word = |number: usize| {
        let mut word = [0; 32];
        word[24..].copy_from_slice(&u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes());
        word
    };
    let padding = signature.len().next_multiple_of(32) - signature.len();
    let parts =
        [&[0; 12], address.as_slice(), hash, &word(3 * 32), &word(signature.len()), signature, &[0; 32][..padding]];
    let code: String = VALIDATOR.split_whitespace().collect();
    format!("0x{code}{}", &hex(&parts.concat())[2..])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        let _written = write!(text, "{byte:02x}");
        text
    })
}
