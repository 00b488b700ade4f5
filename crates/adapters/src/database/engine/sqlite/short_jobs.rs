//! A queue for jobs that take microseconds.
//!
//! To wake a thread costs more than to read a row. One thread runs the jobs until the queue is empty, so that jobs that
//! arrive together wake one thread. Further threads help when it can't keep up, or when it waits for the disk.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::runtime::Handle;

type Job = Box<dyn FnOnce() + Send>;

/// Number of waiting jobs for each thread above which another thread helps.
const BACKLOG: usize = 4;

/// Time since a job was started after which another thread helps.
const STALL: Duration = Duration::from_millis(1);

pub(in crate::database::engine) struct ShortJobs {
    /// Runtime whose threads for blocking work run the jobs.
    pub(super) runtime: Handle,
    queue: Mutex<Queue>,
}

struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    /// When a thread took a job last.
    taken_at: Instant,
}

impl Queue {
    fn needs_another_thread(&self, now: Instant) -> bool {
        self.threads == 0
            || self.jobs.len() > BACKLOG * self.threads
            || now.saturating_duration_since(self.taken_at) > STALL
    }
}

impl ShortJobs {
    pub(in crate::database::engine) fn new(runtime: Handle) -> Arc<Self> {
        let queue = Queue { jobs: VecDeque::new(), threads: 0, taken_at: Instant::now() };
        Arc::new(Self { runtime, queue: Mutex::new(queue) })
    }

    /// Runs a job on a thread for blocking work. The number of jobs is bounded by the connections that they use.
    pub(super) fn submit(self: &Arc<Self>, job: Job) {
        let mut queue = self.lock();
        queue.jobs.push_back(job);
        let now = Instant::now();
        if queue.needs_another_thread(now) {
            queue.threads += 1;
            // The new thread gets the time to start.
            queue.taken_at = now;
            drop(queue);
            let worker = Worker { jobs: Arc::clone(self), is_counted: true };
            drop(self.runtime.spawn_blocking(move || worker.run()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that runs jobs.
struct Worker {
    jobs: Arc<ShortJobs>,
    is_counted: bool,
}

impl Worker {
    fn run(mut self) {
        while let Some(job) = self.take() {
            job();
        }
    }

    /// Takes a job. If there is none, the thread no longer counts, so that the next job wakes another one.
    fn take(&mut self) -> Option<Job> {
        let mut queue = self.jobs.lock();
        let job = queue.jobs.pop_front();
        if job.is_some() {
            queue.taken_at = Instant::now();
        } else {
            queue.threads -= 1;
            self.is_counted = false;
        }
        job
    }
}

impl Drop for Worker {
    /// After a panic, and if the runtime has ended: drops the jobs that nothing would run, which fails their callers.
    fn drop(&mut self) {
        if self.is_counted {
            let mut queue = self.jobs.lock();
            queue.threads -= 1;
            let left = if queue.threads == 0 { mem::take(&mut queue.jobs) } else { VecDeque::new() };
            drop(queue);
            drop(left);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn jobs() -> Arc<ShortJobs> {
        ShortJobs::new(Handle::current())
    }

    fn queue(threads: usize, waiting: usize, idle: Duration) -> (Queue, Instant) {
        let taken_at = Instant::now();
        let jobs = (0..waiting).map(|_| Box::new(|| ()) as Job).collect();
        (Queue { jobs, threads, taken_at }, taken_at + idle)
    }

    #[test]
    fn another_thread_helps_when_none_runs_or_the_backlog_is_long_or_the_jobs_stall() {
        for (threads, waiting, idle, helps) in [
            (0, 1, Duration::ZERO, true),
            (1, BACKLOG, STALL, false),
            (1, BACKLOG + 1, Duration::ZERO, true),
            (2, BACKLOG + 1, Duration::ZERO, false),
            (1, 1, STALL + Duration::from_nanos(1), true),
        ] {
            let (queue, now) = queue(threads, waiting, idle);
            assert_eq!(queue.needs_another_thread(now), helps, "{threads} threads, {waiting} jobs, {idle:?}");
        }
    }

    #[tokio::test]
    async fn a_thread_that_waits_does_not_stop_the_others() {
        let (jobs, (release, released), (done, result)) = (jobs(), mpsc::channel::<()>(), mpsc::channel());
        jobs.submit(Box::new(move || assert!(released.recv().is_err(), "ends with the sender")));
        let waiting = tokio::task::spawn_blocking(move || {
            let mut sent = 0_usize;
            // Jobs arrive until one of them has run.
            while result.try_recv().is_err() {
                let done = done.clone();
                jobs.submit(Box::new(move || done.send(()).unwrap_or_default()));
                sent += 1;
                std::thread::yield_now();
            }
            sent
        });
        assert!(waiting.await.is_ok_and(|sent| sent > 0));
        drop(release);
    }

    #[tokio::test]
    async fn jobs_run_after_one_that_panics() {
        let jobs = jobs();
        jobs.submit(Box::new(|| panic!("as this test expects")));
        let ran = loop {
            // The jobs that were waiting during the panic are dropped.
            let (done, result) = tokio::sync::oneshot::channel();
            jobs.submit(Box::new(move || done.send(()).unwrap_or_default()));
            if result.await.is_ok() {
                break jobs.lock().threads;
            }
        };
        assert!(ran <= 1, "the thread that panicked must not count");
    }
}
