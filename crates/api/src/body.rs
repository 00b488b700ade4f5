//! JSON bodies, read strictly: I-JSON (RFC 7493), bounded, and with every fault named.

mod compact;
mod document;
mod faults;
mod fields;
mod form;
mod media;
mod read;
mod unread;
mod values;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::{FutureExt, future::LocalBoxFuture};

use crate::problem::{Code, Problem};

pub use faults::FaultCode;
pub(crate) use faults::{Fault, Flaw};
pub(crate) use fields::{Fields, Reading, Reason};
pub(crate) use form::{Form, form_of};
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
        let head = media::check(request).and_then(|()| read::declared_length(request));
        let unread = Unread::of(request);
        async move {
            head?;
            let bytes = read::whole(&unread).await?;
            parse(&bytes).map(Self)
        }
        .boxed_local()
    }
}

/// Reads a request from the bytes of a body.
fn parse<T: Request>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::new(Code::MalformedJson).detail("the body is not text in UTF-8"))?;
    let mut faults = Faults::default();
    let document = document::parse(text, &mut faults)?;
    let request = document.as_object().and_then(|object| {
        let mut fields = Fields::new(text, object, &mut faults);
        let request = T::read(&mut fields);
        fields.finish();
        request
    });
    if !document.is_object() {
        faults.add(String::new(), FaultCode::InvalidType, "must be an object");
    }
    let faults = faults.into_vec();
    match request {
        Some(request) if faults.is_empty() => Ok(request),
        _ => Err(Problem::new(Code::InvalidBody).faults(faults)),
    }
}
