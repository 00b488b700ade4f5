//! Path parameters.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use tessera_kernel::{
    Actor, ApiKeyId, ApplicationId, IdError, InvitationId, OrganizationId, PasskeyId, SessionId, UserId, WalletAddress,
};

use crate::problem::{Code, Problem};

/// An identifier in the path. An invalid one is rejected with 400, and the problem names the parameter.
pub(crate) struct PathId<T>(pub(crate) T);

/// The name of the path parameter for a type of identifier.
pub(crate) trait Parameter: FromStr<Err = IdError> {
    const NAME: &'static str;
}

macro_rules! parameters {
    ($($id:ident $name:literal)+) => {$(
        impl Parameter for $id {
            const NAME: &'static str = $name;
        }
    )+};
}

parameters! {
    OrganizationId "orgId"
    UserId "userId"
    ApplicationId "appId"
    ApiKeyId "keyId"
    InvitationId "invitationId"
    SessionId "sessionId"
    PasskeyId "passkeyId"
}

impl<T: Parameter> FromRequest for PathId<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get(T::NAME).unwrap_or_default().parse();
        ready(id.map(Self).map_err(|error: IdError| {
            Problem::new(Code::InvalidPath).detail(format!("the path parameter {} {error}", T::NAME))
        }))
    }
}

/// The user in the path, either an id or `me`.
pub(crate) enum PathUser {
    Me,
    Named(UserId),
}

impl PathUser {
    /// The path segment that stands for the caller.
    pub(crate) const ME: &str = "me";

    /// Returns the user id. `me` is the user of `actor`.
    pub(crate) fn of(&self, actor: &Actor) -> Result<UserId, Problem> {
        match self {
            Self::Me => actor.user().ok_or_else(|| Code::UserTokenRequired.into()),
            Self::Named(id) => Ok(*id),
        }
    }
}

impl FromRequest for PathUser {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if request.match_info().get(UserId::NAME) == Some(Self::ME) {
            return ready(Ok(Self::Me));
        }
        ready(PathId::from_request(request, payload).into_inner().map(|PathId(id)| Self::Named(id)))
    }
}
/// A wallet address in the path. `None` if the text is not an address: no wallet matches it.
pub(crate) struct PathAddress(pub(crate) Option<WalletAddress>);

impl FromRequest for PathAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let address = request.match_info().get(ADDRESS).and_then(|text| text.parse().ok());
        ready(Ok(Self(address)))
    }
}

/// The only path parameter that is not an identifier.
pub(crate) const ADDRESS: &str = "address";
