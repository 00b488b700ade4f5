//! Verification of API keys by other services.

mod request;

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, post, web::Data};
use futures_util::{FutureExt, future::LocalBoxFuture};
use serde::Serialize;
use tessera_apikeys::{
    ApiKeys, Check, CheckOutcome, LimitState, Verification, VerificationCode, VerifiedUse,
    model::{ApiKey, RawKey},
};
use tessera_kernel::{Actor, NodeLimits, limit};
use time::Duration;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use self::request::{Questions, VerifyRequest, VerifySchema};
use crate::{
    extract::{Anonymous, Body, RequestContext, pairs, single_value},
    middleware::authenticate,
    problem::{Code, Problem},
    route_table::{Access, Rule},
    state::AppState,
    v1::{network_limit::admit_network, permissions::PermissionName, timestamp::Timestamp},
};

/// The result of a verification.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = VerificationCode)]
enum CodeName {
    Valid,
    NotFound,
    Revoked,
    Expired,
    Disabled,
    InsufficientPermissions,
    RateLimited,
    UsageExceeded,
    IpNotAllowed,
}

impl From<VerificationCode> for CodeName {
    fn from(code: VerificationCode) -> Self {
        match code {
            VerificationCode::Valid => Self::Valid,
            VerificationCode::NotFound => Self::NotFound,
            VerificationCode::Revoked => Self::Revoked,
            VerificationCode::Expired => Self::Expired,
            VerificationCode::Disabled => Self::Disabled,
            VerificationCode::InsufficientPermissions => Self::InsufficientPermissions,
            VerificationCode::RateLimited => Self::RateLimited,
            VerificationCode::UsageExceeded => Self::UsageExceeded,
            VerificationCode::AddressNotAllowed => Self::IpNotAllowed,
        }
    }
}

/// A limit of a key after a verification.
#[derive(Serialize, ToSchema)]
#[schema(as = LimitState, example = json!({"name": "per-minute", "limit": 600, "remaining": 599, "reset": 42}))]
struct LimitStateView {
    /// The name of the limit.
    #[schema(example = "per-minute")]
    name: String,
    /// The requests in each window.
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 600)]
    limit: u32,
    /// The requests that are left in the window, as far as this node knows.
    #[schema(minimum = 0, example = 599)]
    remaining: u32,
    /// The number of seconds until the next window.
    #[schema(minimum = 1, example = 42)]
    reset: u64,
}

impl From<LimitState> for LimitStateView {
    fn from(LimitState { name, limit, remaining, reset }: LimitState) -> Self {
        Self { name: name.to_string(), limit, remaining, reset: whole_seconds(reset) }
    }
}

/// Rounded down.
fn whole_seconds(duration: Duration) -> u64 {
    duration.whole_seconds().try_into().unwrap_or_default()
}

/// The result of one check.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CheckOutcome)]
enum OutcomeName {
    Passed,
    Failed,
    Skipped,
}

/// One check of a verification.
#[derive(Serialize, ToSchema)]
#[schema(as = VerificationCheck, example = json!({"name": "ip", "outcome": "passed", "detail": "the address is allowed"}))]
struct CheckView {
    /// What was checked: `revoked`, `expired`, `enabled`, `owner`, `permissions`, `ip`, `limits` or `remaining_uses`.
    #[schema(example = "ip")]
    name: &'static str,
    /// The result. Only `limits` and `remaining_uses` are `skipped`, if another check has failed.
    outcome: OutcomeName,
    /// What was found, for people.
    #[schema(example = "the address is allowed")]
    detail: String,
}

impl From<Check> for CheckView {
    fn from(Check { name, outcome, detail }: Check) -> Self {
        let outcome = match outcome {
            CheckOutcome::Passed => OutcomeName::Passed,
            CheckOutcome::Failed => OutcomeName::Failed,
            CheckOutcome::Skipped => OutcomeName::Skipped,
        };
        Self { name, outcome, detail }
    }
}

/// The result of a verification. If the key does not exist, all details are `null` or empty.
#[derive(Serialize, ToSchema)]
#[schema(as = Verification)]
struct VerificationView {
    /// Whether the key is valid, has the permissions of the request, and is within its limits.
    valid: bool,
    /// The result. A result other than `valid` costs no use.
    code: CodeName,
    /// The id of the key. `null` if the key does not exist.
    #[schema(required = true)]
    api_key_id: Option<Uuid>,
    /// The id of the key's application. `null` if the key does not exist or belongs to no application. Compare it if you
    /// check a permission that the application declares.
    #[schema(required = true)]
    application_id: Option<Uuid>,
    /// The id of the organization of the key. `null` if the key does not exist.
    #[schema(required = true)]
    organization_id: Option<Uuid>,
    /// The id of the service account that the key acts as. `null` if it acts as none.
    #[schema(required = true)]
    service_account_id: Option<Uuid>,
    /// The id of the user that a personal key acts as. `null` for other keys. Its rights are those of the user.
    #[schema(required = true)]
    user_id: Option<Uuid>,
    /// The permissions of the key, or of its service account. Empty if the key does not exist, and for a personal key.
    permissions: Vec<PermissionName>,
    /// When the presented secret expires. `null` if it never expires or does not exist.
    #[schema(value_type = Option<String>, format = DateTime, required = true, example = "2027-03-01T09:30:00Z")]
    expires_at: Option<Timestamp>,
    /// The limits of the key after this use. Empty if it has none, or if the key was rejected for another reason.
    limits: Vec<LimitStateView>,
    /// How often the key can still be used, as far as this node knows. `null` if the number is not limited, or if the key
    /// was rejected for another reason.
    #[schema(required = true, minimum = 0, example = 9_999)]
    remaining_uses: Option<u32>,
    /// How long the caller may use this result again, in seconds. 0 if it is not valid, or if each use of the key counts.
    #[schema(minimum = 0, maximum = 1, example = 1)]
    cache_seconds: u64,
    /// All checks, if the request has `explain=true` and its credential may read the key. Absent otherwise, and for keys that
    /// do not exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    checks: Option<Vec<CheckView>>,
}

impl From<Verification> for VerificationView {
    fn from(verification: Verification) -> Self {
        let Verification { code, key, .. } = verification;
        let key = key.as_ref();
        let permissions = key.map(|key| key.permissions.iter().map(PermissionName::from).collect());
        Self {
            valid: code == VerificationCode::Valid,
            code: code.into(),
            api_key_id: key.map(|key| key.id.as_uuid()),
            application_id: key.and_then(ApiKey::application).map(|id| id.as_uuid()),
            organization_id: key.map(|key| key.organization_id.as_uuid()),
            service_account_id: key.and_then(ApiKey::service_account).map(|id| id.as_uuid()),
            user_id: key.and_then(ApiKey::user).map(|id| id.as_uuid()),
            permissions: permissions.unwrap_or_default(),
            expires_at: verification.expires_at.map(Timestamp::from),
            limits: verification.limits.into_iter().map(LimitStateView::from).collect(),
            remaining_uses: verification.remaining_uses,
            cache_seconds: whole_seconds(verification.cacheable_for),
            checks: verification.checks.map(|checks| checks.into_iter().map(CheckView::from).collect()),
        }
    }
}

/// The results of a batch, in the order of its keys.
#[derive(Serialize, ToSchema)]
#[schema(as = VerificationBatch)]
struct BatchView {
    /// One result for each key.
    #[schema(max_items = 100)]
    results: Vec<VerificationView>,
}

/// One result for `key`, several for `keys`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = VerificationResponse)]
enum ResponseView {
    One(VerificationView),
    Batch(BatchView),
}

/// The query of a verification.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described; Verify reads the query")]
pub(crate) struct VerifyParameters {
    /// Whether to return all checks. The request then requires a valid credential, and the response has the checks of keys
    /// that exist if the credential is that of an administrator or owner of the organization of the key, or an organization
    /// key with `api_keys:read`.
    #[param(required = false, example = true)]
    explain: bool,
}

/// A verification. The credential is checked before the body, as everywhere.
pub(crate) struct Verify {
    /// The caller that requested the checks. `None` if the query does not ask for them; credentials are then not read.
    explain_to: Option<Actor>,
    body: VerifyRequest,
}

impl FromRequest for Verify {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Body::<VerifyRequest>::from_request(request, payload);
        let wants_checks = wants_checks(request.query_string());
        let request = request.clone();
        async move {
            let explain_to = if wants_checks? { Some(caller(&request).await?) } else { None };
            let Body(body) = body.await?;
            Ok(Self { explain_to, body })
        }
        .boxed_local()
    }
}

/// The caller of a public operation, whose credentials are not read otherwise.
async fn caller(request: &HttpRequest) -> Result<Actor, Problem> {
    let Some(state) = request.app_data::<Data<AppState>>() else { return Err(Code::Internal.into()) };
    let origin = RequestContext::of(request)?.origin;
    let rule = Rule { access: Access::Caller, counts: true, takes_key: false };
    let principal = authenticate::admit(&state.services, rule, request.headers(), &origin).await?;
    principal.map(|principal| Actor { principal, origin }).ok_or_else(|| Code::AuthenticationRequired.into())
}

fn wants_checks(query: &str) -> Result<bool, Problem> {
    match single_value(&pairs(query)?, "explain")? {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => {
            let detail = "the query parameter explain must be true or false";
            Err(Problem::new(Code::InvalidQuery).detail(detail))
        }
    }
}

/// Verify an API key
///
/// The status is 200 for every well-formed request. The result is in `code`. A valid use of a key with limits costs `cost`.
/// A key with `allowed_ips` is valid only if `ip` is one of them. `keys` verifies up to 100 keys at once. Well-formed keys that
/// do not exist count in the limit `credential` of the network; over it, one key is 429, and a key of a batch is `rate_limited`.
#[utoipa::path(tag = "api-keys", operation_id = "verify_api_key", params(VerifyParameters),
    extensions(("x-counts-as-request" = json!(false))),
    request_body = VerifySchema, responses(
    (status = 200, description = "The result of the verification", body = ResponseView),
    (status = 401, description = "With `explain=true`: the credential is missing or not valid"),
    (status = 403, description = "With `explain=true`: the API key of the caller must not be used from this address, or has \
        no uses left"),
    (status = 429, description = "The key does not exist, and the limit `credential` of the network is reached. With \
        `explain=true` also: a limit of the API key of the caller is reached")))]
#[post("/apikeys/verify")]
pub(crate) async fn verify_api_key(
    Anonymous(origin): Anonymous,
    Verify { explain_to, body }: Verify,
    api_keys: Data<ApiKeys>,
    limits: Data<dyn NodeLimits>,
    state: Data<AppState>,
) -> Result<HttpResponse, Problem> {
    let VerifyRequest { questions, cost, address } = body;
    let used = VerifiedUse { cost, address, explain_to: explain_to.as_ref() };
    let admit_unknown = |text: &str, found: &Verification| {
        let unknown = found.code == VerificationCode::NotFound && text.trim().parse::<RawKey>().is_ok();
        if unknown { admit_network(&**limits, limit::CREDENTIAL, &origin) } else { Ok(()) }
    };
    let count = |code: VerificationCode| {
        if let Some(metrics) = &state.services.metrics {
            metrics.verifications.count(code);
        }
    };
    match questions {
        Questions::One(question) => {
            let text = question.key.clone();
            let found = api_keys.verify_key(question, used).await?;
            if let Err(limited) = admit_unknown(&text, &found) {
                count(VerificationCode::RateLimited);
                return Err(limited.into());
            }
            count(found.code);
            Ok(HttpResponse::Ok().json(ResponseView::One(found.into())))
        }
        Questions::Batch(questions) => {
            let texts: Vec<String> = questions.iter().map(|question| question.key.clone()).collect();
            let mut results = api_keys.verify_keys(questions, used).await?;
            for (text, found) in texts.iter().zip(&mut results) {
                if admit_unknown(text, found).is_err() {
                    found.code = VerificationCode::RateLimited;
                }
                count(found.code);
            }
            let results = results.into_iter().map(VerificationView::from).collect();
            Ok(HttpResponse::Ok().json(ResponseView::Batch(BatchView { results })))
        }
    }
}
