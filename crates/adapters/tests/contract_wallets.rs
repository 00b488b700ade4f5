//! Tests of contract accounts (ERC-1271, ERC-6492): the published validator and wallet bytecode run in a real EVM.

#[path = "support/node.rs"]
mod node;

use std::{collections::BTreeMap, fmt::Debug, sync::Arc, time::Duration};

use ethers_core::{
    abi::{Token, encode},
    types::{H160, H256, U256},
    utils::{get_create2_address, hash_message},
};
use evm::backend::MemoryAccount;
use node::{Mood, Node, State, bytes};
use tessera_adapters::{ContractSignatures, Gate, GateSettings, JsonRpcReader, KeySignatures};
use tessera_identity::{
    model::SiweMessage,
    ports::{ChainReader, SignatureCheck, SignerKind, VerifyError, WalletVerifier as _},
};
use tessera_kernel::{Chain, Unlimited, WalletAccount, WalletSignature};
use tessera_testkit::{
    ChainHarness, Skip, async_trait,
    builders::requester,
    fakes::{FakeChains, Program},
};
use tessera_tests::wallet::{EvmWallet, SolanaWallet};

const TEXT: &str = "sign in, please";

/// A wallet that accepts the hashes in its storage, like wallets whose owners approve on the chain: `calldataload(4)
/// sload`, then the magic value of ERC-1271, or `0xffffffff`.
const WALLET: &str = "600435541560185763\
                      1626ba7e60e01b60005260206000f3\
                      5b63ffffffff60e01b60005260206000f3";

/// A wallet that accepts the hashes in its storage for an exact ERC-1271 call with an empty signature, as Safe does for
/// hashes that were approved on the chain. It checks selector, offset and lengths, then uses `sload`, and else reverts.
const APPROVING: &str = "60003560e01c631626ba7e18\
                         602435604018176044351736606418176004355415176035\
                         57631626ba7e60e01b60005260206000f3\
                         5b60006000fd";

/// A factory that many chains have at the same address. It deploys the code that it receives after a salt.
const FACTORY: &str = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0\
                       3601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";

#[track_caller]
fn ok<T, E: Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("unexpected error: {error:?}"))
}

fn account(code: &str, approved: &[H256]) -> MemoryAccount {
    let yes = H256::from_low_u64_be(1);
    let storage = approved.iter().map(|hash| (*hash, yes)).collect();
    MemoryAccount { nonce: U256::one(), balance: U256::zero(), storage, code: bytes(code) }
}

fn address(number: u64) -> H160 {
    H160::from_low_u64_be(0x00C0_FFEE_0000 + number)
}

/// Returns the state of a chain with one contract, at address 1.
fn with(code: &str) -> State {
    BTreeMap::from([(address(1), account(code, &[hash_message(TEXT)]))])
}

fn over(chains: Arc<dyn ChainReader>) -> ContractSignatures {
    let gate = ok(Gate::new(GateSettings { places: 1, queue: 8, deadline: Duration::from_secs(30) }));
    ContractSignatures::new(KeySignatures::new(gate), chains, Arc::new(Unlimited))
}

fn verifier(url: &str) -> ContractSignatures {
    over(Arc::new(ok(JsonRpcReader::new([(Chain::Ethereum, url.to_owned().into())]))))
}

fn proof(address: H160, text: &str, signature: &[u8]) -> SignatureCheck {
    let account = ok(WalletAccount::parse(Chain::Ethereum, &format!("{address:#x}")));
    let signature = WalletSignature::from_bytes(signature.to_vec());
    SignatureCheck { account, texts: vec![text.as_bytes().to_vec()], signature, requester: requester() }
}

async fn ask(node: &Node, proof: SignatureCheck) -> bool {
    ok(verifier(&node.url).verify(proof).await).is_some()
}

#[tokio::test]
async fn a_contract_decides_which_text_is_signed_s97() {
    let node = Node::start(with(WALLET), Mood::Well).await;
    // The wallet ignores the length of the signature: it checks only the hash.
    for length in [0, 1, 31, 32, 33, 64, 65, 66, 500] {
        assert!(ask(&node, proof(address(1), TEXT, &vec![7; length])).await, "{length}");
        assert!(!ask(&node, proof(address(1), "something else", &vec![7; length])).await, "{length}");
    }
    assert!(!ask(&node, proof(address(2), TEXT, &[7; 65])).await);
    let signer = verifier(&node.url).verify(proof(address(1), TEXT, &[7; 65])).await;
    assert_eq!(ok(signer), Some(SignerKind::Contract));
}

#[tokio::test]
async fn an_empty_signature_is_valid_only_for_a_text_approved_on_the_chain_s97() {
    let node = Node::start(with(APPROVING), Mood::Well).await;
    let signer = verifier(&node.url).verify(proof(address(1), TEXT, &[])).await;
    assert_eq!(ok(signer), Some(SignerKind::Contract));
    assert!(!ask(&node, proof(address(1), "something else", &[])).await);
    assert!(!ask(&node, proof(address(1), TEXT, &[0])).await);
    // An address without code has no contract, and an empty signature is not a key signature.
    for signer in [address(2), ok(EvmWallet::new().address().parse())] {
        assert!(!ask(&node, proof(signer, TEXT, &[])).await);
    }
    // On a chain without a chain node, an empty signature is rejected without a call.
    let alone = over(Arc::new(ok(JsonRpcReader::new([]))));
    assert_eq!(ok(alone.verify(proof(address(1), TEXT, &[])).await), None);
    let outcome = verifier("http://127.0.0.1:1/").verify(proof(address(1), TEXT, &[])).await;
    assert!(matches!(outcome, Err(VerifyError::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_signature_requires_one_call_and_the_chain_id_is_requested_once() {
    let node = Node::start(with(WALLET), Mood::Well).await;
    let verifier = verifier(&node.url);
    for (signature, good) in [(&[7; 65][..], true), (&[], true), (&[8; 65], true)] {
        assert_eq!(ok(verifier.verify(proof(address(1), TEXT, signature)).await).is_some(), good);
    }
    assert!(ok(verifier.verify(proof(address(1), "something else", &[7; 65])).await).is_none());
    assert!(ok(verifier.verify(proof(address(2), TEXT, &[7; 65])).await).is_none());
    let asked = node.asked();
    let methods: Vec<&str> = asked.iter().map(|(method, _)| method.as_str()).collect();
    assert_eq!(methods, ["eth_chainId", "eth_call", "eth_call", "eth_call", "eth_call", "eth_call"]);
    assert!(asked[1..].iter().all(|(_, block)| block == "latest"), "{asked:?}");
}

#[tokio::test]
async fn a_signature_that_no_contract_can_accept_sends_no_request() {
    let node = Node::start(State::new(), Mood::Silent).await;
    let verifier = verifier(&node.url);
    let wallet = EvmWallet::new();
    let key: H160 = ok(wallet.address().parse());
    // The second form of the key signature, which is rejected: `s` subtracted from the order of the curve.
    let mut twin = wallet.sign_bytes(TEXT);
    let order = ok(U256::from_str_radix("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16));
    let high = order - U256::from_big_endian(&twin[32..64]);
    high.to_big_endian(&mut twin[32..64]);
    twin[64] = 55 - twin[64];
    assert_eq!(ok(verifier.verify(proof(key, TEXT, &twin)).await), None);
    // Signatures of wallets that are not deployed yet, without the content that ERC-6492 requires.
    for parts in [String::new(), "ff".repeat(96), format!("{}60", "00".repeat(31))] {
        let signature = bytes(&format!("{parts}{}", "6492".repeat(16)));
        assert_eq!(ok(verifier.verify(proof(address(1), TEXT, &signature)).await), None, "{parts}");
    }
    assert_eq!(node.asked(), []);
}

#[tokio::test]
async fn a_signature_for_an_account_without_code_is_rejected() {
    let node = Node::start(State::new(), Mood::Well).await;
    assert!(!ask(&node, proof(address(1), TEXT, &[7; 65])).await);
}

#[tokio::test]
async fn a_chain_without_a_node_has_no_contract_wallets() {
    let node = Node::start(with(WALLET), Mood::Well).await;
    let on_base = ok(WalletAccount::parse(Chain::Base, &format!("{:#x}", address(1))));
    assert!(!ask(&node, SignatureCheck { account: on_base, ..proof(address(1), TEXT, &[7; 65]) }).await);
    let solana = ok(WalletAccount::parse(Chain::Solana, &SolanaWallet::new().address()));
    assert!(!ask(&node, SignatureCheck { account: solana, ..proof(address(1), TEXT, &[7; 64]) }).await);
    assert_eq!(node.asked(), []);
}

#[tokio::test]
async fn a_signature_is_rejected_unless_the_contract_accepts_it() {
    let contracts = [
        ("reverts", "60006000fd"),
        ("answers nothing", "00"),
        ("answers zero", "60206000f3"),
        ("answers yes to whatever is not asked", "600160005260206000f3"),
        ("answers another magic value", "63deadbeef60e01b60005260206000f3"),
        ("answers the magic value at the wrong end", "631626ba7e60005260206000f3"),
        ("answers four bytes", "631626ba7e60e01b60005260046000f3"),
        ("burns all gas", "5b600056"),
        ("is no code", "fe"),
        ("falls off the stack", "5050"),
        ("jumps nowhere", "60ff56"),
        ("writes to its storage during the call", "6001600055631626ba7e60e01b60005260206000f3"),
        ("ends itself", "6000ff"),
    ];
    for (what, code) in contracts {
        let node = Node::start(with(code), Mood::Well).await;
        assert!(!ask(&node, proof(address(1), TEXT, &[7; 65])).await, "a contract that {what}");
    }
}

#[tokio::test]
async fn a_short_signature_is_rejected_unless_the_contract_accepts_it() {
    let contracts = [
        ("reverts", "60006000fd"),
        ("reverts with the magic value", "631626ba7e60e01b60005260206000fd"),
        ("answers nothing", "00"),
        ("answers zero", "60206000f3"),
        ("answers another magic value", "63deadbeef60e01b60005260206000f3"),
        ("answers the magic value at the wrong end", "631626ba7e60005260206000f3"),
        ("answers the magic value with something behind it", "631626ba7e60e01b60011760005260206000f3"),
        ("answers four bytes", "631626ba7e60e01b60005260046000f3"),
        ("answers 31 bytes", "631626ba7e60e01b600052601f6000f3"),
        ("answers 33 bytes", "631626ba7e60e01b60005260216000f3"),
        ("answers two words", "631626ba7e60e01b60005260406000f3"),
        ("burns all gas", "5b600056"),
        ("is no code", "fe"),
        ("falls off the stack", "5050"),
    ];
    for (what, code) in contracts {
        let node = Node::start(with(code), Mood::Well).await;
        for signature in [&[][..], &[7; 31]] {
            assert!(!ask(&node, proof(address(1), TEXT, signature)).await, "a contract that {what}");
        }
    }
}

/// Returns code that deploys the wallet with this hash approved: `sstore(hash, 1)`, and the rest of itself.
fn making(hash: H256) -> Vec<u8> {
    let wallet = bytes(WALLET);
    let length = ok(u8::try_from(wallet.len()));
    let store = [&[0x60, 1, 0x7f], hash.as_bytes(), &[0x55]].concat();
    let copy = [0x60, length, 0x80, 0x60, 47, 0x60, 0, 0x39, 0x60, 0, 0xf3];
    [store.as_slice(), &copy, &wallet].concat()
}

/// Returns a signature of a wallet that the factory has to deploy first (ERC-6492).
fn wrapped(factory: H160, call: Vec<u8>) -> Vec<u8> {
    let parts = encode(&[Token::Address(factory), Token::Bytes(call), Token::Bytes(vec![7; 65])]);
    [parts, bytes(&"6492".repeat(16))].concat()
}

#[tokio::test]
async fn a_signature_of_a_wallet_that_is_not_deployed_yet_is_verified() {
    let chain = BTreeMap::from([(address(9), account(FACTORY, &[]))]);
    let node = Node::start(chain, Mood::Well).await;
    let (salt, code) = ([5; 32], making(hash_message(TEXT)));
    let wallet = get_create2_address(address(9), salt, code.clone());
    let signature = wrapped(address(9), [&salt, code.as_slice()].concat());
    assert!(ask(&node, proof(wallet, TEXT, &signature)).await);
    assert!(!ask(&node, proof(wallet, "something else", &signature)).await);
    // The signature is for another address than the deployed one.
    assert!(!ask(&node, proof(address(1), TEXT, &signature)).await);
    let nowhere = wrapped(address(8), [&salt, code.as_slice()].concat());
    assert!(!ask(&node, proof(wallet, TEXT, &nowhere)).await);
    let nothing = wrapped(address(9), Vec::new());
    assert!(!ask(&node, proof(wallet, TEXT, &nothing)).await);
    assert!(!ask(&node, proof(wallet, TEXT, &bytes(&"6492".repeat(16)))).await);
}

async fn nobody_can_say(url: &str) {
    let outcome = verifier(url).verify(proof(address(1), TEXT, &[7; 65])).await;
    assert!(matches!(outcome, Err(VerifyError::Unavailable(_))), "{url}: {outcome:?}");
}

#[tokio::test]
async fn a_failure_of_the_chain_node_is_reported_as_unavailable() {
    let reply = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let long = format!("{{\"result\":\"0x{}\"}}", "0".repeat(64 * 1024));
    let moods = [
        Mood::Saying("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n".to_owned()),
        Mood::Saying("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n".to_owned()),
        Mood::Saying("nonsense\r\n\r\n".to_owned()),
        Mood::Saying(reply("")),
        Mood::Saying(reply("true")),
        Mood::Saying(reply("{}")),
        Mood::Saying(reply("{\"result\":null}")),
        Mood::Saying(reply("{\"result\":1}")),
        Mood::Saying(reply("{\"result\":\"1\"}")),
        Mood::Saying(reply("{\"result\":\"0x01\"}trailing")),
        Mood::Saying(reply(&long)),
        Mood::Silent,
        Mood::Elsewhere,
        Mood::Refusing("eth_chainId", 3, "execution reverted"),
        Mood::Refusing("eth_call", -32005, "daily request count exceeded"),
        Mood::Refusing("eth_call", -32000, "header not found"),
    ];
    for mood in moods {
        nobody_can_say(&Node::start(with(WALLET), mood).await.url).await;
    }
    nobody_can_say("http://127.0.0.1:1/").await;
}

#[tokio::test]
async fn redirects_are_not_followed_s205() {
    let there = Node::start(with(WALLET), Mood::Well).await;
    let elsewhere = format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", there.url);
    nobody_can_say(&Node::start(with(WALLET), Mood::Saying(elsewhere)).await.url).await;
    assert_eq!(there.asked(), []);
}

#[tokio::test]
async fn a_call_that_the_chain_node_reports_as_failed_is_a_rejection() {
    let refusals = [(3, "x"), (-32000, "execution reverted"), (-32000, "out of gas"), (-32015, "VM Exception: Revert")];
    for (code, message) in refusals {
        let node = Node::start(with(WALLET), Mood::Refusing("eth_call", code, message)).await;
        assert!(!ask(&node, proof(address(1), TEXT, &[7; 65])).await, "{code} {message}");
    }
}

#[tokio::test]
async fn errors_do_not_contain_the_url_of_the_chain_node() {
    let verifier = verifier("http://127.0.0.1:1/a-secret-key");
    let outcome = verifier.verify(proof(address(1), TEXT, &[7; 65])).await;
    let Err(VerifyError::Unavailable(error)) = outcome else { panic!("it must fail: {outcome:?}") };
    let mut said = format!("{error:?} {error}");
    let mut source = error.source();
    while let Some(error) = source {
        said = format!("{said} {error:?} {error}");
        source = error.source();
    }
    assert!(!said.contains("a-secret-key"), "{said}");
}

/// A chain node over JSON-RPC, with the contracts of the contract suite in the EVM.
struct RpcHarness {
    node: Node,
    reader: JsonRpcReader,
}

#[async_trait]
impl ChainHarness for RpcHarness {
    async fn start() -> Result<Self, Skip> {
        let contract = |program: Program| {
            let code = program.bytecode().to_vec();
            let account = MemoryAccount { nonce: U256::one(), balance: U256::zero(), storage: BTreeMap::new(), code };
            (H160(program.address()), account)
        };
        let node = Node::start(Program::ALL.into_iter().map(contract).collect(), Mood::Well).await;
        let reader = ok(JsonRpcReader::new([(Chain::Ethereum, node.url.clone().into())]));
        Ok(Self { node, reader })
    }

    fn reader(&self) -> &dyn ChainReader {
        &self.reader
    }

    fn cut_off(&self) {
        self.node.go_down();
    }
}

tessera_testkit::chain_reader_contract!(RpcHarness);

#[tokio::test]
async fn the_validator_result_decides_for_any_chain_reader() {
    let at = |program: Program| H160(program.address());
    // The contract is the same each time. Only the response of the validator differs.
    for (validator, good) in Program::ALL.into_iter().map(|program| (program, program == Program::AnswersOne)) {
        let verifier = over(Arc::new(FakeChains::running(validator)));
        let signer = ok(verifier.verify(proof(at(Program::AnswersNothing), TEXT, &[7; 65])).await);
        assert_eq!(signer, good.then_some(SignerKind::Contract), "{validator:?}");
    }
    let chains = Arc::new(FakeChains::running(Program::AnswersOne));
    chains.become_unavailable();
    let outcome = over(chains).verify(proof(at(Program::AnswersNothing), TEXT, &[7; 65])).await;
    assert!(matches!(outcome, Err(VerifyError::Unavailable(_))), "{outcome:?}");
}

/// The vectors of the siwe project for ERC-1271 (`crates/identity/tests/domain/vectors/README.md`): a wallet of Argent and a
/// wallet of Loopring, whose signature does not have the length of a key signature. Account, nonce, time, signature.
const PUBLISHED: [(&str, &str, &str, &str); 2] = [
    (
        "0xa5b3A53800cD49669F34DE80f2C569c6D4Ca3009",
        "FbYd6TNB4m0IUHDG7",
        "2022-04-19T18:55:04.444Z",
        "0x00193f8bb87a8bd4a8367a47ee477c62aec984830ec59e730b28d1ec54669eab\
         450b9f3108a5c435648691c5766b35e2f13b8fb29f46298bb378ac34597d7e271c",
    ),
    (
        "0x0e565A6dFc43DE21455a67bbF196f7F7b15447A7",
        "b19JyMHnM0Jdm20as",
        "2022-04-19T18:57:09.490Z",
        "0x2f280385ebd550309197c4c892c5a8eb1a6e743d5c90c8036dea6f05c3e8cb32\
         1f90210a567ee88461733731a9c4e177140a969784c0421c09897e161f17bf331c02",
    ),
];

/// Only the main net knows whether the two contracts accept the signatures. Here, a contract at each address accepts
/// the hash of the published message. The test shows that the key does not decide, that the contract is called with
/// that hash, and that it receives the signature unchanged.
#[tokio::test]
async fn the_contract_decides_on_published_contract_wallet_signatures() {
    for (address, nonce, issued_at, signature) in PUBLISHED {
        let text = format!(
            "localhost:4361 wants you to sign in with your Ethereum account:\n{address}\n\nSIWE Notepad Example\n\n\
             URI: http://localhost:4361\nVersion: 1\nChain ID: 1\nNonce: {nonce}\nIssued At: {issued_at}"
        );
        assert_eq!(ok(text.parse::<SiweMessage>()).address.to_string(), address);
        let proof = proof(ok(address.parse()), &text, &bytes(signature));
        let alone = over(Arc::new(ok(JsonRpcReader::new([]))));
        assert_eq!(ok(alone.verify(proof.clone()).await), None, "{address}");
        for (approved, signer) in [(text.as_str(), Some(SignerKind::Contract)), ("something else", None)] {
            let chain = BTreeMap::from([(ok(address.parse()), account(WALLET, &[hash_message(approved)]))]);
            let node = Node::start(chain, Mood::Well).await;
            assert_eq!(ok(verifier(&node.url).verify(proof.clone()).await), signer, "{address}");
        }
    }
}
