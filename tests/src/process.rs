//! The real server binary, started and stopped as an operator would.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    api::Api,
    cluster::Cluster,
    database::{Backend, TestDatabase},
    eventually,
};

/// Timeout for a start. Two processes of a debug build on a busy machine need seconds.
const START: Duration = Duration::from_secs(30);

/// Limits that a test could reach without being about them: all of its requests come from one address.
const HIGH_LIMITS: [&str; 8] = [
    "TESSERA_LIMIT_SIGN_IN",
    "TESSERA_LIMIT_SIGN_IN_ACCOUNT",
    "TESSERA_LIMIT_SIGN_IN_NETWORK",
    "TESSERA_LIMIT_REGISTER",
    "TESSERA_LIMIT_MAIL",
    "TESSERA_LIMIT_MAIL_NETWORK",
    "TESSERA_LIMIT_CREDENTIAL",
    "TESSERA_LIMIT_REQUESTS",
];

/// A master key for tests. It protects no data.
pub const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// The public URL of every installation, although each node has its own port.
pub const PUBLIC_URL: &str = "http://localhost:8080";

/// A port that was free a moment ago.
///
/// # Panics
/// Panics if no port is free.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no port: {error}"));
    let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
    address.port()
}

/// A database and settings, which several processes of the service can share.
pub struct Installation {
    database: TestDatabase,
    settings: BTreeMap<String, String>,
    home: TempDir,
    started: AtomicUsize,
}

impl Installation {
    /// Creates an installation with [`MASTER_KEY`] and a database that contains only a signing key.
    ///
    /// # Panics
    /// Panics if no directory or database can be created.
    pub async fn new(backend: Backend) -> Self {
        Self::with_key(TestDatabase::create_started(backend, start_once).await)
    }

    /// Creates an installation with a database without tables; on PostgreSQL with the master key that is required there.
    ///
    /// # Panics
    /// Panics if no directory or database can be created.
    pub async fn empty(backend: Backend) -> Self {
        let database = TestDatabase::create(backend).await;
        match backend {
            Backend::Sqlite => Self::on(database),
            Backend::Postgres => Self::with_key(database),
        }
    }

    /// Creates an installation with an empty database on a server of its own, which must outlive it.
    pub async fn on_server(server: &Cluster) -> Self {
        Self::with_key(TestDatabase::create_on(server).await)
    }

    fn with_key(database: TestDatabase) -> Self {
        Self::on(database).set("TESSERA_MASTER_KEY", MASTER_KEY)
    }

    fn on(database: TestDatabase) -> Self {
        let home = TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}"));
        let mut settings = BTreeMap::from([
            ("TESSERA_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("TESSERA_PUBLIC_URL".to_owned(), PUBLIC_URL.to_owned()),
            ("TESSERA_DATABASE_URL".to_owned(), database.url().to_owned()),
        ]);
        settings.extend(HIGH_LIMITS.map(|name| (name.to_owned(), "1000000/60".to_owned())));
        Self { database, settings, home, started: AtomicUsize::new(0) }
    }

    /// Gives all limits their default quotas.
    #[must_use]
    pub fn with_default_limits(self) -> Self {
        HIGH_LIMITS.into_iter().fold(self, Self::unset)
    }

    /// Adds a setting.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Removes a setting.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.settings.remove(name);
        self
    }

    /// The database.
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// The directory for mails that are written to files.
    #[must_use]
    pub fn mail_directory(&self) -> PathBuf {
        self.home.path().join("data/mail")
    }

    /// Starts a process and waits until it is ready.
    ///
    /// # Panics
    /// Panics if it does not become ready.
    #[must_use]
    pub fn start(&self) -> Node {
        self.spawn().ready()
    }

    /// Starts a process without waiting.
    ///
    /// # Panics
    /// Panics if the binary does not exist.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the process gets PATH and nothing else")]
    pub fn spawn(&self) -> Starting {
        let log = self.home.path().join(format!("log-{}", self.started.fetch_add(1, Ordering::Relaxed)));
        let log_file = File::create(&log).unwrap_or_else(|error| panic!("can't write {}: {error}", log.display()));
        let mut child = Command::new(binary())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(&self.settings)
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .unwrap_or_else(|error| panic!("the service can't be started: {error}"));
        let lines = read_lines(&mut child);
        Starting { process: Process { child, log }, lines }
    }

    /// Another command of the binary with the same settings.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).env_clear().envs(&self.settings).current_dir(self.home.path()).stdin(Stdio::null());
        command
    }

    /// Runs another command of the binary with the same settings and waits for its end.
    ///
    /// # Panics
    /// Panics if the binary does not exist.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap_or_else(|error| panic!("the command can't be run: {error}"))
    }

    /// Starts a process that must fail to start, and returns its error output.
    ///
    /// # Panics
    /// Panics if the process becomes ready, ends with success or does not end.
    pub async fn refuses_to_start(&self) -> String {
        let Starting { mut process, lines } = self.spawn();
        let status = process.wait(START).await;
        let said = process.log();
        assert!(!status.success(), "it ended well: {said}");
        assert_eq!(lines.try_recv().ok(), None, "it said that it is ready");
        said
    }
}

/// Starts the service on a database, and stops it.
async fn start_once(database: TestDatabase) -> TestDatabase {
    let installation = Installation::with_key(database);
    let mut node = installation.start();
    node.terminate();
    let ended = node.wait(START).await;
    assert!(ended.success(), "{}", node.log());
    installation.database
}

/// The binary that cargo built next to this test.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("where is this test? {error}"));
    let directory = test.ancestors().nth(2).unwrap_or_else(|| panic!("{} is nowhere", test.display()));
    let binary = directory.join("tessera");
    assert!(binary.exists(), "{} is not built: run the tests of the whole workspace", binary.display());
    binary
}

/// The lines of standard output. They are read to the end, so that the pipe never fills up.
fn read_lines(child: &mut Child) -> Receiver<String> {
    let output = child.stdout.take().unwrap_or_else(|| panic!("standard output is not piped"));
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let _nobody_may_listen = sender.send(line);
        }
    });
    receiver
}

/// A process that is starting.
pub struct Starting {
    process: Process,
    lines: Receiver<String>,
}

impl Starting {
    /// The log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Sends SIGTERM before the process is ready, and waits for its end.
    ///
    /// # Panics
    /// Panics if the process does not end or reports that it is ready.
    pub async fn stops_early(mut self) -> ExitStatus {
        self.process.signal("-TERM");
        let status = self.process.wait(START).await;
        assert_eq!(self.lines.try_recv().ok(), None, "it said that it is ready");
        status
    }

    /// Waits until the process is ready.
    ///
    /// # Panics
    /// Panics if it does not become ready.
    #[must_use]
    pub fn ready(self) -> Node {
        let line = match self.lines.recv_timeout(START) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("not ready after {START:?}:\n{}", self.process.log()),
            Err(RecvTimeoutError::Disconnected) => panic!("it ended before it was ready:\n{}", self.process.log()),
        };
        let url = line.strip_prefix("Tessera is ready: ").and_then(|rest| rest.split_whitespace().next());
        let url = url.unwrap_or_else(|| panic!("not the line of a service that is ready: {line}")).to_owned();
        Node { process: self.process, url, lines: Mutex::new(self.lines) }
    }
}

/// A process that is ready.
pub struct Node {
    process: Process,
    url: String,
    /// The lines after the first one.
    lines: Mutex<Receiver<String>>,
}

impl Node {
    /// The base URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the metrics, which the second line has if `TESSERA_METRICS_LISTEN` is set. It can be read once.
    ///
    /// # Panics
    /// Panics if there is no such line.
    #[must_use]
    pub fn read_metrics_url(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.recv_timeout(START).unwrap_or_else(|error| panic!("no second line: {error}"));
        let url = line.strip_prefix("Metrics: ").and_then(|url| url.strip_suffix("/metrics"));
        url.unwrap_or_else(|| panic!("not the line of the metrics: {line}")).to_owned()
    }

    /// The host and port.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.url.strip_prefix("http://").unwrap_or(&self.url)
    }

    /// A client of the node without a credential.
    #[must_use]
    pub fn api(&self) -> Api {
        Api::new(&self.url)
    }

    /// The log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.child.id()
    }

    /// Sends SIGTERM.
    ///
    /// # Panics
    /// Panics if the process has already ended.
    pub fn terminate(&self) {
        self.process.signal("-TERM");
    }

    /// Pauses the process (SIGSTOP). Its connections stay open.
    ///
    /// # Panics
    /// Panics if the process has already ended.
    pub fn pause(&self) {
        self.process.signal("-STOP");
    }

    /// Continues a paused process (SIGCONT).
    ///
    /// # Panics
    /// Panics if the process has already ended.
    pub fn resume(&self) {
        self.process.signal("-CONT");
    }

    /// Kills the process (SIGKILL).
    pub fn kill(mut self) {
        self.process.end();
    }

    /// Waits for the end of the process.
    ///
    /// # Panics
    /// Panics if it does not end in time.
    pub async fn wait(&mut self, within: Duration) -> ExitStatus {
        self.process.wait(within).await
    }
}

/// A child process that never outlives its test.
struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{signal} could not be sent");
    }

    fn end(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    async fn wait(&mut self, within: Duration) -> ExitStatus {
        let mut ended = || self.child.try_wait().unwrap_or_else(|error| panic!("can't wait for the service: {error}"));
        eventually("the service ends", within, || std::future::ready(ended())).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            eprintln!("--- log of the service\n{}---", self.log());
        }
    }
}
