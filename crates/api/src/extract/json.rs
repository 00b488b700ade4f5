//! Strict parsing of JSON bodies: I-JSON (RFC 7493) with size limits. Every field error is reported.

mod compact;
mod document;
pub(crate) mod fields;
pub(crate) mod limits;
pub(crate) mod media;
pub(crate) mod read;
pub(crate) mod request;
pub(crate) mod values;

use std::{future::ready, marker::PhantomData};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{CONTENT_LENGTH, TRANSFER_ENCODING},
    web::Data,
};
use futures_util::{FutureExt, future::LocalBoxFuture};
use time::OffsetDateTime;
use utoipa::{
    PartialSchema,
    openapi::{RefOr, Schema},
};

use crate::{
    problem::{Code, FieldErrorCode, FieldErrors, Problem},
    state::AppState,
};

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

/// A parsed request body of an operation that writes no resource.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: Request + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let body = body_of(request, Vec::new);
        async move { body.await.map(Self) }.boxed_local()
    }
}

/// A request body that may be absent. Then it is read like an object without members.
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: Request + 'static> FromRequest for OptionalBody<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let declared = headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
        if declared || headers.contains_key(TRANSFER_ENCODING) {
            let body = body_of(request, Vec::new);
            return async move { body.await.map(Self) }.boxed_local();
        }
        let state = request.app_data::<Data<AppState>>();
        let at = state.map_or(OffsetDateTime::UNIX_EPOCH, |state| state.services.system.now());
        ready(parse(b"{}", at, Vec::new).map(Self)).boxed_local()
    }
}

/// A parsed request body of an operation that writes a resource with the view `R`. A field of the view that the request
/// does not have is rejected as `read_only`.
pub(crate) struct ResourceBody<T, R>(pub(crate) T, pub(crate) PhantomData<R>);

impl<T: Request + 'static, R: PartialSchema + 'static> FromRequest for ResourceBody<T, R> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let body = body_of(request, members::<R>);
        async move { Ok(Self(body.await?, PhantomData)) }.boxed_local()
    }
}

/// A request body like [`ResourceBody`], of an operation that finds further field errors in storage.
pub(crate) struct CheckedBody<T, R> {
    bytes: ReadBody,
    at: OffsetDateTime,
    kind: PhantomData<(T, R)>,
}

impl<T: Request + 'static, R: 'static> FromRequest for CheckedBody<T, R> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let bytes = bytes_of::<T>(request);
        async move { bytes.await.map(|(bytes, at)| Self { bytes, at, kind: PhantomData }) }.boxed_local()
    }
}

impl<T: Request, R: PartialSchema> CheckedBody<T, R> {
    pub(crate) fn parse(&self) -> Result<T, Problem> {
        parse(&self.bytes, self.at, members::<R>)
    }

    /// Adds the field errors that storage finds in the fields of `P`, unless one of these fields has an error that was found
    /// without storage. Other errors of the check are ignored.
    pub(crate) async fn complete<P: Request, E: Into<Problem>>(
        &self,
        problem: Problem,
        check: impl AsyncFnOnce(P) -> Result<(), E>,
    ) -> Problem {
        if problem.code() != Code::InvalidBody {
            return problem;
        }
        let Ok(part) = parse(&self.bytes, self.at, Vec::new) else { return problem };
        match check(part).await {
            Ok(()) => problem,
            Err(error) => problem.with_faults_of(error.into()),
        }
    }
}

/// The names of the members of a view.
fn members<R: PartialSchema>() -> Vec<String> {
    match R::schema() {
        RefOr::T(Schema::Object(view)) => view.properties.into_keys().collect(),
        RefOr::T(_) | RefOr::Ref(_) => Vec::new(),
    }
}

/// Reads and parses the body. `members` returns the fields of the resource that the operation writes.
fn body_of<T: Request>(
    request: &HttpRequest,
    members: fn() -> Vec<String>,
) -> impl Future<Output = Result<T, Problem>> + use<T> {
    let bytes = bytes_of::<T>(request);
    async move {
        let (bytes, at) = bytes.await?;
        parse(&bytes, at, members)
    }
}

/// Reads the body, and returns it with the time at which it arrived.
fn bytes_of<T: Request>(
    request: &HttpRequest,
) -> impl Future<Output = Result<(ReadBody, OffsetDateTime), Problem>> + use<T> {
    let head = media::check(request).and_then(|()| read::declared_length(request, T::MAX_BYTES));
    let reader = Reader::of(request, T::MAX_BYTES);
    let state = request.app_data::<Data<AppState>>();
    let at = state.map(|state| state.services.system.now());
    async move {
        head?;
        let at = at.ok_or_else(|| Problem::new(Code::Internal).caused_by("the application has no state"))?;
        Ok((reader.read_body().await?, at))
    }
}

fn parse<T: Request>(bytes: &[u8], at: OffsetDateTime, members: fn() -> Vec<String>) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::new(Code::MalformedJson).detail("the body is not text in UTF-8; encode it in UTF-8"))?;
    let mut faults = FieldErrors::default();
    let document = document::parse(text, &mut faults)?;
    let request = document.as_object().and_then(|object| {
        let mut fields = Fields::new(text, object, &mut faults, at);
        let request = T::read(&mut fields);
        fields.finish(members);
        request
    });
    if !document.is_object() {
        faults.add(String::new(), FieldErrorCode::InvalidType, "must be an object");
    }
    let faults = faults.into_vec();
    request.filter(|_| faults.is_empty()).ok_or_else(|| Problem::new(Code::InvalidBody).faults(faults))
}
