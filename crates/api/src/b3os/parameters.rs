//! Parameters of the B3OS API: the current organization, ids and slices.

use std::{
    future::{Ready, ready},
    str::FromStr,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::HeaderName};
use tessera_apikeys::{
    ApiKeys,
    ports::{OffsetError, SliceOffset, SliceRequest},
};
use tessera_kernel::{Actor, IdError, OrganizationId};
use utoipa::IntoParams;

use crate::{
    extract::{Caller, page_limit, pairs, single_value},
    problem::{Code, Problem},
};

pub(crate) const X_ORG_ID: HeaderName = HeaderName::from_static("x-org-id");

/// Describes the header that names the organization in the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "it is only described; OrganizationCaller reads the header")]
pub(super) struct OrganizationHeader {
    /// The id of the organization. Required for an access token whose user belongs to several organizations. The
    /// organization of a key is fixed.
    #[param(rename = "X-Org-ID", format = Uuid, nullable = false)]
    organization: Option<String>,
}

/// The caller and the organization that the request names.
pub(super) struct OrganizationCaller {
    pub(super) actor: Actor,
    stated: Option<OrganizationId>,
}

impl OrganizationCaller {
    /// The current organization.
    pub(super) async fn organization(&self, api_keys: &ApiKeys) -> Result<OrganizationId, Problem> {
        Ok(api_keys.current_organization(&self.actor, self.stated).await?)
    }

    /// The id of the request that the client sees.
    pub(super) fn request_id(&self) -> &str {
        self.actor.origin.shown_request_id()
    }
}

impl FromRequest for OrganizationCaller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload).into_inner();
        ready(caller.and_then(|Caller(actor)| Ok(Self { actor, stated: stated(request)? })))
    }
}

fn stated(request: &HttpRequest) -> Result<Option<OrganizationId>, Problem> {
    let mut values = request.headers().get_all(X_ORG_ID);
    let Some(value) = values.next() else { return Ok(None) };
    let id = value.to_str().map_err(|_| IdError).and_then(|text| text.trim_matches([' ', '\t']).parse());
    let invalid =
        |fault: String| Problem::new(Code::InvalidOrganization).detail(format!("the header X-Org-ID {fault}"));
    if values.next().is_some() {
        return Err(invalid("occurs more than once; name one organization".to_owned()));
    }
    id.map(Some).map_err(|error| invalid(error.to_string()))
}

/// The name of the only path parameter of the B3OS API.
pub(crate) const ID: &str = "id";

/// An identifier in the path. An invalid one is rejected with 400.
pub(super) struct Id<T>(pub(super) T);

impl<T: FromStr<Err = IdError>> FromRequest for Id<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = request.match_info().get(ID).unwrap_or_default().parse();
        let invalid = |error| Problem::new(Code::InvalidPath).detail(format!("the path parameter {ID} {error}"));
        ready(id.map(Self).map_err(invalid))
    }
}

/// Describes the query parameters of a list in the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described; SliceQuery reads the query")]
pub(super) struct SliceParameters {
    /// The maximum number of entries, 1 to 200. 50 by default.
    #[param(minimum = 1, maximum = 200, default = 50, nullable = false)]
    limit: Option<u16>,
    /// The number of entries to skip, 0 to 100000. 0 by default.
    #[param(minimum = 0, maximum = 100_000, default = 0, nullable = false)]
    offset: Option<u32>,
}

/// The requested slice of a list.
pub(super) struct SliceQuery(pub(super) SliceRequest);

impl FromRequest for SliceQuery {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(slice(request.query_string()).map(Self))
    }
}

fn slice(query: &str) -> Result<SliceRequest, Problem> {
    let pairs = pairs(query)?;
    let limit = single_value(&pairs, "limit")?.map(page_limit).transpose()?.unwrap_or_default();
    let offset = single_value(&pairs, "offset")?.map(offset).transpose()?.unwrap_or_default();
    Ok(SliceRequest { limit, offset })
}

fn offset(text: &str) -> Result<SliceOffset, Problem> {
    // Stricter than the parser, which accepts a sign and leading zeros.
    let plain = (text == "0" || !text.starts_with('0')) && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse::<u32>().ok().filter(|_| plain);
    let offset = number.ok_or(OffsetError).and_then(SliceOffset::try_from);
    offset.map_err(|error| Problem::new(Code::InvalidQuery).detail(format!("the query parameter offset {error}")))
}
