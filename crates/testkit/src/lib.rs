//! Test support for this workspace and for third-party adapters.
//!
//! [`contract`] contains the contract of every port as tests for any implementation. [`fakes`] contains implementations
//! without external dependencies. [`builders`] creates fully populated entities.
//!
//! A storage implements [`Harness`], or [`OwnPorts`] if it has only some of the ports. `all_store_contracts!` then expands
//! to the tests of all contracts of a storage, and the macro of each contract to its tests. `docs/reuse.md` describes
//! both, and `examples/own_storage.rs` is a storage of API keys.
#![warn(missing_docs)]

pub mod builders;
pub mod concurrency;
#[expect(missing_docs, reason = "the name of a case is the sentence that it proves")]
#[expect(clippy::missing_panics_doc, reason = "a case panics when the promise is broken: that is what it is for")]
#[expect(clippy::missing_errors_doc, reason = "a case fails only with the reason for which it was skipped")]
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
