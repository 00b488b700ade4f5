//! A load balancer in front of several nodes, with the configuration of the documents.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::{eventually, markdown::all_code_blocks, process::free_port, read_workspace_file};

/// A load balancer. It ends with the test.
pub struct Balancer {
    process: Child,
    port: u16,
    _home: TempDir,
}

impl Balancer {
    /// Starts a load balancer in front of nodes on these ports.
    ///
    /// # Panics
    /// Panics if it does not start, or if the documents have no configuration for it.
    pub async fn start(nodes: &[u16]) -> Self {
        let home = TempDir::new().unwrap_or_else(|error| panic!("no temporary directory: {error}"));
        let (file, port) = (home.path().join("haproxy.cfg"), free_port());
        let documented = all_code_blocks(&read_workspace_file("docs/operations.md"), "haproxy");
        let [documented] = documented.as_slice() else { panic!("{} configurations", documented.len()) };
        let kept = documented.lines().filter(|line| !line.trim_start().starts_with("server "));
        let kept: Vec<&str> = kept.collect();
        // The servers are the last lines.
        let servers = nodes.iter().map(|port| format!("    server n{port} 127.0.0.1:{port} check\n"));
        let text = format!("{}\n{}", kept.join("\n"), servers.collect::<String>());
        let text = text.replace("bind :80\n", &format!("bind 127.0.0.1:{port}\n"));
        assert!(text.contains(&format!("bind 127.0.0.1:{port}\n")), "{text}");
        std::fs::write(&file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let process = Command::new("haproxy").args(["-db", "-q", "-f"]).arg(&file).stdin(Stdio::null()).spawn();
        let process =
            process.unwrap_or_else(|error| panic!("haproxy, which scripts/test installs, can't be started: {error}"));
        let balancer = Self { process, port, _home: home };
        eventually("the load balancer accepts connections", Duration::from_secs(30), || async move {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        balancer
    }

    /// The URL for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
