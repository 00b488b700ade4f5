//! Identifiers in paths.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use tessera_identity::model::WalletAddress;
use tessera_kernel::{Actor, ApiKeyId, ApplicationId, IdError, InvitationId, OrganizationId, SessionId, UserId};

use crate::problem::{Code, Problem};

/// An identifier that the path names. A bad one is 400 and says which.
pub(crate) struct PathId<T>(pub(crate) T);

/// The name that an identifier has in paths.
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

/// The user that the path names, by their id or as `me`.
pub(crate) enum PathUser {
    Me,
    Named(UserId),
}

impl PathUser {
    /// How the caller is called without an id.
    pub(crate) const ME: &str = "me";

    /// Who that is when this actor asks.
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
/// The address of a wallet that the path names. A text that is none is nobody's wallet.
pub(crate) struct PathAddress(pub(crate) Option<WalletAddress>);

impl FromRequest for PathAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let address = request.match_info().get(ADDRESS).and_then(|text| text.parse().ok());
        ready(Ok(Self(address)))
    }
}

/// The parameter that is no identifier.
pub(crate) const ADDRESS: &str = "address";
