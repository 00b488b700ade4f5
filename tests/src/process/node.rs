//! A process of the service.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::Duration,
};

use super::START;
use crate::{api::Api, eventually};

/// A process that is starting.
pub struct Starting {
    pub(super) process: Arc<Process>,
    pub(super) lines: Receiver<String>,
}

impl Starting {
    /// Starts a command that becomes the service. It writes its log to standard error, and thus to the file.
    pub(super) fn launch(mut command: Command, log: PathBuf) -> Self {
        let child = command.stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| {
            panic!("{} can't be started: {error}", command.get_program().to_string_lossy());
        });
        let lines = read_lines(&mut child);
        Self { process: Arc::new(Process { child: Mutex::new(child), log }), lines }
    }

    /// The log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Sends SIGTERM before the process is ready, and waits for its end.
    ///
    /// # Panics
    /// Panics if the process does not end or reports that it is ready.
    pub async fn stops_early(self) -> ExitStatus {
        self.process.signal("-TERM");
        let status = self.process.wait(START).await;
        assert_eq!(self.lines.try_recv().ok(), None, "it said that it is ready");
        status
    }

    /// Waits until the process is ready, or has ended.
    ///
    /// # Errors
    /// The process has ended. This is its log.
    ///
    /// # Panics
    /// Panics if neither happens.
    pub fn ready_or_ended(self) -> Result<Node, String> {
        let line = match self.lines.recv_timeout(START) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => panic!("not ready after {START:?}:\n{}", self.log()),
            Err(RecvTimeoutError::Disconnected) => return Err(self.log()),
        };
        let url = line.strip_prefix("Tessera is ready: ").and_then(|rest| rest.split_whitespace().next());
        let url = url.unwrap_or_else(|| panic!("not the line of a service that is ready: {line}")).to_owned();
        Ok(Node { process: self.process, url, lines: Mutex::new(self.lines) })
    }

    /// Waits until the process is ready.
    ///
    /// # Panics
    /// Panics if it does not become ready.
    #[must_use]
    pub fn ready(self) -> Node {
        self.ready_or_ended().unwrap_or_else(|log| panic!("it ended before it was ready:\n{log}"))
    }
}

/// A process that is ready.
pub struct Node {
    pub(super) process: Arc<Process>,
    pub(super) url: String,
    /// The lines after the first one.
    lines: Mutex<Receiver<String>>,
}

impl Node {
    /// The same node for another part of a test.
    pub(super) fn shared(process: Arc<Process>, url: String) -> Self {
        Self { process, url, lines: Mutex::new(channel().1) }
    }

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
        self.url.split_once("://").map_or(self.url.as_str(), |(_, authority)| authority)
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
        self.process.child().id()
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
    pub fn kill(self) {
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
pub(super) struct Process {
    pub(super) child: Mutex<Child>,
    pub(super) log: PathBuf,
}

impl Process {
    pub(super) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_running(&self) -> bool {
        self.child().try_wait().is_ok_and(|ended| ended.is_none())
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child().id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{signal} could not be sent");
    }

    fn end(&self) {
        let mut child = self.child();
        drop(child.kill());
        drop(child.wait());
    }

    pub(super) async fn wait(&self, within: Duration) -> ExitStatus {
        let ended = || self.child().try_wait().unwrap_or_else(|error| panic!("can't wait for the service: {error}"));
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
