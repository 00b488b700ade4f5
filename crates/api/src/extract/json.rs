//! Strict parsing of JSON bodies: I-JSON (RFC 7493) with size limits. Every field error is reported.

mod compact;
mod document;
pub(crate) mod fields;
pub(crate) mod limits;
mod media;
pub(crate) mod read;
pub(crate) mod spending;
pub(crate) mod values;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::{FutureExt, future::LocalBoxFuture};

use crate::problem::{Code, FieldError, FieldErrorCode, FieldErrors, Problem};

use fields::Fields;
use read::{ReadBody, Reader};

/// A request body that is parsed from JSON.
pub(crate) trait Request: Sized {
    /// The maximum size of the body in bytes. docs/api-design.md lists the operations that accept more than the
    /// default.
    const MAX_BYTES: usize = limits::DEFAULT;

    /// Reads the fields. Returns `None` if a required value has a field error, which is then recorded in `fields`.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;
}

/// A parsed request body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: Request + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let body = whole_of(request, T::MAX_BYTES);
        async move { parse(&body.await?).map(Self) }.boxed_local()
    }
}

/// Checks the headers and reads the bytes of a JSON body.
fn whole_of(request: &HttpRequest, limit: usize) -> impl Future<Output = Result<ReadBody, Problem>> + use<> {
    let head = media::check(request).and_then(|()| read::declared_length(request, limit));
    let reader = Reader::of(request, limit);
    async move {
        head?;
        reader.read_body().await
    }
}

fn parse<T: Request>(bytes: &[u8]) -> Result<T, Problem> {
    let (request, faults) = read_fields(bytes, T::read)?;
    match request.flatten() {
        Some(request) if faults.is_empty() => Ok(request),
        _ => Err(invalid(faults)),
    }
}

/// Parses the body and applies `read` to its fields. Returns the result with all field errors. `read` is not called if
/// the body is not an object.
fn read_fields<T>(
    bytes: &[u8],
    read: impl FnOnce(&mut Fields<'_>) -> T,
) -> Result<(Option<T>, Vec<FieldError>), Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::new(Code::MalformedJson).detail("the body is not text in UTF-8"))?;
    let mut faults = FieldErrors::default();
    let document = document::parse(text, &mut faults)?;
    let found = document.as_object().map(|object| {
        let mut fields = Fields::new(text, object, &mut faults);
        let found = read(&mut fields);
        fields.finish();
        found
    });
    if !document.is_object() {
        faults.add(String::new(), FieldErrorCode::InvalidType, "must be an object");
    }
    Ok((found, faults.into_vec()))
}

fn invalid(faults: Vec<FieldError>) -> Problem {
    Problem::new(Code::InvalidBody).faults(faults)
}
