//! The request that a task is serving, for the log lines of any crate.
//!
//! It is set for each poll and not for the task, because a task may serve several requests.

use std::{cell::RefCell, future::poll_fn, mem, pin::pin, sync::Arc};

/// What each log line of a request has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogContext {
    /// The id of the request.
    pub request_id: Arc<str>,
    /// The id of its trace. `None` if traces are not enabled.
    pub trace_id: Option<u128>,
}

thread_local! {
    static CURRENT: RefCell<Option<LogContext>> = const { RefCell::new(None) };
}

/// Exchanges the contexts of the task and of the thread, and exchanges them back when it is dropped, also after a panic.
struct Exchanged<'a>(&'a mut Option<LogContext>);

impl<'a> Exchanged<'a> {
    fn new(own: &'a mut Option<LogContext>) -> Self {
        CURRENT.with_borrow_mut(|current| mem::swap(current, own));
        Self(own)
    }
}

impl Drop for Exchanged<'_> {
    fn drop(&mut self) {
        CURRENT.with_borrow_mut(|current| mem::swap(current, self.0));
    }
}

/// Does work whose log lines have this context. `None` stands for work that no request caused.
pub async fn logged_in<T>(context: Option<LogContext>, work: impl Future<Output = T>) -> T {
    let (mut own, mut work) = (context, pin!(work));
    poll_fn(|polled| {
        let _exchanged = Exchanged::new(&mut own);
        work.as_mut().poll(polled)
    })
    .await
}

/// The context of the present work. A part of it that gets a task of its own takes it along.
#[must_use]
pub fn log_context() -> Option<LogContext> {
    CURRENT.with_borrow(Clone::clone)
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn each_of_several_requests_of_a_task_has_its_own_context() {
        let request = |id: &'static str| {
            let context = LogContext { request_id: id.into(), trace_id: None };
            logged_in(Some(context.clone()), async move {
                assert_eq!(log_context().as_ref(), Some(&context));
                yield_now().await;
                assert_eq!(log_context().as_ref(), Some(&context));
                logged_in(None, async { assert_eq!(log_context(), None) }).await;
                assert_eq!(log_context(), Some(context));
            })
        };
        tokio::join!(request("a"), request("b"), async {
            yield_now().await;
            assert_eq!(log_context(), None);
        });
        assert_eq!(log_context(), None);
    }
}
