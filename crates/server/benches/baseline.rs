//! Baseline measurements of the machine without the service. `scripts/bench` prints the ratios of its results to them.
//!
//! A measurement prints the number of operations, the seconds that they took, and the seconds of processor time of this process.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::{Context as _, bail};
use tessera_adapters::{
    Argon2Hasher, Argon2Settings, DatabaseSettings, DatabaseUrl, Gate, GateSettings, KeyBits, KeySignatures, MasterKey,
    Rs256Signer, SqlStore,
};
use tessera_apikeys::{
    model::{KeyKind, RawKey},
    ports::ApiKeyStore,
};
use tessera_identity::{
    model::{Password, PasswordAttempt},
    ports::{Comparison, PasswordHasher as _, Requester, SignatureCheck, WalletVerifier as _},
};
use tessera_kernel::{Chain, Entropy, OrganizationId, Role, SecretDigest as _, UserId, WalletAccount, WalletSignature};
use tessera_sso::{
    model::{NewKey, SigningKey, TOKEN_LIFETIME},
    ports::{ServiceClaims, ServiceTokenSigner as _},
};
use tessera_system::{Sha256Digest, SystemEntropy, system_ports};
use tessera_tests::{
    api::{Api, text_of},
    authenticator::Authenticator,
    wallet::EvmWallet,
};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.as_slice() {
        ["serve", size] => runtime.block_on(bare(size.parse()?)),
        ["argon2", seconds] => runtime.block_on(argon2(seconds.parse()?)),
        ["rs256", seconds] => runtime.block_on(rs256(Duration::from_secs(seconds.parse()?))),
        ["select", url, key, tasks, seconds] => {
            runtime.block_on(select(url, key, tasks.parse()?, Duration::from_secs(seconds.parse()?)))
        }
        ["recover", seconds] => runtime.block_on(recover(Duration::from_secs(seconds.parse()?))),
        ["p256", seconds] => runtime.block_on(p256(Duration::from_secs(seconds.parse()?))),
        ["passkeys", url, tasks, seconds] => {
            runtime.block_on(passkeys(url, tasks.parse()?, Duration::from_secs(seconds.parse()?)))
        }
        ["keys", first, count, step, modulus] => {
            print_keys(first.parse()?, count.parse()?, step.parse()?, modulus.parse()?)
        }
        ["wallets", url, tasks, seconds] => {
            runtime.block_on(wallets(url, tasks.parse()?, Duration::from_secs(seconds.parse()?)))
        }
        // `cargo bench` and test runners start it without arguments.
        _ => Ok(()),
    }
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Serves a handler that reads the body and responds with one of that size.
async fn bare(size: usize) -> anyhow::Result<()> {
    let answer = web::Bytes::from(vec![b' '; size]);
    let server = HttpServer::new(move || {
        let answer = answer.clone();
        App::new().default_service(web::to(move |_body: web::Bytes| {
            let answer = answer.clone();
            async move { HttpResponse::Ok().content_type("application/json").body(answer) }
        }))
    })
    .bind(("127.0.0.1", 0))?;
    let address = server.addrs().first().copied().context("no address")?;
    say(&format!("http://{address}/"))?;
    Ok(server.run().await?)
}

/// All work has the same requester.
const ANYONE: Requester = Requester { network: None, known: false };

/// Measures argon2id verifications per second, on all processors.
async fn argon2(seconds: u64) -> anyhow::Result<()> {
    let places = std::thread::available_parallelism()?.get();
    let gate = Gate::new(GateSettings { places, queue: places, deadline: Duration::from_mins(1) })?;
    let hasher = Arc::new(Argon2Hasher::new(Argon2Settings::default(), gate, Arc::new(SystemEntropy))?);
    let password = Password::from_str("violet-harbour-93-lantern")?;
    let hash = hasher.hash(&password, ANYONE).await?;
    let timer = Timer::start();
    let end = timer.begun + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..places)
        .map(|_| {
            let (hasher, hash) = (Arc::clone(&hasher), hash.clone());
            tokio::spawn(async move {
                let attempt = PasswordAttempt::new("violet-harbour-93-lantern");
                let mut done = 0_u32;
                while Instant::now() < end {
                    let compared = Comparison { attempt: &attempt, hash: Some(&hash), costs: &[] };
                    hasher.verify(compared, ANYONE).await?;
                    done += 1;
                }
                anyhow::Ok(done)
            })
        })
        .collect();
    timer.finish(tasks).await
}

/// Measures signatures of service tokens per second, on all processors.
async fn rs256(length: Duration) -> anyhow::Result<()> {
    let master = Arc::new(MasterKey::generate_text(&SystemEntropy).parse()?);
    let issuer = "http://localhost:8080".to_owned();
    let signer = Arc::new(Rs256Signer::new(issuer, KeyBits::default(), master, Arc::new(SystemEntropy)));
    let NewKey { id, public, sealed } = signer.make_key().await?;
    let system = system_ports();
    let now = system.now();
    let key = SigningKey { id, public, sealed, created_at: now, signs_from: now, retirement: None };
    let claims = ServiceClaims {
        user: UserId::generate(&system),
        audience: "https://games.example.com".parse()?,
        token_id: UserId::generate(&system).as_uuid(),
        issued_at: now,
        expires_at: now + TOKEN_LIFETIME,
        organization: Some(OrganizationId::generate(&system)),
        roles: vec![Role::Owner],
        nonce: None,
        wallet: None,
    };
    let timer = Timer::start();
    let end = timer.begun + length;
    let tasks: Vec<_> = (0..std::thread::available_parallelism()?.get())
        .map(|_| {
            let (signer, key, claims) = (Arc::clone(&signer), key.clone(), claims.clone());
            tokio::spawn(async move {
                let mut done = 0_u32;
                while Instant::now() < end {
                    signer.sign(&key, &claims)?;
                    done += 1;
                }
                anyhow::Ok(done)
            })
        })
        .collect();
    timer.finish(tasks).await
}

/// Measures verifications of wallet signatures per second, on all processors.
async fn recover(length: Duration) -> anyhow::Result<()> {
    let places = std::thread::available_parallelism()?.get();
    let gate = Gate::new(GateSettings { places, queue: places, deadline: Duration::from_mins(1) })?;
    let (verifier, wallet) = (KeySignatures::new(gate), EvmWallet::new());
    let proof = SignatureCheck {
        account: WalletAccount::parse(Chain::Ethereum, &wallet.address())?,
        texts: vec![b"text".to_vec()],
        signature: WalletSignature::from_bytes(wallet.sign_bytes("text")),
        requester: ANYONE,
    };
    let timer = Timer::start();
    let end = timer.begun + length;
    let tasks: Vec<_> = (0..places)
        .map(|_| {
            let (verifier, proof) = (verifier.clone(), proof.clone());
            tokio::spawn(async move {
                let mut done = 0_u32;
                while Instant::now() < end {
                    anyhow::ensure!(verifier.verify(proof.clone()).await?.is_some(), "the signature is not good");
                    done += 1;
                }
                anyhow::Ok(done)
            })
        })
        .collect();
    timer.finish(tasks).await
}

/// The wallets of one task, used in turn. A user who signs in hundreds of times reaches the quota of sessions, and each
/// further sign-in also ends a session, which is not what users of a service do.
const WALLETS: usize = 32;

/// Measures wallet sign-ins per second: each task requests a challenge, signs it and submits the signature.
async fn wallets(url: &str, tasks: usize, length: Duration) -> anyhow::Result<()> {
    let api = Api::new(url);
    let timer = Timer::start();
    let end = timer.begun + length;
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let (api, wallets) = (api.clone(), std::array::from_fn::<_, WALLETS, _>(|_| EvmWallet::new()));
            tokio::spawn(async move {
                let mut done = 0_u32;
                for wallet in wallets.iter().cycle() {
                    if Instant::now() >= end {
                        break;
                    }
                    let challenge = api.post("/auth/web3/challenge", &wallet.named("ethereum")).await.expecting(200);
                    api.post("/auth/web3/verify", &wallet.proof("ethereum", &challenge)).await.is(200);
                    done += 1;
                }
                anyhow::Ok(done)
            })
        })
        .collect();
    timer.finish(tasks).await
}

/// Measures verifications of P-256 signatures per second, on all processors, with the library that verifies passkeys.
async fn p256(length: Duration) -> anyhow::Result<()> {
    use p256::ecdsa::{
        Signature, SigningKey,
        signature::{Signer as _, Verifier as _},
    };
    let key = SigningKey::from_slice(&[7; 32])?;
    // As long as what an authenticator signs.
    let signed = [1; 69];
    let signature: Signature = key.sign(&signed);
    let timer = Timer::start();
    let end = timer.begun + length;
    let tasks: Vec<_> = (0..std::thread::available_parallelism()?.get())
        .map(|_| {
            let key = *key.verifying_key();
            tokio::spawn(async move {
                let mut done = 0_u32;
                while Instant::now() < end {
                    key.verify(&signed, &signature)?;
                    done += 1;
                }
                anyhow::Ok(done)
            })
        })
        .collect();
    timer.finish(tasks).await
}

/// The users of one task, used in turn, for the same reason as the wallets.
const PASSKEYS: usize = 4;

/// Measures passkey sign-ins per second: each task starts a ceremony, signs its challenge and submits the signature.
async fn passkeys(url: &str, tasks: usize, length: Duration) -> anyhow::Result<()> {
    let api = Api::new(url);
    let mut users = Vec::new();
    for _ in 0..tasks {
        let mut keys = Vec::new();
        for _ in 0..PASSKEYS {
            // A wallet creates the account without a password hash, which would count as time of the service.
            // An earlier run has given the others passkeys.
            let mut private = [0; 32];
            SystemEntropy.fill(&mut private);
            let wallet = EvmWallet::with_key(&private);
            let challenge = api.post("/auth/web3/challenge", &wallet.named("ethereum")).await.expecting(200);
            let login = api.post("/auth/web3/verify", &wallet.proof("ethereum", &challenge)).await.expecting(200);
            keys.push(Authenticator::of(&api.bearer(&text_of(&login, "token"))).await);
        }
        users.push(keys);
    }
    let timer = Timer::start();
    let end = timer.begun + length;
    let tasks: Vec<_> = users
        .into_iter()
        .map(|mut keys| {
            let api = api.clone();
            tokio::spawn(async move {
                let mut done = 0_u32;
                while Instant::now() < end {
                    for key in &mut keys {
                        key.sign_in(&api).await.is(200);
                        done += 1;
                    }
                }
                anyhow::Ok(done)
            })
        })
        .collect();
    timer.finish(tasks).await
}

/// Measures the select of a key verification per second, through the same pool, from that number of concurrent tasks.
async fn select(url: &str, key: &str, tasks: usize, length: Duration) -> anyhow::Result<()> {
    let url = DatabaseUrl::from_str(url)?;
    if let DatabaseUrl::Sqlite(path) = &url
        && !PathBuf::from(path).exists()
    {
        bail!("{} does not exist", path.display());
    }
    let settings = DatabaseSettings { pool_size: 10, ..DatabaseSettings::new(url) };
    let store = SqlStore::open(&settings).await?;
    let raw = RawKey::from_str(key)?;
    let (kind, hash) = (raw.kind(), Sha256Digest.digest(raw.expose()));
    let timer = Timer::start();
    let end = timer.begun + length;
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut done = 0_u32;
                while Instant::now() < end {
                    store.find_key_by_hash(kind, &hash).await?.context("the key is gone")?;
                    done += 1;
                }
                anyhow::Ok(done)
            })
        })
        .collect();
    timer.finish(tasks).await
}

/// The random bytes of the key with this number. The same number gives the same key in each run.
struct NumberedEntropy(u64);

impl Entropy for NumberedEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let digest = Sha256Digest.digest(&format!("benchmark key {}", self.0));
        for (to, from) in buffer.iter_mut().zip(digest.as_bytes().iter().cycle()) {
            *to = *from;
        }
    }
}

/// Prints keys with their hashes, one per line: first number, then each `step` further, modulo `modulus`. A step without a
/// common divisor with the modulus gives keys in a scattered order, each once.
fn print_keys(first: u64, count: u64, step: u64, modulus: u64) -> anyhow::Result<()> {
    anyhow::ensure!(count <= modulus, "there are {modulus} keys");
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    for number in (0..count).map(|index| (first + index * step) % modulus) {
        let key = RawKey::generate(KeyKind::Application, &NumberedEntropy(number));
        write!(out, "{number} {} ", key.expose())?;
        for byte in Sha256Digest.digest(key.expose()).as_bytes() {
            write!(out, "{byte:02x}")?;
        }
        writeln!(out)?;
    }
    Ok(out.flush()?)
}

/// Measures elapsed time and processor time.
struct Timer {
    begun: Instant,
    processor: f64,
}

impl Timer {
    fn start() -> Self {
        Self { begun: Instant::now(), processor: processor_seconds() }
    }

    /// Prints the result of tasks that return their number of operations.
    async fn finish(self, tasks: Vec<tokio::task::JoinHandle<anyhow::Result<u32>>>) -> anyhow::Result<()> {
        let mut done = 0_u32;
        for task in tasks {
            done += task.await??;
        }
        let elapsed = self.begun.elapsed().as_secs_f64();
        say(&format!("{done} {elapsed:.4} {:.2}", processor_seconds() - self.processor))
    }
}

/// The processor time of this process so far. Zero on systems without `/proc`.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program, in parentheses, may contain spaces. User and system time are the fields 14 and 15.
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u32 = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    f64::from(ticks) / 100.0
}
