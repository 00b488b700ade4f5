//! Test support for this workspace and for third-party adapters.
//!
//! [`contract`] contains the contract of every port as tests for any implementation. [`fakes`] contains implementations
//! without external dependencies. [`builders`] creates fully populated entities.
//!
//! An adapter implements [`Harness`] and invokes the macro of all contracts of a storage, or one macro for each contract:
//!
//! ```ignore
//! tessera_testkit::all_store_contracts!(MyHarness);
//! ```
#![warn(missing_docs)]

pub mod builders;
pub mod concurrency;
#[expect(missing_docs, reason = "the name of a case is the sentence that it proves")]
#[expect(clippy::missing_panics_doc, reason = "a case panics when the promise is broken: that is what it is for")]
pub mod contract;
pub mod expectations;
pub mod fakes;
mod harness;
mod over_memory;
mod references;
mod stores;
mod workbench;

pub use async_trait::async_trait;
pub use harness::{ChainHarness, Contention, Harness, Skip};
#[doc(hidden)]
pub use harness::{Outcome, run};
pub use over_memory::{OverMemory, OwnPorts};
pub use references::{Reference, References};
pub use stores::Stores;
pub use workbench::Workbench;
