//! The HTTP edge: it parses requests, calls one use case each, and presents the result.
//!
//! It contains no business rules and depends on no adapter. The binary passes the domains in as [`Services`], and
//! serves one application from [`Api::app`] per worker.

mod applied_limits;
mod assets;
mod audience;
mod b3os;
mod branding;
mod cacheable;
mod documentation;
mod extract;
mod health;
mod jwks;
mod key_formats;
mod metrics;
mod middleware;
mod monitoring;
mod openapi;
mod pages;
mod problem;
mod public_url;
mod route_table;
mod router;
mod services;
mod starting;
mod state;
mod static_content;
mod v1;

pub use applied_limits::{note_counted, note_given_back, note_rejected};
pub use branding::{Branding, Logo};
pub use metrics::{ApiMetrics, RequestMetrics, RequestSeries, VerificationMetrics};
pub use monitoring::{Exposition, Monitored, Monitoring};
pub use pages::dev_mail::{FiledMail, dev_mail_page};
pub use problem::{Code, FieldErrorCode};
pub use public_url::PublicUrl;
pub use router::{Api, openapi};
pub use services::{Check, Checks, CorsOrigins, Readiness, Services};
pub use starting::Starting;
