//! Starts with listening sockets that another process has opened.

use std::{
    net::SocketAddr,
    os::fd::BorrowedFd,
    process::{Command, Stdio},
};

use super::{Installation, Starting, binary};

/// Moves the sockets to the descriptors of the protocol. The process id must be that of the program, which replaces the shell.
const PASS: &str = "exec 3<&0 0</dev/null; [ \"$LISTEN_FDS\" = 1 ] || exec 4<&2; exec 2>>\"$1\"; \
    export LISTEN_PID=$$; exec \"$0\"";

impl Installation {
    /// Starts a process with one or two sockets, as a service manager does that keeps them open. `settings` are added to those
    /// of the installation, such as the names of the sockets.
    ///
    /// # Panics
    /// Panics if there are other numbers of sockets, or no shell.
    #[must_use]
    pub fn spawn_activated(&self, sockets: &[BorrowedFd<'_>], settings: &[(&str, &str)]) -> Starting {
        let copy = |socket: &BorrowedFd<'_>| {
            let copied = socket.try_clone_to_owned();
            Stdio::from(copied.unwrap_or_else(|error| panic!("no copy of a socket: {error}")))
        };
        let (first, second) = match sockets {
            [first] => (copy(first), Stdio::null()),
            [first, second] => (copy(first), copy(second)),
            _ => panic!("{} sockets", sockets.len()),
        };
        let log = self.next_log();
        let mut command = Command::new("sh");
        command.args(["-c", PASS]).arg(binary()).arg(&log);
        self.prepare(&mut command, settings);
        command.env("LISTEN_FDS", sockets.len().to_string()).stdin(first).stderr(second);
        Starting::launch(command, log)
    }

    /// Starts `systemd-socket-activate`, which listens on the address, and becomes the service when a client connects.
    ///
    /// # Panics
    /// Panics if the program is missing.
    #[must_use]
    pub fn spawn_on_demand(&self, address: SocketAddr) -> Starting {
        let log = self.next_log();
        let mut command = Command::new("systemd-socket-activate");
        command.arg(format!("--listen={address}"));
        // The program passes no other variables on.
        for (name, value) in &self.settings {
            command.arg(format!("--setenv={name}={value}"));
        }
        command.arg(binary());
        self.prepare(&mut command, &[]);
        command.stderr(super::log_file(&log));
        Starting::launch(command, log)
    }
}
