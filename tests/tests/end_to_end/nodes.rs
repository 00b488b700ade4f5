//! Processes: start, stop, crash, mail delivery, logs and several nodes.

mod audit_lines;
mod availability;
mod crash;
mod database_tls;
mod idempotency;
mod logs;
mod mail_tls;
mod mails;
mod metrics;
mod races;
mod schema;
mod series;
mod shutdown;
mod startup;
mod time_limits;
