//! Implementations under test.

use std::{fmt, io::Write as _};

use async_trait::async_trait;
use tessera_identity::ports::ChainReader;

use crate::{Stores, expectations::ok};

/// A storage under test, with all store ports. [`OverMemory`](crate::OverMemory) is one for a storage that has only some
/// of them.
#[async_trait]
pub trait Harness: Sized + Send + Sync + 'static {
    /// Starts an empty storage that no other test uses.
    ///
    /// # Errors
    /// Skips the case, for example because the server of the storage does not run on this machine.
    async fn start() -> Result<Self, Skip>;

    /// The ports of the storage.
    fn stores(&self) -> &Stores;

    /// The number of connections (or other resources of a transaction) now in use. It must return to 0 without any
    /// further call.
    fn connections_in_use(&self) -> usize;

    /// Stops the storage and opens it again, as a restart of the process does. [`Harness::stores`] then returns the ports
    /// of the opened storage. What was committed must still be there.
    ///
    /// # Errors
    /// Skips the case. This is the default.
    async fn reopen(&mut self) -> Result<(), Skip> {
        Err(Skip::because("the harness does not reopen its storage"))
    }

    /// What the storage does with concurrent transactions that lock or change the same rows. By default, they wait.
    fn contention(&self) -> Contention {
        Contention::Waits
    }
}

/// What a storage does with concurrent transactions that lock or change the same rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contention {
    /// Each waits for the one before it. [`StoreError::Busy`](tessera_kernel::StoreError::Busy) fails a case, because it
    /// may come from a deadlock.
    Waits,
    /// All work at the same time (optimistic concurrency control). The first that commits wins, and the others fail with
    /// [`StoreError::Busy`](tessera_kernel::StoreError::Busy). The cases then repeat the whole transaction.
    IsBusy,
}

/// A chain reader under test.
#[async_trait]
pub trait ChainHarness: Sized + Send + Sync + 'static {
    /// Starts a reader that reads only Ethereum. At the address of each [`Program`](crate::fakes::Program) there is a
    /// contract that runs this program.
    ///
    /// # Errors
    /// Skips the case.
    async fn start() -> Result<Self, Skip>;

    /// The reader.
    fn reader(&self) -> &dyn ChainReader;

    /// Makes Ethereum unavailable to the reader.
    fn cut_off(&self);
}

/// Why a case is not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip(String);

impl Skip {
    /// Skips a case for this reason. The output of the test names it.
    #[must_use]
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The result of a case: `()`, or `Result<(), Skip>` for a case that not every harness can run.
#[doc(hidden)]
pub trait Outcome {
    /// Why the case was not run.
    fn skipped(self) -> Option<Skip>;
}

impl Outcome for () {
    fn skipped(self) -> Option<Skip> {
        None
    }
}

impl Outcome for Result<(), Skip> {
    fn skipped(self) -> Option<Skip> {
        self.err()
    }
}

/// Runs a case on a runtime with two threads. The macros of the contracts call it, so that a crate that uses them does
/// not need tokio.
#[doc(hidden)]
pub fn run<H, O: Outcome>(
    name: &str,
    start: impl Future<Output = Result<H, Skip>>,
    case: impl AsyncFnOnce(&mut H) -> O,
) {
    let runtime = ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build());
    let skipped = runtime.block_on(async {
        match start.await {
            Ok(mut harness) => case(&mut harness).await.skipped(),
            Err(skip) => Some(skip),
        }
    });
    if let Some(reason) = skipped {
        // The test runner hides what passing tests print with `eprintln!`, but not what they write to the stream.
        ok(writeln!(std::io::stderr(), "skipped {name}: {reason}"));
    }
}
