//! What the edge found out about a request, and the types by which handlers ask for it.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header::USER_AGENT};
use tessera_identity::model::Client;
use tessera_kernel::{Actor, Origin, Principal};

use crate::problem::{Code, Problem};

/// Kept with the request by the state.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) origin: Origin,
    pub(crate) principal: Option<Principal>,
}

impl Visit {
    /// A handler that the edge did not prepare for finds nobody and refuses: doors without a rule stay shut.
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        request.extensions().get::<Self>().cloned().ok_or_else(|| Code::AuthenticationRequired.into())
    }

    /// Who asks, unless it is a visitor.
    pub(crate) fn actor(&self) -> Option<Actor> {
        let principal = self.principal.clone()?;
        Some(Actor { principal, origin: self.origin.clone() })
    }

    fn actor_of(request: &HttpRequest) -> Result<Actor, Problem> {
        Self::of(request)?.actor().ok_or_else(|| Code::AuthenticationRequired.into())
    }
}

/// Anyone.
pub(crate) struct Visitor(pub(crate) Origin);

/// With what somebody comes.
pub(crate) struct SeenClient(pub(crate) Client);

impl SeenClient {
    /// What the request shows of it.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        Self(Client::seen(agent, request.peer_addr().map(|peer| peer.ip())))
    }
}

/// Anyone, and the user among them who showed their credential.
pub(crate) struct MaybeUser {
    pub(crate) actor: Option<Actor>,
    pub(crate) origin: Origin,
}

/// A user with a live session.
pub(crate) struct Authenticated(pub(crate) Actor);

/// A user, or an application by one of its keys.
pub(crate) struct Caller(pub(crate) Actor);

impl FromRequest for Visitor {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Visit::of(request).map(|visit| Self(visit.origin)))
    }
}

impl FromRequest for SeenClient {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

impl FromRequest for MaybeUser {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Visit::of(request).and_then(|visit| match visit.actor() {
            Some(Actor { principal: Principal::Application { .. }, .. }) => Err(Code::UserTokenRequired.into()),
            actor => Ok(Self { actor, origin: visit.origin }),
        }))
    }
}

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Visit::actor_of(request).and_then(|actor| match actor.principal {
            Principal::User { .. } => Ok(Self(actor)),
            Principal::Application { .. } => Err(Code::UserTokenRequired.into()),
        }))
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Visit::actor_of(request).map(Self))
    }
}
