//! The real server binary, started and stopped as an operator would.

mod activation;
mod node;

use std::{
    collections::BTreeMap,
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    cluster::Cluster,
    database::{Backend, TestDatabase},
};
use node::Process;

pub use node::{Node, Starting};

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
    /// The process that was started last, and its URL.
    running: Mutex<Option<(Weak<Process>, String)>>,
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
        Self { database, settings, home, started: AtomicUsize::new(0), running: Mutex::default() }
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
        let node = self.spawn().ready();
        *self.running() = Some((Arc::downgrade(&node.process), node.url.clone()));
        node
    }

    /// Starts another node of the installation. One process can serve a SQLite database, so there it is the same node again,
    /// and the test shows that its steps work on one node.
    ///
    /// # Panics
    /// Panics if it does not become ready.
    #[must_use]
    pub fn start_another(&self) -> Node {
        let running = self.running().as_ref().and_then(|(process, url)| Some((process.upgrade()?, url.clone())));
        match running {
            Some((process, url)) if self.database.directory().is_some() && process.is_running() => {
                Node::shared(process, url)
            }
            _ => self.start(),
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<(Weak<Process>, String)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a process without waiting.
    ///
    /// # Panics
    /// Panics if the binary does not exist.
    #[must_use]
    pub fn spawn(&self) -> Starting {
        self.spawn_with(&[])
    }

    /// Starts a process without waiting, with settings of its own.
    ///
    /// # Panics
    /// Panics if the binary does not exist.
    #[must_use]
    pub fn spawn_with(&self, settings: &[(&str, &str)]) -> Starting {
        let log = self.next_log();
        let mut command = Command::new(binary());
        self.prepare(&mut command, settings);
        command.stderr(log_file(&log));
        Starting::launch(command, log)
    }

    fn next_log(&self) -> PathBuf {
        self.home.path().join(format!("log-{}", self.started.fetch_add(1, Ordering::Relaxed)))
    }

    #[expect(clippy::disallowed_methods, reason = "the process gets PATH and nothing else")]
    fn prepare(&self, command: &mut Command, settings: &[(&str, &str)]) {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(&self.settings)
            .envs(settings.iter().copied())
            .current_dir(self.home.path())
            .stdin(Stdio::null());
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
        let output = self.command(arguments).output();
        output.unwrap_or_else(|error| panic!("the command can't be run: {error}"))
    }

    /// Like [`Self::run`], and returns the standard output.
    ///
    /// # Panics
    /// Panics if the command fails.
    #[track_caller]
    pub fn output_of(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Starts another command of the binary with the same settings. The test kills it, or waits for it.
    ///
    /// # Panics
    /// Panics if the binary does not exist.
    #[must_use]
    pub fn spawn_command(&self, arguments: &[&str]) -> Child {
        let child = self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        child.unwrap_or_else(|error| panic!("the command can't be run: {error}"))
    }

    /// The working directory of its processes.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Starts a process that must fail to start, and returns its error output.
    ///
    /// # Panics
    /// Panics if the process becomes ready, ends with success or does not end.
    pub async fn refuses_to_start(&self) -> String {
        let Starting { process, lines } = self.spawn();
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
///
/// # Panics
/// Panics if it is not built.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_else(|error| panic!("where is this test? {error}"));
    let directory = test.ancestors().nth(2).unwrap_or_else(|| panic!("{} is nowhere", test.display()));
    let binary = directory.join("tessera");
    assert!(binary.exists(), "{} is not built: run the tests of the whole workspace", binary.display());
    binary
}

fn log_file(log: &Path) -> File {
    File::create(log).unwrap_or_else(|error| panic!("can't write {}: {error}", log.display()))
}
