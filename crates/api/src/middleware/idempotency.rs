//! Requests with an `Idempotency-Key`: a request that was executed is not executed again, but gets the stored response.

mod stored_response;

use std::panic::AssertUnwindSafe;

use actix_web::{
    Error, HttpMessage,
    body::{BoxBody, to_bytes},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH},
    middleware::Next,
    rt,
};
use futures_util::FutureExt;
use tessera_kernel::{
    ClaimStatus, IdempotencyClaim, IdempotencyKey, IdempotencyPorts, KeyScope, Principal, StoreError,
    idempotent_request::on_behalf_of,
};

use crate::{
    applied_limits,
    b3os::parameters::X_ORG_ID,
    extract::{
        RequestContext, UnreadPayload,
        json::read::{ReadBody, Reader, declared_length},
        limits,
    },
    problem::{Code, Problem},
    route_table::Rule,
    services::Services,
};
use stored_response::StoredResponse;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Returns whether a request is executed at most once. A key of an organization that only reads is rejected by every change;
/// without this, it could read the stored response of another key.
pub(crate) fn applies(rule: Rule, request: &ServiceRequest) -> bool {
    if !rule.takes_key || !request.headers().contains_key(IDEMPOTENCY_KEY) {
        return false;
    }
    let extensions = request.extensions();
    let principal = extensions.get::<RequestContext>().and_then(|context| context.principal.as_ref());
    !matches!(principal, Some(Principal::OrganizationKey { scope: KeyScope::Read, .. }))
}

/// Executes the request, or returns the response of an earlier one.
pub(crate) async fn serve(
    services: &Services,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    match begin(services, &request).await {
        Err(problem) => Ok(request.error_response(problem)),
        Ok(Begun::Before(stored)) => Ok(request.into_response(stored.replay())),
        // In a task of its own, which continues if the client disconnects: the client sends the request again because it
        // has lost the response, so the response must be stored.
        Ok(Begun::Now(claimed)) => {
            let executed = rt::spawn(applied_limits::collect(claimed.execute(request, next)));
            match executed.await {
                Ok((answer, limits)) => {
                    applied_limits::note_all(limits);
                    answer
                }
                Err(fault) => Err(Problem::new(Code::Internal).caused_by(fault).into()),
            }
        }
    }
}

enum Begun {
    /// It is executed now.
    Now(Claimed),
    /// It was executed before, with this response.
    Before(StoredResponse),
}

async fn begin(services: &Services, request: &ServiceRequest) -> Result<Begun, Problem> {
    let key = key_of(request)?;
    let body = read_again(request).await?;
    let ports = services.idempotency.clone();
    let hidden = ports.seal.hide(&scope_of(request), &key);
    let fingerprint = ports.seal.fingerprint(
        &key,
        &[
            request.method().as_str().as_bytes(),
            request.match_info().as_str().as_bytes(),
            request.query_string().as_bytes(),
            &body,
            &all_values(request, &IF_MATCH),
            &all_values(request, &IF_NONE_MATCH),
            &all_values(request, &X_ORG_ID),
        ],
    );
    let mut owner = [0; 16];
    services.system.entropy.fill(&mut owner);
    let claim = IdempotencyClaim { key: hidden, owner: u128::from_be_bytes(owner) };
    match ports.keys.claim(&claim, &fingerprint).await? {
        ClaimStatus::Claimed => Ok(Begun::Now(Claimed { ports, key, claim, _body: body })),
        ClaimStatus::Running => Err(Problem::idempotency_in_progress()),
        ClaimStatus::OtherRequest => Err(Code::IdempotencyKeyReused.into()),
        ClaimStatus::Lost => Err(Code::IdempotencyResponseLost.into()),
        ClaimStatus::Answered(sealed) => {
            let opened = ports.seal.open(&hidden, &key, &sealed);
            let stored = opened.and_then(|opened| StoredResponse::from_bytes(&opened));
            stored.map(Begun::Before).map_err(|fault| Problem::new(Code::Internal).caused_by(fault))
        }
    }
}

fn key_of(request: &ServiceRequest) -> Result<IdempotencyKey, Problem> {
    let mut values = request.headers().get_all(IDEMPOTENCY_KEY);
    let only = values.next().filter(|_| values.next().is_none());
    let key = only.and_then(|value| value.to_str().ok()?.parse().ok());
    key.ok_or_else(|| Code::InvalidIdempotencyKey.into())
}

/// Reads the body for the fingerprint, and leaves it for the handler, which checks its own limit.
async fn read_again(request: &ServiceRequest) -> Result<ReadBody, Problem> {
    declared_length(request.request(), limits::DOCUMENT)?;
    let body = Reader::of(request.request(), limits::DOCUMENT).read_body().await?;
    UnreadPayload::of(request.request()).put_back(body.again());
    Ok(body)
}

/// Whose key it is: that of the user and not of the session, of the application and not of its API key.
fn scope_of(request: &ServiceRequest) -> String {
    let extensions = request.extensions();
    match extensions.get::<RequestContext>().and_then(|context| context.principal.as_ref()) {
        Some(Principal::User { id, .. }) => format!("user {id}"),
        Some(Principal::Application { application, .. }) => format!("application {application}"),
        Some(Principal::OrganizationKey { organization, .. }) => format!("organization {organization}"),
        None => "anonymous".to_owned(),
    }
}

/// The values of a header. An absent header differs from an empty one.
fn all_values(request: &ServiceRequest, name: &HeaderName) -> Vec<u8> {
    request.headers().get_all(name).flat_map(|value| [b",", value.as_bytes()].concat()).collect()
}

/// A request that has the claim on its key.
struct Claimed {
    ports: IdempotencyPorts,
    key: IdempotencyKey,
    claim: IdempotencyClaim,
    /// The body counts in the memory for bodies until the request ends.
    _body: ReadBody,
}

impl Claimed {
    async fn execute(self, request: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse, Error> {
        let serving = AssertUnwindSafe(on_behalf_of(self.claim, next.call(request))).catch_unwind();
        match serving.await {
            Ok(Ok(answer)) if answer.status().is_success() => self.keep(answer).await,
            other => {
                self.give_up().await;
                // The panic hook has logged the panic.
                other.unwrap_or_else(|_| Err(Problem::new(Code::Internal).caused_by("serving it panicked").into()))
            }
        }
    }

    /// Stores the response. If this fails, the request was executed all the same, so the client gets the response.
    async fn keep(self, answer: ServiceResponse) -> Result<ServiceResponse, Error> {
        let (request, response) = answer.into_parts();
        let (response, body) = response.into_parts();
        let bytes = match to_bytes(body).await {
            Ok(bytes) => bytes,
            Err(fault) => {
                self.give_up().await;
                return Err(Problem::new(Code::Internal).caused_by(fault.to_string()).into());
            }
        };
        match self.store(&StoredResponse::of(&response, &bytes)).await {
            Ok(true) => {}
            // It changed nothing: otherwise no other request could have taken the claim over.
            Ok(false) => return Ok(ServiceResponse::from_err(Problem::idempotency_in_progress(), request)),
            Err(error) => tracing::warn!(%error, "the response to a request with an idempotency key was not stored"),
        }
        Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(bytes))))
    }

    async fn store(&self, response: &StoredResponse) -> Result<bool, StoreError> {
        let sealed = self.ports.seal.seal(&self.claim.key, &self.key, &response.to_bytes());
        self.ports.keys.keep_response(&self.claim, &sealed.map_err(StoreError::Other)?).await
    }

    async fn give_up(&self) {
        if let Err(error) = self.ports.keys.release(&self.claim).await {
            tracing::warn!(%error, "an idempotency key stays in use until its lease ends");
        }
    }
}
