//! Processes: start, stop, crash, mail delivery, logs and several nodes.

mod availability;
pub(crate) mod crash;
mod database_tls;
mod failover;
mod failures;
mod idempotency;
mod logs;
mod mail_tls;
mod mails;
mod metrics;
mod poolers;
mod races;
mod schema;
mod shutdown;
mod startup;
mod time_limits;
