//! A queue for reads that take microseconds.
//!
//! To wake a thread costs more than to read a row. One thread runs the reads until the queue is empty, so that reads that
//! arrive together wake one thread. Further threads help when it can't keep up, or when it waits for the disk.

use std::{
    collections::VecDeque,
    mem,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

type Read = Box<dyn FnOnce() + Send>;

/// Number of waiting reads for each thread above which another thread helps.
const BACKLOG: usize = 4;

/// Time since a read was started after which another thread helps.
pub(super) const STALL: Duration = Duration::from_millis(1);

pub(in crate::database::engine) struct ReadQueue {
    /// Runtime whose threads for blocking work run the reads.
    pub(super) runtime: Handle,
    queue: Mutex<Queue>,
}

struct Queue {
    reads: VecDeque<Read>,
    threads: usize,
    /// When a thread took a read last.
    taken_at: Instant,
}

impl Queue {
    fn needs_another_thread(&self, now: Instant) -> bool {
        self.threads == 0
            || self.reads.len() > BACKLOG * self.threads
            || now.saturating_duration_since(self.taken_at) > STALL
    }
}

impl ReadQueue {
    pub(in crate::database::engine) fn new(runtime: Handle) -> Arc<Self> {
        let queue = Queue { reads: VecDeque::new(), threads: 0, taken_at: Instant::now() };
        Arc::new(Self { runtime, queue: Mutex::new(queue) })
    }

    /// Runs a read on a thread for blocking work. The number of reads is bounded by the connections that they use.
    pub(super) fn submit(self: &Arc<Self>, read: Read) {
        let mut queue = self.lock();
        queue.reads.push_back(read);
        let now = Instant::now();
        if queue.needs_another_thread(now) {
            self.start_thread(queue, now);
        }
    }

    /// Starts another thread if reads are waiting although none was taken for [`STALL`]. The caller of a read that waits calls
    /// it, because no other read may arrive.
    pub(super) fn help(self: &Arc<Self>) {
        let queue = self.lock();
        let now = Instant::now();
        if !queue.reads.is_empty() && queue.needs_another_thread(now) {
            self.start_thread(queue, now);
        }
    }

    fn start_thread(self: &Arc<Self>, mut queue: MutexGuard<'_, Queue>, now: Instant) {
        queue.threads += 1;
        // The new thread gets the time to start.
        queue.taken_at = now;
        drop(queue);
        let thread = QueueThread { reads: Arc::clone(self), is_counted: true };
        drop(self.runtime.spawn_blocking(move || thread.run()));
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that runs reads.
struct QueueThread {
    reads: Arc<ReadQueue>,
    is_counted: bool,
}

impl QueueThread {
    fn run(mut self) {
        while let Some(read) = self.take() {
            // A read that panics fails its caller only. It drops its reply and its connection, which is closed.
            drop(panic::catch_unwind(AssertUnwindSafe(read)));
        }
    }

    /// Takes a read. If there is none, the thread no longer counts, so that the next read wakes another one.
    fn take(&mut self) -> Option<Read> {
        let mut queue = self.reads.lock();
        let read = queue.reads.pop_front();
        if read.is_some() {
            queue.taken_at = Instant::now();
        } else {
            queue.threads -= 1;
            self.is_counted = false;
        }
        read
    }
}

impl Drop for QueueThread {
    /// If the runtime has ended: drops the reads that nothing would run, which fails their callers.
    fn drop(&mut self) {
        if self.is_counted {
            let mut queue = self.reads.lock();
            queue.threads -= 1;
            let left = if queue.threads == 0 { mem::take(&mut queue.reads) } else { VecDeque::new() };
            drop(queue);
            drop(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn reads() -> Arc<ReadQueue> {
        ReadQueue::new(Handle::current())
    }

    fn queue(threads: usize, waiting: usize, idle: Duration) -> (Queue, Instant) {
        let taken_at = Instant::now();
        let reads = (0..waiting).map(|_| Box::new(|| ()) as Read).collect();
        (Queue { reads, threads, taken_at }, taken_at + idle)
    }

    #[test]
    fn another_thread_helps_when_none_runs_or_the_backlog_is_long_or_the_reads_stall() {
        for (threads, waiting, idle, helps) in [
            (0, 1, Duration::ZERO, true),
            (1, BACKLOG, STALL, false),
            (1, BACKLOG + 1, Duration::ZERO, true),
            (2, BACKLOG + 1, Duration::ZERO, false),
            (1, 1, STALL + Duration::from_nanos(1), true),
        ] {
            let (queue, now) = queue(threads, waiting, idle);
            assert_eq!(queue.needs_another_thread(now), helps, "{threads} threads, {waiting} reads, {idle:?}");
        }
    }

    #[tokio::test]
    async fn a_thread_that_waits_does_not_stop_the_others() {
        let (reads, (release, released), (done, result)) = (reads(), mpsc::channel::<()>(), mpsc::channel());
        reads.submit(Box::new(move || assert!(released.recv().is_err(), "ends with the sender")));
        reads.submit(Box::new(move || done.send(()).unwrap_or_default()));
        let waiting = tokio::task::spawn_blocking(move || {
            // No other read arrives. The caller of the second one asks for help.
            (0..1_000).any(|_| {
                reads.help();
                result.recv_timeout(STALL).is_ok()
            })
        });
        assert!(waiting.await.is_ok_and(|ran| ran), "the second read must run while the first one waits");
        drop(release);
    }

    #[tokio::test]
    async fn reads_run_after_one_that_panics() {
        let reads = reads();
        let (done, result) = tokio::sync::oneshot::channel();
        reads.submit(Box::new(|| panic!("as this test expects")));
        reads.submit(Box::new(move || done.send(()).unwrap_or_default()));
        assert!(result.await.is_ok(), "the read after the panic must run");
        assert!(reads.lock().threads <= 1, "one thread is enough");
    }
}
