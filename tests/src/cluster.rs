//! A PostgreSQL server of its own for one test, which can be stopped and started again.

use std::{
    fs::File,
    hash::{BuildHasher as _, RandomState},
    io::Write as _,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use crate::{eventually, proxy::Proxy, tls::CertificateFiles};

const PATIENCE: Duration = Duration::from_secs(30);

/// How the server stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The server rolls back all transactions, and closes all connections.
    Fast,
    /// The server ends at once, and recovers at its next start.
    Immediate,
}

/// A PostgreSQL server with its data. It keeps what it has confirmed when it stops in any way.
pub struct Cluster {
    server: Child,
    port: u16,
    owner: Owner,
    home: TempDir,
}

/// The user of the server. PostgreSQL does not run as root.
#[derive(Clone, Copy)]
pub(crate) struct Owner(Option<(u32, u32)>);

impl Owner {
    pub(crate) fn of(home: &Path) -> Self {
        let metadata = std::fs::metadata(home).unwrap_or_else(|error| panic!("{}: {error}", home.display()));
        if metadata.uid() != 0 {
            return Self(None);
        }
        let id = |option| {
            let output = Command::new("id").args([option, "postgres"]).output();
            let output = output.unwrap_or_else(|error| panic!("id: {error}"));
            let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            text.parse().unwrap_or_else(|error| panic!("no user postgres: {error}: {text}"))
        };
        Self(Some((id("-u"), id("-g"))))
    }

    fn command(self, program: &str) -> Command {
        self.run(Command::new(program_file(program)))
    }

    /// Makes a command run as this user.
    pub(crate) fn run(self, mut command: Command) -> Command {
        command.current_dir("/").stdin(Stdio::null());
        if let Self(Some((user, group))) = self {
            command.uid(user).gid(group);
        }
        command
    }

    /// Gives a file or directory to this user.
    pub(crate) fn give(self, path: &Path) {
        if let Self(Some((user, group))) = self {
            let changed = std::os::unix::fs::chown(path, Some(user), Some(group));
            changed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the test script has found the programs")]
fn program_file(name: &str) -> PathBuf {
    let Some(directory) = std::env::var_os("TEST_POSTGRES_BIN") else {
        panic!("TEST_POSTGRES_BIN is not set: run scripts/test, which finds the programs of PostgreSQL")
    };
    PathBuf::from(directory).join(name)
}

impl Cluster {
    /// Creates a cluster and starts it.
    ///
    /// # Panics
    /// Panics if the server does not start.
    pub async fn start() -> Self {
        let (home, owner) = new_home();
        let mut command = owner.command("initdb");
        command.args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-D"]);
        succeed(command.arg(home.path().join("data")));
        Self::on(Self::any_port(), home, owner).await
    }

    /// A port below those that the system gives to clients, so that no client gets it while the server is down.
    #[must_use]
    pub fn any_port() -> u16 {
        20_000 + u16::try_from(RandomState::new().hash_one(0) % 10_000).unwrap_or_default()
    }

    /// Copies a server to a port, as its standby. It receives changes through the proxy.
    ///
    /// # Panics
    /// Panics if the copy fails or does not start.
    pub async fn standby_on(port: u16, primary: &Proxy) -> Self {
        let (home, owner) = new_home();
        let data = home.path().join("data");
        let mut command = owner.command("pg_basebackup");
        command.args(["--no-sync", "--checkpoint=fast", "--write-recovery-conf", "-U", "postgres", "-h", "127.0.0.1"]);
        succeed(command.args(["-p", &primary.address().port().to_string(), "-D"]).arg(&data));
        // The standby has no standby of its own to wait for. The last line counts.
        let written = File::options().append(true).open(data.join("postgresql.auto.conf"));
        let written = written.and_then(|mut file| file.write_all(b"synchronous_standby_names = ''\n"));
        written.unwrap_or_else(|error| panic!("{}: {error}", data.display()));
        Self::on(port, home, owner).await
    }

    async fn on(port: u16, home: TempDir, owner: Owner) -> Self {
        let server = spawn(owner, home.path(), port);
        let mut cluster = Self { server, port, owner, home };
        cluster.ready().await;
        cluster
    }

    /// Makes a standby the primary.
    pub async fn promote(&self) {
        self.execute("SELECT pg_promote(true, 60)").await;
    }

    /// Changes a setting of the server.
    pub async fn set(&self, name: &str, value: &str) {
        self.execute(&format!("ALTER SYSTEM SET {name} = '{value}'")).await;
        self.reload().await;
    }

    /// Makes the server read its settings and certificates again, and waits until new connections use them.
    ///
    /// # Panics
    /// Panics if it does not.
    pub async fn reload(&self) {
        let before = self.load_time().await;
        self.signal("-HUP");
        eventually("the settings are loaded", PATIENCE, || async { (self.load_time().await != before).then_some(()) })
            .await;
    }

    async fn load_time(&self) -> String {
        let row = self.connect().await.query_one("SELECT pg_conf_load_time()::text", &[]).await;
        row.unwrap_or_else(|error| panic!("{error}")).get(0)
    }

    /// The port of the server.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Runs statements on the database `postgres`.
    ///
    /// # Panics
    /// Panics if one fails.
    pub async fn execute(&self, statements: &str) {
        let client = self.connect().await;
        client.batch_execute(statements).await.unwrap_or_else(|error| panic!("{statements}: {error}"));
    }

    /// Connects to the database `postgres`.
    ///
    /// # Panics
    /// Panics if the server does not accept the connection.
    pub async fn connect(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await.unwrap_or_else(|e| panic!("{e}"));
        drop(tokio::spawn(connection));
        client
    }

    /// Gives the server a certificate. After the next start, it encrypts connections that ask for it, and lets them in with
    /// this password.
    ///
    /// # Panics
    /// Panics if the files cannot be written.
    pub async fn encrypt(&mut self, files: &CertificateFiles, password: &str) {
        self.execute(&format!("ALTER ROLE postgres PASSWORD '{password}'")).await;
        let access =
            "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
        let data = self.home.path().join("data");
        for (name, text) in [("server.crt", &*files.certificate), ("server.key", &*files.key), ("pg_hba.conf", access)]
        {
            let file = data.join(name);
            std::fs::write(&file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(&file, private).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            self.owner.give(&file);
        }
    }

    /// The URL of the database `postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops the server, starts it again, and waits until it accepts connections.
    ///
    /// # Panics
    /// Panics if it does not stop or start.
    pub async fn restart(&mut self, how: Stop) {
        self.stop(how).await;
        self.launch().await;
    }

    /// Stops the server.
    ///
    /// # Panics
    /// Panics if it does not stop.
    pub async fn stop(&mut self, how: Stop) {
        self.signal(match how {
            Stop::Fast => "-INT",
            Stop::Immediate => "-QUIT",
        });
        let server = &mut self.server;
        eventually("the database server stops", PATIENCE, || {
            std::future::ready(server.try_wait().unwrap_or_else(|error| panic!("{error}")))
        })
        .await;
    }

    /// Starts the server again, and waits until it accepts connections.
    ///
    /// # Panics
    /// Panics if it does not start.
    pub async fn launch(&mut self) {
        self.server = spawn(self.owner, self.home.path(), self.port);
        self.ready().await;
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.server.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{signal} could not be sent");
    }

    async fn ready(&mut self) {
        let url = &self.url();
        eventually("the database server accepts connections", PATIENCE, || async move {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.ok()?;
            drop(client);
            connection.await.ok()
        })
        .await;
        // Another server may have the port.
        let ended = self.server.try_wait().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(ended, None, "the database server has ended");
    }
}

/// A directory that the server can write to.
fn new_home() -> (TempDir, Owner) {
    let home = TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}"));
    let owner = Owner::of(home.path());
    owner.give(home.path());
    (home, owner)
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Starts the server as a child, so that it ends with the process group of the test.
fn spawn(owner: Owner, home: &Path, port: u16) -> Child {
    let log = File::options().create(true).append(true).open(home.join("log"));
    let log = log.unwrap_or_else(|error| panic!("no log: {error}"));
    let mut command = owner.command("postgres");
    command.arg("-D").arg(home.join("data")).arg("-k").arg(home).args(["-p", &port.to_string()]);
    // Without fsync, the data survives the end of the server, but not of the machine.
    for setting in ["listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off", "max_connections=200"] {
        command.args(["-c", setting]);
    }
    // The names of the files are the defaults.
    if home.join("data/server.key").exists() {
        command.args(["-c", "ssl=on"]);
    }
    let server = command.stdout(Stdio::null()).stderr(log).spawn();
    server.unwrap_or_else(|error| panic!("the database server can't be started: {error}"))
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read(self.home.path().join("log")).unwrap_or_default();
            eprintln!("--- log of the database server\n{}---", String::from_utf8_lossy(&log));
        }
        if self.server.try_wait().is_ok_and(|ended| ended.is_none()) {
            // SIGKILL would leave the processes of its connections behind for a moment.
            let _not_running = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        }
        drop(self.server.wait());
    }
}
