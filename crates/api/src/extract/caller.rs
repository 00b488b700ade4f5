//! The caller and the request metadata of a request, and their extractors.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header::USER_AGENT};
use tessera_identity::model::Device;
use tessera_kernel::{Actor, Principal, RequestMetadata};

use crate::problem::{Code, Problem};

/// Request metadata and principal. The middleware stores them in the request extensions.
#[derive(Clone)]
pub(crate) struct RequestContext {
    pub(crate) origin: RequestMetadata,
    pub(crate) principal: Option<Principal>,
}

impl RequestContext {
    /// Returns the value that the middleware stored. A request without it is rejected, so a handler without an access
    /// rule is not reachable.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        request.extensions().get::<Self>().cloned().ok_or_else(|| Code::AuthenticationRequired.into())
    }

    /// The actor, or `None` if the request has no principal.
    pub(crate) fn actor(&self) -> Option<Actor> {
        let principal = self.principal.clone()?;
        Some(Actor { principal, origin: self.origin.clone() })
    }

    fn actor_of(request: &HttpRequest) -> Result<Actor, Problem> {
        Self::of(request)?.actor().ok_or_else(|| Code::AuthenticationRequired.into())
    }
}

/// Any caller. Credentials are not read.
pub(crate) struct Anonymous(pub(crate) RequestMetadata);

/// The device from which the request comes, by the `User-Agent` header and the client address.
pub(crate) struct RequestDevice(pub(crate) Device);

/// The `User-Agent` header, if it is ASCII text.
pub(crate) struct UserAgent(pub(crate) Option<String>);

impl UserAgent {
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        Self(agent.map(str::to_owned))
    }
}

/// Any caller. `actor` is set if the request carries a valid user token.
pub(crate) struct OptionalUser {
    pub(crate) actor: Option<Actor>,
    pub(crate) origin: RequestMetadata,
}

/// A user with a live session.
pub(crate) struct Authenticated(pub(crate) Actor);

/// A user, or the holder of a key of a kind that the operation accepts.
pub(crate) struct Caller(pub(crate) Actor);

impl FromRequest for Anonymous {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(RequestContext::of(request).map(|visit| Self(visit.origin)))
    }
}

impl FromRequest for RequestDevice {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let UserAgent(agent) = UserAgent::of(request);
        ready(RequestContext::of(request).map(|visit| Self(Device::seen(agent.as_deref(), visit.origin.address))))
    }
}

impl FromRequest for UserAgent {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

impl FromRequest for OptionalUser {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(RequestContext::of(request).and_then(|visit| match visit.actor() {
            Some(actor) if actor.user().is_none() => Err(Code::UserTokenRequired.into()),
            actor => Ok(Self { actor, origin: visit.origin }),
        }))
    }
}

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(RequestContext::actor_of(request).and_then(|actor| match actor.principal {
            Principal::User { .. } => Ok(Self(actor)),
            Principal::Application { .. } | Principal::OrganizationKey { .. } => Err(Code::UserTokenRequired.into()),
        }))
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(RequestContext::actor_of(request).map(Self))
    }
}
