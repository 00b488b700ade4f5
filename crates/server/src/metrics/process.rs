//! The process, as Linux sees it. A value that cannot be read is left out.

use std::{fmt, time::Duration};

use procfs::{
    CurrentSI as _, KernelStats, ProcResult, WithCurrentSystemInfo as _,
    process::{LimitValue, Process, Stat},
};
use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, registry::Unit};

use super::text::{gauge, seconds};

#[derive(Debug)]
pub(super) struct ProcessCollector {
    /// The start of the process, in seconds since 1970.
    started: Option<i64>,
}

impl ProcessCollector {
    pub(super) fn new() -> Self {
        Self { started: started().ok() }
    }
}

fn started() -> ProcResult<i64> {
    let since_boot = Process::myself()?.stat()?.starttime / procfs::ticks_per_second().max(1);
    Ok(signed(KernelStats::current()?.btime.saturating_add(since_boot)))
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn processor_time(stat: &Stat) -> Duration {
    let nanoseconds_per_tick = 1_000_000_000 / procfs::ticks_per_second().max(1);
    Duration::from_nanos(stat.utime.saturating_add(stat.stime).saturating_mul(nanoseconds_per_tick))
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        if let Some(started) = self.started {
            let help = "The start of the process in seconds since 1970.";
            gauge(encoder, "process_start_time", help, Some(&Unit::Seconds), started)?;
        }
        let Ok(process) = Process::myself() else { return Ok(()) };
        if let Ok(stat) = process.stat() {
            seconds(encoder, "process_cpu", "The processor time of the process.", processor_time(&stat))?;
            let help = "The memory of the process that is in RAM.";
            gauge(encoder, "process_resident_memory", help, Some(&Unit::Bytes), signed(stat.rss_bytes().get()))?;
        }
        if let Ok(open) = process.fd_count() {
            let open = i64::try_from(open).unwrap_or(i64::MAX);
            gauge(encoder, "process_open_fds", "Open file descriptors.", None, open)?;
        }
        if let Ok(limits) = process.limits() {
            let most = match limits.max_open_files.soft_limit {
                LimitValue::Value(most) => signed(most),
                LimitValue::Unlimited => i64::MAX,
            };
            gauge(encoder, "process_max_fds", "The maximum number of open file descriptors.", None, most)?;
        }
        Ok(())
    }
}
