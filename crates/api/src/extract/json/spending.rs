//! Bodies that use something up, whatever else is wrong with them.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::{FutureExt, future::LocalBoxFuture};

use crate::{
    extract::json::{Request, fields::Fields, invalid, read_fields, whole_of},
    problem::Problem,
};

/// A request that names something which serves once: a nonce, a code.
pub(crate) trait Spends: Request {
    /// What names it.
    type Token;

    /// Reads the name alone, whatever faults the other fields have. `None` when it can't be read itself.
    fn token(fields: &mut Fields<'_>) -> Option<Self::Token>;
}

/// The body of such a request. Somebody who may send it again without its faults must not have another try.
pub(crate) struct Spending<T: Spends>(Result<T, Spoilt<T::Token>>);

/// A body with faults, and what it names all the same.
struct Spoilt<Token> {
    token: Option<Token>,
    problem: Problem,
}

impl<T: Spends> Spending<T> {
    /// The request. One with faults is refused for them once what it names was used up.
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

/// The outer error is of a body that holds nothing which could be read.
fn parse<T: Spends>(bytes: &[u8]) -> Result<Result<T, Spoilt<T::Token>>, Problem> {
    let (read, faults) = read_fields(bytes, |fields| (T::read(fields), T::token(fields)))?;
    Ok(match read {
        Some((Some(request), _)) if faults.is_empty() => Ok(request),
        read => Err(Spoilt { token: read.and_then(|(_, token)| token), problem: invalid(faults) }),
    })
}
