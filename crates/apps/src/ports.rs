//! What this domain needs from the outside.

mod store;

pub use store::{AppStore, AppTransaction, Applications};
