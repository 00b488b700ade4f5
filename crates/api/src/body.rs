//! JSON bodies, read strictly: I-JSON (RFC 7493), bounded, and with every fault named.

mod compact;
mod document;
mod faults;
mod fields;
mod form;
mod media;
mod read;
mod spending;
mod unread;
mod values;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Bytes};
use futures_util::{FutureExt, future::LocalBoxFuture};

use crate::problem::{Code, Problem};

pub use faults::FaultCode;
pub(crate) use faults::{Fault, Flaw};
pub(crate) use fields::{Fields, Reading, Reason};
pub(crate) use form::{Form, form_of};
pub(crate) use spending::{Spending, Spends};
pub(crate) use unread::Unread;
pub(crate) use values::{boolean, list, text, whole};

use faults::Faults;

/// The largest body, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// What a body must hold to be a request.
pub(crate) trait Request: Sized {
    /// Reads the fields. `None` when one that is needed has a fault, which `fields` then knows of.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;
}

/// The body of a request, parsed.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: Request + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let body = whole_of(request);
        async move { parse(&body.await?).map(Self) }.boxed_local()
    }
}

/// The bytes of a body that says it is JSON.
fn whole_of(request: &HttpRequest) -> impl Future<Output = Result<Bytes, Problem>> + use<> {
    let head = media::check(request).and_then(|()| read::declared_length(request));
    let unread = Unread::of(request);
    async move {
        head?;
        read::whole(&unread).await
    }
}

/// Reads a request from the bytes of a body.
fn parse<T: Request>(bytes: &[u8]) -> Result<T, Problem> {
    let (request, faults) = read_fields(bytes, T::read)?;
    match request.flatten() {
        Some(request) if faults.is_empty() => Ok(request),
        _ => Err(invalid(faults)),
    }
}

/// What somebody reads of a body, and all faults of that. Nothing is read of what is no object.
fn read_fields<T>(bytes: &[u8], read: impl FnOnce(&mut Fields<'_>) -> T) -> Result<(Option<T>, Vec<Fault>), Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::new(Code::MalformedJson).detail("the body is not text in UTF-8"))?;
    let mut faults = Faults::default();
    let document = document::parse(text, &mut faults)?;
    let found = document.as_object().map(|object| {
        let mut fields = Fields::new(text, object, &mut faults);
        let found = read(&mut fields);
        fields.finish();
        found
    });
    if !document.is_object() {
        faults.add(String::new(), FaultCode::InvalidType, "must be an object");
    }
    Ok((found, faults.into_vec()))
}

fn invalid(faults: Vec<Fault>) -> Problem {
    Problem::new(Code::InvalidBody).faults(faults)
}
