//! The connection layer below actix-http: request framing, deadlines (head, body, response), and connection bounds.
#![warn(missing_docs)]

mod connection;
mod exchange;
mod framing;
mod handshake;
mod pace;
mod peers;

pub use connection::Connection;
pub use exchange::{Guarded, exchange};
pub use framing::Framing;
pub use handshake::handshake;
pub use peers::{Connections, Slot};
