//! Processes: start, stop, crash, mail delivery, logs and several nodes.

mod audit_lines;
mod availability;
pub(crate) mod crash;
mod database_tls;
mod failover;
mod failures;
mod idempotency;
mod key_file;
mod logs;
mod mail_tls;
mod mails;
mod master_key;
mod metrics;
mod poolers;
mod races;
mod rotation;
mod schema;
mod series;
mod shutdown;
mod startup;
mod time_limits;
mod traces;
