//! What tests of this workspace, and of anybody's own adapter, are built from.
//!
//! [`contract`] holds the promises of every port as tests that any implementation can be put through, [`fakes`]
//! implementations that need nothing from outside, [`builders`] entities with everything filled in.
//!
//! An adapter implements [`Harness`] and names it once for each port:
//!
//! ```ignore
//! tessera_testkit::identity_store_contract!(MyHarness);
//! ```
#![warn(missing_docs)]

pub mod builders;
#[expect(missing_docs, reason = "the name of a case is the sentence that it proves")]
#[expect(clippy::missing_panics_doc, reason = "a case panics when the promise is broken: that is what it is for")]
pub mod contract;
pub mod expectations;
pub mod fakes;
mod stores;
mod workbench;

pub use async_trait::async_trait;
pub use contract::{ChainHarness, Harness};
pub use stores::Stores;
pub use workbench::Workbench;
