//! A problem as it goes over the wire.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    problem::{code::Code, field_error::Fault},
    public_url::PublicUrl,
    services::{Check, Checks},
};

/// The media type of every problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// A problem (RFC 9457). `docs/errors.md` tells of each code.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView<'a> {
    /// An address under the public URL that names the kind of problem. It ends with `/problems/` and the code.
    #[serde(rename = "type")]
    #[schema(format = "uri", example = "https://accounts.example.com/problems/email_taken")]
    kind: String,
    /// The kind of problem, for people.
    #[schema(example = "The email address is taken")]
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    status: u16,
    /// This problem, for people.
    #[schema(example = "this email address is already registered")]
    detail: &'a str,
    /// The kind of problem, for programs. It never changes.
    #[schema(example = "email_taken")]
    code: &'static str,
    /// The request's id, also in the header `X-Request-Id`.
    #[schema(example = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e")]
    request_id: &'a str,
    /// Every fault of the body; absent when the problem is not one of the body.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [Fault],
    /// The name of the rate limit that rejected the request; absent in other problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "invite")]
    limit: Option<&'static str>,
    /// The name of the quota that is used up; absent in other problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "apps_per_organization")]
    quota: Option<&'static str>,
    /// What each check of readiness came to; absent in other problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    checks: Option<ChecksView>,
}

/// What each check of readiness came to: `ok`, `failed`, or `unknown` where another failed first.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Checks)]
pub(crate) struct ChecksView {
    /// The database answers and has its tables.
    #[schema(example = "ok")]
    database: &'static str,
    /// The clock of this node agrees with that of the database.
    #[schema(example = "ok")]
    clock: &'static str,
    /// The database has room for writes.
    #[schema(example = "ok")]
    disk: &'static str,
}

impl From<&Checks> for ChecksView {
    fn from(checks: &Checks) -> Self {
        let name = |check: &Check| match check {
            Check::Ok => "ok",
            Check::Failed(_) => "failed",
            Check::Unknown => "unknown",
        };
        Self { database: name(&checks.database), clock: name(&checks.clock), disk: name(&checks.disk) }
    }
}

/// The members that only some kinds of problems have.
#[derive(Default)]
pub(super) struct Extensions<'a> {
    pub(super) errors: &'a [Fault],
    pub(super) limit: Option<&'static str>,
    pub(super) quota: Option<&'static str>,
    pub(super) checks: Option<ChecksView>,
}

impl<'a> ProblemView<'a> {
    pub(super) fn new(
        url: &PublicUrl,
        code: Code,
        detail: &'a str,
        request_id: &'a str,
        extensions: &Extensions<'a>,
    ) -> Self {
        let Extensions { errors, limit, quota, checks } = *extensions;
        Self {
            kind: url.join(&format!("/problems/{}", code.as_str())),
            title: code.title(),
            status: code.status().as_u16(),
            detail,
            code: code.as_str(),
            request_id,
            errors,
            limit,
            quota,
            checks,
        }
    }
}
