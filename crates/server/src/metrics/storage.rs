//! Audit entries, the database, password hashes and signing keys.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, registry::Unit};
use tessera_adapters::{DatabaseMetrics, HashMetrics};
use tessera_sso::ServiceTokens;

use super::text::{NO_LABELS, counters, gauge, gauges, histograms};

#[derive(Debug)]
pub(super) struct DatabaseCollector(pub(super) Arc<DatabaseMetrics>);

impl Collector for DatabaseCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (encoder, metrics) = (&mut encoder, &*self.0);
        let entries = metrics.audit.counts();
        let entries = entries.map(|(name, outcome, count)| ([("name", name), ("outcome", outcome)], count));
        counters(encoder, "tessera_audit_events", "Committed audit entries.", entries)?;
        let connections = metrics.connections().into_iter().flat_map(|(pool, connections)| {
            let states = [("idle", connections.idle), ("used", connections.used)];
            states
                .map(|(state, number)| ([("pool", pool), ("state", state)], i64::try_from(number).unwrap_or(i64::MAX)))
        });
        let help = "Open connections to the database.";
        gauges(encoder, "tessera_database_connections", help, None, connections)?;
        let waits = metrics.waits().map(|(pool, waits)| ([("pool", pool)], waits));
        histograms(encoder, "tessera_database_wait", "The time that callers wait for a connection.", waits)?;
        let errors = metrics.errors.counts().map(|(kind, count)| ([("kind", kind)], count));
        counters(encoder, "tessera_database_errors", "Failed statements, commits and waits.", errors)
    }
}

#[derive(Debug)]
pub(super) struct HashCollector(pub(super) Arc<HashMetrics>);

impl Collector for HashCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (encoder, metrics) = (&mut encoder, &*self.0);
        let help = "The time of a password hash, without the wait for it.";
        histograms(encoder, "tessera_password_hash", help, [(NO_LABELS, &metrics.durations)])?;
        let help = "Work that waits for a thread that hashes passwords.";
        gauge(encoder, "tessera_password_hash_waiting", help, None, metrics.waiting.value())?;
        let reasons = [("full", &metrics.full), ("timeout", &metrics.timeouts)];
        let reasons = reasons.map(|(reason, count)| ([("reason", reason)], count.value()));
        counters(encoder, "tessera_password_hash_rejected", "Work that got no such thread.", reasons)
    }
}

/// The age of the signing key.
pub(super) struct SigningKeyCollector(pub(super) Arc<OnceLock<Arc<ServiceTokens>>>);

impl fmt::Debug for SigningKeyCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeyCollector")
    }
}

impl Collector for SigningKeyCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let age = self.0.get().and_then(|tokens| tokens.signing_key_age());
        let age = age.map_or(0, time::Duration::whole_seconds);
        let help = "How long the current key has been signing service tokens.";
        gauge(&mut encoder, "tessera_signing_key_age", help, Some(&Unit::Seconds), age)
    }
}
