//! The JSON form of a problem.

use serde::Serialize;
use serde_json::value::RawValue;
use tessera_kernel::MfaRequired;
use utoipa::{ToSchema, openapi::ObjectBuilder};

use crate::{
    openapi::schema,
    problem::{code::Code, field_error::FieldError},
    public_url::PublicUrl,
    services::{Check, Checks},
    v1::timestamp::Timestamp,
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
    /// The token for `POST /auth/mfa/verify`. Only in `mfa_required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "q3yWn0oHk7Rz2TfVbXc5LdPs8MjGa1Ue4NiQw6KxYh9")]
    mfa_token: Option<&'a str>,
    /// The second factors that complete the operation: `totp`, `passkey`, `recovery_code`. Only in `mfa_required`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["totp", "recovery_code"]))]
    methods: Vec<&'static str>,
    /// The input of `PublicKeyCredential.parseRequestOptionsFromJSON()`, or `null` if the account has no passkey. Only in
    /// `mfa_required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = Option<Object>)]
    passkey_options: Option<NullableJson>,
    /// When `mfa_token` expires. Only in `mfa_required`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = String, format = DateTime, example = "2026-12-01T09:40:00Z")]
    expires_at: Option<Timestamp>,
}

/// A JSON value that a library has written, or `null`.
#[derive(Serialize)]
#[serde(transparent)]
struct NullableJson(Option<Box<RawValue>>);

impl NullableJson {
    fn of(json: Option<&String>) -> Self {
        Self(json.and_then(|json| RawValue::from_string(json.clone()).ok()))
    }
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
    pub(super) mfa: Option<&'a MfaRequired>,
}

impl<'a> ProblemView<'a> {
    pub(super) fn new(
        url: &PublicUrl,
        code: Code,
        detail: &'a str,
        request_id: &'a str,
        extensions: &Extensions<'a>,
    ) -> Self {
        let Extensions { errors, limit, quota, checks, mfa } = *extensions;
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
            mfa_token: mfa.map(|mfa| mfa.token.expose().as_str()),
            methods: mfa.iter().flat_map(|mfa| &mfa.methods).map(|method| method.as_str()).collect(),
            passkey_options: mfa.map(|mfa| NullableJson::of(mfa.passkey_options.as_ref())),
            expires_at: mfa.map(|mfa| mfa.expires_at.into()),
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
