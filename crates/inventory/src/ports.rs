//! What this domain needs from the outside.

mod store;

#[cfg(feature = "mock")]
pub use store::MockItemStore;
pub use store::ItemStore;
