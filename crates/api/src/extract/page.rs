//! Pagination of lists: `?limit=` and `?cursor=` in the request, an array and `Link` in the response.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header::LINK};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use tessera_kernel::{Actor, Limit, LimitError, Page, PageRequest};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{
    extract::query::{pairs, single_value},
    problem::{Code, Problem},
    public_url::{API_BASE, PublicUrl},
};

/// Describes the query parameters of a list in the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is only described; PageQuery reads the query")]
pub(crate) struct PageParameters {
    /// The maximum number of entries of the page, 1 to 200. 50 by default.
    #[param(minimum = 1, maximum = 200, default = 50, nullable = false)]
    limit: Option<u16>,
    /// The cursor from the `Link` header of the previous page. Absent for the first page.
    #[param(min_length = 28, max_length = 28, pattern = "^[A-Za-z0-9_-]{28}$", nullable = false)]
    cursor: Option<String>,
}

/// The lists of the API. The number identifies the list in its cursors.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Members = 1,
    Applications = 2,
    ApiKeys = 3,
    Items = 4,
    SystemData = 8,
    Invitations = 9,
    Sessions = 10,
    Organizations = 11,
    OwnInvitations = 12,
}

/// A list: its kind, its owner, and its path.
pub(crate) struct List {
    pub(crate) kind: Kind,
    pub(crate) owner: Uuid,
    pub(crate) path: String,
}

/// The query parameters of a list. The cursor is decoded later, when the list that it must belong to is known.
pub(crate) struct PageQuery {
    limit: Limit,
    cursor: Option<String>,
}

impl FromRequest for PageQuery {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::read(request.query_string()))
    }
}

impl PageQuery {
    fn read(query: &str) -> Result<Self, Problem> {
        let pairs = pairs(query)?;
        let limit = single_value(&pairs, "limit")?.map(page_limit).transpose()?.unwrap_or_default();
        Ok(Self { limit, cursor: single_value(&pairs, "cursor")?.map(str::to_owned) })
    }

    /// Returns the requested page. Fails if the cursor belongs to another list.
    pub(crate) fn of(&self, list: &List) -> Result<PageRequest, Problem> {
        let after = self.cursor.as_deref().map(|cursor| list.open(cursor).ok_or(Code::InvalidCursor)).transpose()?;
        Ok(PageRequest { limit: self.limit, after })
    }

    /// Returns the page as a response, with a `Link` to the next page.
    pub(crate) fn respond<T: Serialize>(&self, list: &List, page: &Page<T>, url: &PublicUrl) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        if let Some(last) = page.next {
            let List { path, .. } = list;
            let next = format!("{path}?limit={}&cursor={}", self.limit.get(), list.cursor(last));
            answer.insert_header((LINK, format!("<{}>; rel=\"next\"", url.join(&next))));
        }
        answer.json(&page.items)
    }
}

/// Reads the query parameter `limit` of a list.
pub(crate) fn page_limit(text: &str) -> Result<Limit, Problem> {
    // Stricter than the parser, which accepts a sign and leading zeros.
    let plain = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
    let number = text.parse::<u16>().ok().filter(|_| plain);
    let limit = number.ok_or(LimitError).and_then(Limit::try_from);
    limit.map_err(|error| Problem::new(Code::InvalidQuery).detail(format!("the query parameter limit {error}")))
}

/// Length of a cursor in bytes: kind of the list, last key of the page, checksum.
const CURSOR: usize = 1 + 16 + 4;

impl List {
    /// A list of the caller. `path` is the path of the operation below the base of the API.
    pub(crate) fn of_caller(kind: Kind, caller: &Actor, path: &str) -> Self {
        let owner = caller.user().map(|user| user.as_uuid()).unwrap_or_default();
        Self { kind, owner, path: format!("{API_BASE}{path}") }
    }

    fn cursor(&self, after: Uuid) -> String {
        let mut bytes = [0; CURSOR];
        bytes[0] = self.kind as u8;
        bytes[1..17].copy_from_slice(after.as_bytes());
        let checksum = self.checksum(&bytes[..17]);
        bytes[17..].copy_from_slice(&checksum);
        BASE64URL_NOPAD.encode(&bytes)
    }

    fn open(&self, cursor: &str) -> Option<Uuid> {
        let bytes: [u8; CURSOR] = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?.try_into().ok()?;
        let good = bytes[0] == self.kind as u8 && bytes[17..] == self.checksum(&bytes[..17]);
        if good { Uuid::from_slice(&bytes[1..17]).ok() } else { None }
    }

    /// The checksum covers the owner too, so that a cursor of one list is invalid in another. It is not a security
    /// control: permissions are checked for every page.
    fn checksum(&self, data: &[u8]) -> [u8; 4] {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(self.owner.as_bytes());
        hasher.update(data);
        hasher.finalize().to_be_bytes()
    }
}
