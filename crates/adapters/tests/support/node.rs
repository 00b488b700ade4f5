//! A chain node for tests: JSON-RPC over HTTP, and real bytecode in an EVM with an in-memory state.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use ethers_core::types::{H160, U256};
use evm::{
    Config, CreateScheme, ExitError, ExitReason,
    backend::{Backend as _, MemoryAccount, MemoryBackend, MemoryVicinity},
    executor::stack::{MemoryStackState, PrecompileFn, StackExecutor, StackSubstateMetadata},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Maximum gas of a call, whatever limit the call requests. An endless loop therefore ends quickly.
const GAS: u64 = 1_000_000;

/// Contracts by address.
pub(crate) type State = BTreeMap<H160, MemoryAccount>;

/// How a node behaves.
#[derive(Debug, Clone)]
pub(crate) enum Mood {
    /// Responds correctly.
    Well,
    /// Sends this text as every response: head and body.
    Saying(String),
    /// Reads the request and sends no response.
    Silent,
    /// Returns this error for the method.
    Refusing(&'static str, i64, &'static str),
    /// Serves another chain.
    Elsewhere,
}

/// A chain node that runs until the end of the test.
pub(crate) struct Node {
    pub(crate) url: String,
    /// The method of each request, and the block that it names.
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    down: Arc<AtomicBool>,
}

impl Node {
    pub(crate) async fn start(state: State, mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no socket: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let (asked, down) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let height = AtomicU64::new(0x10);
        let serving = Arc::new(Serving { state, mood, asked: asked.clone(), down: down.clone(), height });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, serving.clone()));
            }
        });
        Self { url: format!("http://{address}/"), asked, down }
    }

    /// Returns 503 from now on.
    pub(crate) fn go_down(&self) {
        self.down.store(true, Ordering::SeqCst);
    }

    pub(crate) fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Serving {
    state: State,
    mood: Mood,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    down: Arc<AtomicBool>,
    /// Increases with every request, like the height of a live chain.
    height: AtomicU64,
}

async fn serve(stream: TcpStream, serving: Arc<Serving>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(question) = read(&mut stream).await? {
        if matches!(serving.mood, Mood::Silent) {
            return std::future::pending().await;
        }
        let answer = serving.answer(&question);
        stream.get_mut().write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// Reads the body of the next request.
async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Value>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(serde_json::from_slice(&body)?))
}

fn success(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

impl Serving {
    fn answer(&self, question: &Value) -> String {
        if self.down.load(Ordering::SeqCst) {
            return "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n".to_owned();
        }
        let method = question["method"].as_str().unwrap_or_default().to_owned();
        let block = question["params"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((method.clone(), block));
        let outcome = match &self.mood {
            Mood::Saying(answer) => return answer.clone(),
            Mood::Refusing(refused, code, message) if *refused == method => Err((*code, (*message).to_owned())),
            _ => self.result(&method, &question["params"]),
        };
        success(&match outcome {
            Ok(result) => json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string(),
            Err((code, message)) => {
                json!({"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message}}).to_string()
            }
        })
    }

    fn result(&self, method: &str, parameters: &Value) -> Result<String, (i64, String)> {
        let height = self.height.fetch_add(1, Ordering::Relaxed);
        match method {
            "eth_chainId" => Ok(if matches!(self.mood, Mood::Elsewhere) { "0xaa36a7" } else { "0x1" }.to_owned()),
            "eth_blockNumber" => Ok(format!("{height:#x}")),
            "eth_getCode" => {
                let address: H160 = parameters[0].as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
                Ok(hex(self.state.get(&address).map_or(&[][..], |account| &account.code)))
            }
            "eth_call" => call(&self.state, &parameters[0]),
            _ => Err((-32601, "the method does not exist".to_owned())),
        }
    }
}

/// Returns the result of a call: the return value of the contract, or, without a contract, of the code in the call
/// data.
fn call(state: &State, transaction: &Value) -> Result<String, (i64, String)> {
    let zero = U256::zero();
    let vicinity = MemoryVicinity {
        gas_price: zero,
        origin: H160::zero(),
        chain_id: U256::one(),
        block_hashes: Vec::new(),
        block_number: zero,
        block_coinbase: H160::zero(),
        block_timestamp: zero,
        block_difficulty: zero,
        block_gas_limit: U256::from(GAS),
        block_base_fee_per_gas: zero,
        block_randomness: None,
    };
    let text = |name: &str| transaction[name].as_str();
    let gas = text("gas").and_then(|gas| u64::from_str_radix(gas.trim_start_matches("0x"), 16).ok());
    let gas = gas.map_or(GAS, |gas| gas.min(GAS));
    let (to, data) = (text("to").and_then(|to| to.parse().ok()), bytes(text("data").unwrap_or_default()));
    let (config, precompiles) = (Config::shanghai(), BTreeMap::<H160, PrecompileFn>::new());
    let mut backend = MemoryBackend::new(&vicinity, state.clone());
    let stack = MemoryStackState::new(StackSubstateMetadata::new(gas, &config), &mut backend);
    let mut executor = StackExecutor::new_with_precompiles(stack, &config, &precompiles);
    let caller = H160::zero();
    let (reason, answer) = if let Some(to) = to {
        executor.transact_call(caller, to, zero, data, gas, Vec::new())
    } else {
        let made = executor.create_address(CreateScheme::Legacy { caller });
        let (reason, _) = executor.transact_create(caller, zero, data, gas, Vec::new());
        (reason, executor.state().code(made))
    };
    match reason {
        ExitReason::Succeed(_) => Ok(hex(&answer)),
        ExitReason::Revert(_) => Err((3, "execution reverted".to_owned())),
        // Chain nodes report these errors with texts of their own.
        ExitReason::Error(ExitError::DesignatedInvalid | ExitError::InvalidCode(_)) => {
            Err((-32000, "invalid opcode: INVALID".to_owned()))
        }
        ExitReason::Error(ExitError::StackUnderflow) => Err((-32000, "stack underflow (0 <=> 1)".to_owned())),
        ExitReason::Error(ExitError::OutOfGas) => Err((-32000, "out of gas".to_owned())),
        other => Err((-32000, format!("{other:?}").to_ascii_lowercase())),
    }
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.strip_prefix("0x").unwrap_or(hex).as_bytes();
    let pair = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|text| u8::from_str_radix(text, 16).ok());
    digits.chunks(2).map(|digits| pair(digits).unwrap_or_else(|| panic!("not hexadecimal: {hex}"))).collect()
}

fn hex(bytes: &[u8]) -> String {
    tessera_tests::wallet::hex(bytes)
}
