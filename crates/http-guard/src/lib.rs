//! The connection layer below actix-http: request framing, deadlines for head, body and response, and bounds on connections.

mod connection;
mod exchange;
mod framing;
mod pace;
mod peers;

pub use connection::Connection;
pub use exchange::{Guarded, exchange};
pub use framing::Framing;
pub use peers::{Connections, Slot};
