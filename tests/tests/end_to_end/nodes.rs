//! Processes: start, stop, crash, mail delivery, logs and several nodes.

mod activation;
mod audit_lines;
mod availability;
pub(crate) mod crash;
mod database_tls;
mod drain;
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
mod rolling_restart;
mod rotation;
mod schema;
mod series;
mod serving_tls;
mod shutdown;
mod startup;
mod time_limits;
mod traces;
