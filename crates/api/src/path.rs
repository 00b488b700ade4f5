//! Identifiers in paths.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use tessera_identity::model::WalletAddress;
use tessera_kernel::{ApiKeyId, ApplicationId, IdError, OrganizationId, UserId};

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
