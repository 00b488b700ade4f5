//! Ports of this domain.

mod store;

pub use store::ItemStore;
#[cfg(feature = "mock")]
pub use store::MockItemStore;
