//! Conversion of errors to HTTP problems (RFC 9457). Only this module sets error statuses.

mod code;
mod credential;
mod field_error;
mod mapping;
mod passkeys;
mod sessions;
mod view;

use std::{borrow::Cow, error::Error, fmt};

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    http::{
        StatusCode,
        header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    },
};
use tessera_kernel::{
    ClientRequestId, MfaRequired, OrganizationId, QuotaExceeded, RateLimit, RateLimited, RequestMetadata, StoreError,
};

pub use code::Code;
pub use field_error::FieldErrorCode;
pub(crate) use field_error::{FieldError, FieldErrors, ToFieldError};
use view::Extensions;
pub(crate) use view::{ChecksView, PROBLEM_JSON, ProblemView};

use crate::{
    applied_limits::{headers_of, whole_seconds},
    b3os::envelope::FailureEnvelope,
    public_url::PublicUrl,
};

type Cause = Box<dyn Error + Send + Sync>;

/// Why a request failed. It is boxed, because every `Result` of this crate carries it.
#[derive(Debug)]
pub(crate) struct Problem(Box<Facts>);

#[derive(Debug)]
struct Facts {
    code: Code,
    detail: Cow<'static, str>,
    faults: Vec<FieldError>,
    allow: Option<String>,
    retry_after: Option<u64>,
    limit: Option<RateLimit>,
    quota: Option<QuotaExceeded>,
    checks: Option<ChecksView>,
    denied_in: Option<OrganizationId>,
    cause: Option<Cause>,
    mfa: Option<MfaRequired>,
}

impl Problem {
    /// Creates a problem with the default detail of its code.
    pub(crate) fn new(code: Code) -> Self {
        let detail = Cow::Borrowed(code.detail());
        Self(Box::new(Facts {
            code,
            detail,
            faults: Vec::new(),
            allow: None,
            retry_after: None,
            limit: None,
            quota: None,
            checks: None,
            denied_in: None,
            cause: None,
            mfa: None,
        }))
    }

    /// Converts an error of the framework, of which only the status is known.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::new(Code::RouteNotFound),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(Code::BodyTooLarge),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(Code::UnsupportedMediaType),
            other => Self::new(Code::Internal).caused_by(format!("the framework answered {other}")),
        }
    }

    /// Replaces the detail. The text must not contain secrets or text from a library.
    pub(crate) fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// The number of seconds in `Retry-After`, if set.
    pub(crate) fn wait(&self) -> Option<u64> {
        self.0.retry_after
    }

    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    /// Sets the field errors.
    pub(crate) fn faults(mut self, faults: Vec<FieldError>) -> Self {
        self.0.faults = faults;
        self
    }

    /// Adds the field errors of another problem of the same body.
    pub(crate) fn with_faults_of(mut self, other: Self) -> Self {
        let mut faults = FieldErrors::from(self.0.faults);
        other.0.faults.into_iter().for_each(|fault| faults.push(fault));
        self.0.faults = faults.into_vec();
        self
    }

    /// Sets the methods that the path accepts.
    pub(crate) fn allow(mut self, methods: String) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// The methods that the path accepts, if set.
    pub(crate) fn allowed(&self) -> Option<&str> {
        self.0.allow.as_deref()
    }

    /// Sets `Retry-After`, in seconds and at least one.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds.max(1));
        self
    }

    /// Creates the problem for a rejection by a rate limit.
    pub(crate) fn limited(code: Code, RateLimited { limit, retry_after, .. }: RateLimited) -> Self {
        let seconds = whole_seconds(retry_after.min(limit.window));
        let mut problem = Self::new(code).retry_after(seconds);
        problem.0.limit = Some(limit);
        problem
    }

    /// Another request with the same idempotency key has not ended.
    pub(crate) fn idempotency_in_progress() -> Self {
        Self::new(Code::IdempotencyInProgress).retry_after(1)
    }

    /// Creates the problem for an operation that waits for a second factor.
    pub(crate) fn mfa_required(required: MfaRequired) -> Self {
        let mut problem = Self::new(Code::MfaRequired);
        problem.0.mfa = Some(required);
        problem
    }

    /// Sets the results of the readiness checks.
    pub(crate) fn checks(mut self, checks: ChecksView) -> Self {
        self.0.checks = Some(checks);
        self
    }

    /// Marks a missing permission in an organization. An audit entry is written for it.
    pub(crate) fn denied_in(mut self, organization: OrganizationId) -> Self {
        self.0.denied_in = Some(organization);
        self
    }

    /// The organization in which a permission was missing.
    pub(crate) fn denied(&self) -> Option<OrganizationId> {
        self.0.denied_in
    }

    /// Sets the cause, which is logged but not sent to the client.
    pub(crate) fn caused_by(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// The field errors as sentences about the password. Once all fields could be parsed, only the password can have a
    /// field error.
    pub(crate) fn said_of_password(&self) -> Vec<String> {
        self.0.faults.iter().map(|fault| format!("Your password: {}", fault.detail())).collect()
    }

    /// Returns code and detail for a page. Logs server errors, as [`Self::respond`] does.
    pub(crate) fn log_and_describe(&self, origin: &RequestMetadata) -> (Code, &str) {
        if self.0.code.status().is_server_error() {
            self.log(origin);
        }
        (self.0.code, &self.0.detail)
    }

    /// Builds the response. Logs a server error once, with its chain of causes.
    pub(crate) fn respond(&self, url: &PublicUrl, origin: &RequestMetadata) -> HttpResponse {
        let Facts { code, faults, limit, quota, checks, mfa, .. } = &*self.0;
        let extensions = Extensions {
            errors: faults,
            limit: limit.map(|limit| limit.shown_as),
            quota: quota.map(|exceeded| exceeded.quota),
            checks: *checks,
            mfa: mfa.as_ref(),
        };
        let view = ProblemView::new(url, *code, &self.0.detail, origin.shown_request_id(), &extensions);
        self.start(origin).content_type(PROBLEM_JSON).json(view)
    }

    /// Builds the response in the form of the B3OS API.
    pub(crate) fn respond_in_envelope(&self, origin: &RequestMetadata) -> HttpResponse {
        let (code, errors) = (self.0.code.status().as_u16(), &*self.0.faults);
        let request_id = origin.shown_request_id();
        self.start(origin).json(FailureEnvelope { code, message: &self.0.detail, request_id, errors })
    }

    /// The status and the headers. Logs a server error.
    fn start(&self, origin: &RequestMetadata) -> HttpResponseBuilder {
        let Facts { code, allow, retry_after, limit, .. } = &*self.0;
        if code.status().is_server_error() {
            self.log(origin);
        }
        let mut answer = HttpResponse::build(code.status());
        // The start of the next request on this connection cannot be determined.
        if *code == Code::IncompleteBody {
            answer.force_close();
        }
        if let Some(challenge) = self.challenge() {
            answer.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if let Some(methods) = allow {
            answer.insert_header((ALLOW, methods.as_str()));
        }
        if let Some(seconds) = retry_after {
            answer.insert_header((RETRY_AFTER, *seconds));
        }
        if let (Some(limit), Some(seconds)) = (*limit, retry_after) {
            headers_of(limit, 0, *seconds).for_each(|header| {
                answer.insert_header(header);
            });
        }
        answer
    }

    /// RFC 6750 section 3: name the error only if the request carried a credential. The details of this code have neither
    /// quotation marks nor backslashes.
    fn challenge(&self) -> Option<HeaderValue> {
        match self.0.code {
            Code::InvalidToken => {
                let detail = &self.0.detail;
                HeaderValue::try_from(format!(r#"Bearer error="invalid_token", error_description="{detail}""#)).ok()
            }
            code if code.status() == StatusCode::UNAUTHORIZED => Some(HeaderValue::from_static("Bearer")),
            _ => None,
        }
    }

    fn log(&self, origin: &RequestMetadata) {
        let (code, request_id) = (self.0.code, origin.request_id.as_str());
        let client_request_id = origin.client_request_id.as_ref().map(ClientRequestId::as_str);
        let cause = self.0.cause.as_deref().map(chain).unwrap_or_default();
        if code == Code::Internal {
            tracing::error!(request_id, client_request_id, code = code.as_str(), cause, "request failed");
        } else {
            tracing::warn!(request_id, client_request_id, code = code.as_str(), cause, "request refused");
        }
    }
}

impl From<RateLimited> for Problem {
    fn from(limited: RateLimited) -> Self {
        Self::limited(Code::RateLimited, limited)
    }
}

impl From<QuotaExceeded> for Problem {
    fn from(exceeded: QuotaExceeded) -> Self {
        let name = exceeded.quota.to_uppercase();
        let detail = format!(
            "the quota TESSERA_QUOTA_{name} of {} is reached; delete objects of this kind, or ask the operator to raise it",
            exceeded.maximum
        );
        let mut problem = Self::new(Code::QuotaExceeded).detail(detail);
        problem.0.quota = Some(exceeded);
        problem
    }
}

/// `Retry-After` in seconds if the database is busy or unavailable.
const STORE_RETRY_SECONDS: u64 = 1;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let problem = match &error {
            StoreError::Busy => Self::new(Code::Busy).retry_after(STORE_RETRY_SECONDS),
            StoreError::Unavailable(_) => Self::new(Code::Unavailable).retry_after(STORE_RETRY_SECONDS),
            StoreError::Moved => Self::new(Code::DatabaseMoved).retry_after(STORE_RETRY_SECONDS),
            StoreError::Superseded => Self::idempotency_in_progress(),
            StoreError::Conflict { .. } | StoreError::Corrupt(_) | StoreError::Other(_) => Self::new(Code::Internal),
        };
        problem.caused_by(error)
    }
}

/// Formats an error and its sources in one line.
fn chain(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code.as_str())
    }
}

/// Without a body. The middleware builds the full response with [`Problem::respond`], because only it knows the request
/// id.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}
