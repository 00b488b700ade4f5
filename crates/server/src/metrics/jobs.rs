//! Jobs, mails and rate limits.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, registry::Unit};
use tessera_kernel::{Clock, Counter, Gauge, RateLimit, limit};
use tessera_system::SystemClock;

use super::text::{counters, gauge, gauges};

/// The runs of one job.
#[derive(Debug)]
pub(crate) struct JobRuns {
    name: String,
    successes: Counter,
    failures: Counter,
    last_success: Gauge,
}

impl JobRuns {
    /// A job with its name in the log. Its label has underscores instead of spaces.
    pub(crate) fn of(job: &str) -> Arc<Self> {
        let name = job.replace(' ', "_");
        let (successes, failures, last_success) = Default::default();
        Arc::new(Self { name, successes, failures, last_success })
    }

    pub(crate) fn count(&self, succeeded: bool) {
        if succeeded {
            self.successes.increment();
            self.last_success.set(SystemClock.now().unix_timestamp());
        } else {
            self.failures.increment();
        }
    }
}

/// The runs of all jobs.
#[derive(Debug, Default)]
pub(crate) struct JobMetrics(Mutex<Vec<Arc<JobRuns>>>);

impl JobMetrics {
    /// Adds jobs that have started.
    pub(crate) fn watch(&self, jobs: impl IntoIterator<Item = Arc<JobRuns>>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(jobs);
    }
}

/// Deliveries of mails, and the mails that wait.
#[derive(Debug, Default)]
pub(crate) struct MailMetrics {
    pub(crate) delivered: Counter,
    pub(crate) deferred: Counter,
    pub(crate) rejected: Counter,
    pub(crate) expired: Counter,
    pub(crate) waiting: Gauge,
    /// When the oldest of them was created, in seconds since 1970. 0 if there is none.
    pub(crate) oldest: Gauge,
}

/// Rejections by each limit.
#[derive(Debug)]
pub(crate) struct LimitMetrics(Vec<(&'static str, Counter)>);

impl Default for LimitMetrics {
    fn default() -> Self {
        Self(limit::ALL.iter().map(|limit| (limit.name, Counter::default())).collect())
    }
}

impl LimitMetrics {
    pub(crate) fn count(&self, limit: RateLimit) {
        if let Some((_, counter)) = self.0.iter().find(|(name, _)| *name == limit.name) {
            counter.increment();
        }
    }
}

#[derive(Debug)]
pub(super) struct WorkCollector {
    pub(super) jobs: Arc<JobMetrics>,
    pub(super) mails: Arc<MailMetrics>,
    pub(super) limits: Arc<LimitMetrics>,
}

impl WorkCollector {
    fn jobs(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let jobs = self.jobs.0.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = jobs.iter().flat_map(|job| {
            let outcomes = [("success", &job.successes), ("failure", &job.failures)];
            outcomes.map(|(outcome, count)| ([("job", job.name.as_str()), ("outcome", outcome)], count.value()))
        });
        counters(encoder, "tessera_job_runs", "Runs of jobs.", runs)?;
        let help = "The last success of each job, in seconds since 1970. 0 if there was none.";
        let last = jobs.iter().map(|job| ([("job", job.name.as_str())], job.last_success.value()));
        gauges(encoder, "tessera_job_last_success_timestamp", help, Some(&Unit::Seconds), last)
    }

    fn mails(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let MailMetrics { delivered, deferred, rejected, expired, waiting, oldest } = &*self.mails;
        let outcomes = [("delivered", delivered), ("deferred", deferred), ("rejected", rejected), ("expired", expired)];
        let outcomes = outcomes.map(|(outcome, count)| ([("outcome", outcome)], count.value()));
        counters(encoder, "tessera_mails", "Attempts to deliver a mail, and mails that expired.", outcomes)?;
        let help = "Mails that are neither delivered, rejected nor expired.";
        gauge(encoder, "tessera_mails_waiting", help, None, waiting.value())?;
        let age = match oldest.value() {
            0 => 0,
            created => (SystemClock.now().unix_timestamp() - created).max(0),
        };
        let help = "The age of the oldest mail that waits. 0 if there is none.";
        gauge(encoder, "tessera_mail_oldest", help, Some(&Unit::Seconds), age)
    }
}

impl Collector for WorkCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.jobs(&mut encoder)?;
        self.mails(&mut encoder)?;
        let limits = self.limits.0.iter().map(|(limit, count)| ([("limit", *limit)], count.value()));
        counters(&mut encoder, "tessera_rate_limited", "Rejections by a rate limit.", limits)
    }
}
