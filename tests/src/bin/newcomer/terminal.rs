//! Terminals: a shell in which blocks are pasted one after the other, and programs that run until they are stopped.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// Timeout for one block, and for the end of a program.
const TIMEOUT: Duration = Duration::from_mins(2);

/// Printed after each block.
const END: &str = "--- the end of the block ---";

/// A shell that keeps its variables between blocks and ends at the first command that fails.
pub(crate) struct Shell {
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Shell {
    pub(crate) fn open(directory: &Path) -> Self {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail"]).current_dir(directory).stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.kill_on_drop(true).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("no shell: {error}"));
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { panic!("no pipe") };
        Self { input, lines: BufReader::new(output).lines(), _child: child }
    }

    /// Pastes a block and returns its output.
    pub(crate) async fn paste(&mut self, block: &str) -> String {
        let text = format!("{block}\nprintf '\\n%s\\n' '{END}'\n");
        let written = self.input.write_all(text.as_bytes()).await;
        written.unwrap_or_else(|error| panic!("the shell has ended ({error}) before\n{block}"));
        let mut output = String::new();
        loop {
            let line = timeout(TIMEOUT, self.lines.next_line()).await;
            match line.unwrap_or_else(|_| panic!("no end of\n{block}\nafter\n{output}")) {
                Ok(Some(line)) if line == END => return output,
                Ok(Some(line)) => output.extend([&line, "\n"]),
                other => panic!("failed ({other:?}):\n{block}\nwith the output\n{output}"),
            }
        }
    }

    /// The value of a variable.
    pub(crate) async fn variable(&mut self, name: &str) -> String {
        self.paste(&format!("echo \"${name}\"")).await.trim().to_owned()
    }
}

/// A program in a terminal of its own.
pub(crate) struct Program {
    child: Child,
    output: UnboundedReceiver<String>,
}

impl Program {
    /// Starts a block. Its standard output is kept, other output is shown.
    pub(crate) fn start(directory: &Path, settings: &[(String, String)], block: &str) -> Self {
        let mut command = Command::new("bash");
        command.args(["-c", block]).current_dir(directory).envs(settings.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("no shell: {error}"));
        let output = child.stdout.take().unwrap_or_else(|| panic!("no pipe"));
        Self { child, output: lines(output) }
    }

    /// Waits for a line that begins with the text, and returns the rest of it.
    pub(crate) async fn says(&mut self, text: &str, within: Duration) -> String {
        let said = timeout(within, async {
            while let Some(line) = self.output.recv().await {
                if let Some(rest) = line.strip_prefix(text) {
                    return rest.to_owned();
                }
            }
            panic!("it ended without {text:?}");
        });
        said.await.unwrap_or_else(|_| panic!("no {text:?} within {within:?}"))
    }

    /// Presses Ctrl-C and waits for the end.
    pub(crate) async fn interrupt(mut self) {
        self.signal("-INT");
        let ended = timeout(TIMEOUT, self.child.wait()).await;
        ended.unwrap_or_else(|_| panic!("Ctrl-C has no effect")).unwrap_or_else(|error| panic!("{error}"));
    }

    /// Sends a signal to all processes of the terminal.
    fn signal(&self, signal: &str) {
        if let Some(id) = self.child.id() {
            drop(std::process::Command::new("kill").args([signal, "--", &format!("-{id}")]).status());
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.signal("-KILL");
    }
}

/// The lines of a stream. They are read to the end, so that the pipe never fills up.
fn lines(output: impl AsyncRead + Unpin + Send + 'static) -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let _no_receiver = sender.send(line);
        }
    });
    receiver
}
