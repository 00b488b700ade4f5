//! Bodies that carry a one-time token, which is consumed even if the rest of the body is invalid.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::{FutureExt, future::LocalBoxFuture};

use crate::{
    extract::json::{Request, fields::Fields, invalid, read_fields, whole_of},
    problem::Problem,
};

/// A request with a one-time token: a nonce, a code or a session id.
pub(crate) trait Spends: Request {
    /// The one-time token.
    type Token;

    /// Reads only the token. Errors of other fields do not matter. Returns `None` if the token itself is invalid.
    fn token(fields: &mut Fields<'_>) -> Option<Self::Token>;
}

/// The body of such a request. An invalid request also consumes its token, so that a client cannot retry with a
/// corrected request.
pub(crate) struct Spending<T: Spends>(Result<T, Spoilt<T::Token>>);

/// An invalid body and the one-time token that it carries.
struct Spoilt<Token> {
    token: Option<Token>,
    problem: Problem,
}

impl<T: Spends> Spending<T> {
    /// Returns the request. If the request is invalid, this consumes its token with `spend` and then returns the
    /// problem.
    pub(crate) async fn or_spend<E>(self, spend: impl AsyncFnOnce(T::Token) -> Result<(), E>) -> Result<T, Problem>
    where
        Problem: From<E>,
    {
        let Spoilt { token, problem } = match self.0 {
            Ok(request) => return Ok(request),
            Err(spoilt) => spoilt,
        };
        if let Some(token) = token {
            spend(token).await?;
        }
        Err(problem)
    }
}

impl<T: Spends + 'static> FromRequest for Spending<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let body = whole_of(request, T::MAX_BYTES);
        async move { parse(&body.await?).map(Self) }.boxed_local()
    }
}

/// The outer error means that the body has no readable fields.
fn parse<T: Spends>(bytes: &[u8]) -> Result<Result<T, Spoilt<T::Token>>, Problem> {
    let (read, faults) = read_fields(bytes, |fields| (T::read(fields), T::token(fields)))?;
    Ok(match read {
        Some((Some(request), _)) if faults.is_empty() => Ok(request),
        read => Err(Spoilt { token: read.and_then(|(_, token)| token), problem: invalid(faults) }),
    })
}
