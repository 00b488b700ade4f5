//! Initial data of contract cases, and helpers for concurrency, cancellation and paging.

use std::{
    future::{Future, pending, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use tessera_apps::model::Application;
use tessera_identity::model::User;
use tessera_kernel::{Limit, Page, PageRequest, Role, StoreError};
use tessera_orgs::model::Organization;
use tokio::sync::oneshot;

use crate::{
    Harness, Stores,
    builders::{application, membership, organization, user},
    expectations::ok,
};

/// Timeout after which an operation counts as stuck. Only failing cases wait this long.
const PATIENCE: Duration = Duration::from_secs(30);

/// An organization with one owner and one application.
pub(super) struct Tenant {
    pub(super) owner: User,
    pub(super) organization: Organization,
    pub(super) application: Application,
}

/// Commits the tenant with the number.
pub(super) async fn tenant(stores: &Stores, number: u32) -> Tenant {
    let (owner, organization) = (user(number), organization(number));
    let application = application(number, organization.id);
    stores.add_users([&owner]).await;
    stores.add_organizations([&organization]).await;
    stores.add_memberships([&membership(organization.id, owner.id, Role::Owner)]).await;
    stores.add_applications([&application]).await;
    Tenant { owner, organization, application }
}

/// Fails after a timeout instead of hanging.
pub(super) async fn in_time<F: Future>(work: F) -> F::Output {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("must not take for ever"))
}

/// Waits until the condition holds.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("must come: {what}"));
}

/// Asserts that the implementation returns every connection.
pub(super) async fn nothing_is_held(harness: &impl Harness) {
    until("all connections given back", || harness.connections_in_use() == 0).await;
}

/// Runs `count` operations concurrently and returns their results.
pub(super) async fn at_once<F>(count: u32, work: impl Fn(u32) -> F) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|number| tokio::spawn(work(number))).collect();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(ok(in_time(task).await));
    }
    results
}

/// Asserts that exactly one attempt succeeds and that all others fail with a conflict on the key.
#[track_caller]
pub(super) fn one_wins(attempts: Vec<Result<(), StoreError>>, key: &str) {
    let (won, lost): (Vec<_>, Vec<_>) = attempts.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1, "one must win, the others got {lost:?}");
    for attempt in lost {
        crate::expectations::conflict(attempt, key);
    }
}

/// Runs work in a task, and aborts the task while it still holds the result of the work (an open transaction).
pub(super) async fn end_while_held<F>(work: F)
where
    F: Future<Output: Send> + Send + 'static,
{
    let (done, is_done) = oneshot::channel();
    let task = tokio::spawn(async move {
        let held = work.await;
        let told = done.send(());
        pending::<()>().await;
        drop((held, told));
    });
    ok(in_time(is_done).await);
    task.abort();
    let ended = in_time(task).await;
    assert!(ended.is_err_and(|error| error.is_cancelled()), "the task must have been ended");
}

/// Drops the work after it was pending `waits` times. Returns `None` if it was dropped.
pub(super) async fn dropped_after<F: Future>(waits: usize, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut left = waits;
    let limited = poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    });
    in_time(limited).await
}

/// Starts `second` while the caller holds a lock, and gives `second` enough time to overtake before it returns.
pub(super) async fn second_comes_while_first_holds<F, T>(
    second: F,
    read: impl AsyncFn() -> T,
) -> tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let task = tokio::spawn(second);
    // Each read takes about as long as one step of `second`. Without the lock, `second` would finish during the loop.
    for _ in 0..25 {
        read().await;
        tokio::task::yield_now().await;
    }
    task
}

/// Reads a list from the first to the last page, with `limit` entries per page, and returns the pages.
pub(super) async fn pages<T, F>(limit: u16, list: impl Fn(PageRequest) -> F) -> Vec<Vec<T>>
where
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    let limit = ok(Limit::try_from(limit));
    let mut request = PageRequest { limit, after: None };
    let mut pages = Vec::new();
    loop {
        let page = ok(in_time(list(request)).await);
        assert!(page.items.len() <= limit.get(), "a page must not be longer than asked");
        pages.push(page.items);
        assert!(pages.len() < 1000, "a list must come to its end");
        match page.next {
            Some(key) => request.after = Some(key),
            None => return pages,
        }
    }
}

/// Asserts the order and the page boundaries of a list. `expected` contains all entries, at least four.
pub(super) async fn pages_in_order<T, F>(expected: &[T], list: impl Fn(PageRequest) -> F)
where
    T: PartialEq + std::fmt::Debug + Clone,
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    let count = ok(u16::try_from(expected.len()));
    assert!(count >= 4, "too few entries to tell");
    for limit in [1, 2, count - 1, count, count + 1, Limit::MAX] {
        let pages = pages(limit, &list).await;
        let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
        let wanted: Vec<usize> = expected.chunks(usize::from(limit)).map(<[T]>::len).collect();
        assert_eq!(sizes, wanted, "pages of {limit}");
        assert_eq!(pages.concat(), expected, "pages of {limit}");
    }
}

/// Asserts that a page of the maximum length is full and that one more entry follows it.
pub(super) async fn longest_page<T, F>(list: impl Fn(PageRequest) -> F)
where
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    let sizes: Vec<usize> = pages(Limit::MAX, list).await.iter().map(Vec::len).collect();
    assert_eq!(sizes, [200, 1]);
}

/// Asserts that a list is empty.
pub(super) async fn is_empty<T, F>(list: impl Fn(PageRequest) -> F)
where
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    for limit in [1, Limit::MAX] {
        let sizes: Vec<usize> = pages(limit, &list).await.iter().map(Vec::len).collect();
        assert_eq!(sizes, [0]);
    }
}
