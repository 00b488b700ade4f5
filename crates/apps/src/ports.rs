//! Ports of this domain.

mod store;

pub use store::{AppStore, AppTransaction, Applications};
