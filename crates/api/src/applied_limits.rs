//! The rate limits that a request was counted in, for its headers and its audit entry.
//!
//! The ports of the limits note them here. A limit that a use case adds later is therefore in the headers without more code.

use std::cell::RefCell;

use actix_web::http::{
    StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use tessera_kernel::{Counted, RateLimit, RateLimited, limit};
use time::Duration;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The limits of one request.
#[derive(Debug, Default)]
pub(crate) struct AppliedLimits {
    counted: Vec<Counted>,
    rejected: Option<RateLimited>,
    /// The limits that this request was the first to reach in a window.
    reached: Vec<RateLimit>,
}

tokio::task_local! {
    static APPLIED: RefCell<AppliedLimits>;
}

/// Notes an event that a limit has counted. Outside of a request, nothing happens.
pub fn note_counted(counted: &Counted) {
    if is_shown(counted) {
        let _ = APPLIED.try_with(|applied| applied.borrow_mut().counted.push(*counted));
    }
}

/// Notes an event that was taken back.
pub fn note_given_back(taken: &Counted) {
    let _ = APPLIED.try_with(|applied| {
        let mut applied = applied.borrow_mut();
        let same = |counted: &&mut Counted| counted.limit.name == taken.limit.name && counted.left == taken.left;
        if let Some(counted) = applied.counted.iter_mut().find(same) {
            counted.left += 1;
        }
    });
}

/// Notes a rejection by a limit, and what the response shows of it.
pub fn note_rejected(limit: RateLimit, shown: &RateLimited) {
    let _ = APPLIED.try_with(|applied| {
        let mut applied = applied.borrow_mut();
        applied.rejected = Some(*shown);
        if shown.first {
            applied.reached.push(limit);
        }
    });
}

/// Runs a request, and returns the limits that it was counted in.
pub(crate) async fn collect<T>(request: impl Future<Output = T>) -> (T, AppliedLimits) {
    APPLIED
        .scope(RefCell::default(), async {
            let output = request.await;
            (output, APPLIED.with(RefCell::take))
        })
        .await
}

/// Notes the limits of a part of the request that had a task of its own.
pub(crate) fn note_all(part: AppliedLimits) {
    let _ = APPLIED.try_with(|applied| {
        let mut applied = applied.borrow_mut();
        applied.counted.extend(part.counted);
        applied.rejected = part.rejected.or(applied.rejected);
        applied.reached.extend(part.reached);
    });
}

impl AppliedLimits {
    pub(crate) fn reached(&self) -> &[RateLimit] {
        &self.reached
    }

    /// Adds the headers of the limit that rejected the request, or of the one with the fewest events left
    /// (draft-ietf-httpapi-ratelimit-headers). Those of a key's own limit are kept.
    ///
    /// A hidden limit is only in a response that it rejects: a request whose mail was not sent must look like any other.
    pub(crate) fn add(&self, status: StatusCode, headers: &mut HeaderMap) {
        if headers.contains_key(&RATE_LIMIT) {
            return;
        }
        let fewest = || {
            let counted = self.counted.iter().min_by_key(|counted| counted.left);
            counted.map(|counted| (counted.limit, counted.left, counted.resets_in))
        };
        let may_show = |limited: &RateLimited| status == StatusCode::TOO_MANY_REQUESTS || !is_hidden(limited.limit);
        let rejected = self.rejected.filter(may_show);
        let rejected = rejected.map(|limited| (limited.limit, 0, limited.retry_after));
        if let Some((limit, left, resets_in)) = rejected.or_else(fewest) {
            for (name, value) in headers_of(limit, left, whole_seconds(resets_in)) {
                headers.insert(name, value);
            }
        }
    }
}

/// These show what others do: [`limit::SIGN_IN_ACCOUNT`] that an account is under attack, and the others how often strangers
/// have used the same recipient or wallet.
const HIDDEN: [RateLimit; 5] = [
    limit::SIGN_IN_ACCOUNT,
    limit::MAIL,
    limit::INVITE_RECIPIENT,
    limit::INVITE_RECIPIENT_NEW,
    limit::CONTRACT_WALLET_ADDRESS,
];

fn is_hidden(limit: RateLimit) -> bool {
    HIDDEN.iter().any(|hidden| hidden.name == limit.name)
}

/// Most requests are far below the limit `requests`.
fn is_shown(Counted { limit, left, .. }: &Counted) -> bool {
    if limit.name == limit::REQUESTS.name { *left < limit.quota / 10 } else { !is_hidden(*limit) }
}

/// The headers for a limit with `left` events until its window ends after `seconds`.
pub(crate) fn headers_of(limit: RateLimit, left: u32, seconds: u64) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let RateLimit { shown_as, quota, window, .. } = limit;
    let window = window.whole_seconds();
    let texts = [
        (RATE_LIMIT_POLICY, format!("\"{shown_as}\";q={quota};w={window}")),
        (RATE_LIMIT, format!("\"{shown_as}\";r={left};t={seconds}")),
    ];
    texts.into_iter().filter_map(|(name, text)| Some((name, text.parse().ok()?)))
}

/// Rounded up, so that a client that waits exactly this long does not retry too early.
pub(crate) fn whole_seconds(time: Duration) -> u64 {
    let seconds = time.whole_seconds() + i64::from(time.subsec_nanoseconds() > 0);
    u64::try_from(seconds).unwrap_or_default()
}
