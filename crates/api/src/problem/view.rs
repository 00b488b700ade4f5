//! The JSON form of a problem.

use serde::Serialize;
use utoipa::{ToSchema, openapi::ObjectBuilder};

use crate::{
    openapi::schema,
    problem::{code::Code, field_error::FieldError},
    public_url::PublicUrl,
    services::{Check, Checks},
};

/// The media type of every problem.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// A problem (RFC 9457). `docs/errors.md` describes each code.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView<'a> {
    /// The URL of a page that explains the problem type: the public URL, `/problems/` and the code.
    #[serde(rename = "type")]
    #[schema(format = "uri", example = "https://accounts.example.com/problems/email_taken")]
    kind: String,
    /// The title of the problem type, for people.
    #[schema(example = "The email address is taken")]
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    status: u16,
    /// A description of this occurrence, for people.
    #[schema(example = "this email address is already registered")]
    detail: &'a str,
    /// The stable code of the problem type, for programs.
    #[schema(schema_with = code_schema)]
    code: &'static str,
    /// The request id, also in the header `X-Request-Id`.
    #[schema(example = "0198c2f0-4a6b-7cc4-9d1e-2f6a1b3c4d5e")]
    request_id: &'a str,
    /// All field errors of the body. Absent in other problems.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
    /// The name of the rate limit that rejected the request. Absent in other problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "invite")]
    limit: Option<&'static str>,
    /// The name of the quota that is reached. Absent in other problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "applications")]
    quota: Option<&'static str>,
    /// The results of the readiness checks. Absent in other problems.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    checks: Option<ChecksView>,
}

/// The result of each readiness check: `ok`, `failed`, or `unknown` if another check failed first.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Checks)]
pub(crate) struct ChecksView {
    /// The database is reachable and has its tables.
    #[schema(example = "ok")]
    database: &'static str,
    /// The clock of this node agrees with the database clock.
    #[schema(example = "ok")]
    clock: &'static str,
    /// The database has space for writes.
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

/// The members that only some problem types have.
#[derive(Default)]
pub(super) struct Extensions<'a> {
    pub(super) errors: &'a [FieldError],
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

fn code_schema() -> ObjectBuilder {
    schema::code(
        Code::ALL.iter().map(|code| code.as_str()),
        "The stable code of the problem type, for programs.",
        "email_taken",
    )
}
