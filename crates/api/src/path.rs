//! Identifiers in paths.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use tessera_kernel::{ApiKeyId, ApplicationId, IdError, InvitationId, OrganizationId, UserId};

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
