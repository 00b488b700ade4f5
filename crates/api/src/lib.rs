//! The HTTP edge: parses requests, calls one use case each, presents what came of it.
//!
//! Holds no business rule and knows no adapter. The binary hands the domains in ([`Services`]) and serves what
//! [`Api::app`] builds, one for each worker.

mod acceptance;
mod extract;
mod health;
mod jwks;
mod middleware;
mod openapi;
mod pages;
mod problem;
mod public_url;
mod route_table;
mod router;
mod services;
mod starting;
mod state;
mod v1;

pub use problem::{Code, FaultCode};
pub use public_url::PublicUrl;
pub use router::{Api, openapi};
pub use services::{Check, Checks, Readiness, Services};
pub use starting::Starting;
