//! The HTTP edge: parses requests, calls one use case each, presents what came of it.
//!
//! Holds no business rule and knows no adapter. The binary hands the domains in ([`Services`]) and serves what
//! [`Api::app`] builds, one for each worker.

mod acceptance;
mod api;
mod auth;
mod base_path;
mod body;
mod browser;
mod conditions;
mod denial;
mod docs;
mod edge;
mod health;
mod jwks;
mod limits;
mod openapi;
mod page;
mod pages;
mod path;
mod problem;
mod request_id;
mod routes;
mod security_headers;
mod services;
mod sign_on;
mod starting;
mod v1;

pub use api::Api;
pub use body::FaultCode;
pub use openapi::document as openapi;
pub use problem::Code;
pub use services::{Check, Checks, PublicUrl, Readiness, Services};
pub use starting::Starting;
