//! What this domain needs from the outside.

mod store;

pub use store::ItemStore;
#[cfg(feature = "mock")]
pub use store::MockItemStore;
