//! Extractors: caller, body, identifiers, pages, preconditions, cookies.

mod caller;
mod conditional;
pub(crate) mod cookies;
pub(crate) mod fetch_metadata;
mod form;
pub(crate) mod json;
mod page;
mod path;
mod query;
mod unread_payload;

pub(crate) use caller::{Anonymous, Authenticated, Caller, OptionalUser, RequestContext, RequestDevice, UserAgent};
pub(crate) use conditional::{ChangeConditions, IfChanged, IfUnchanged, ReadConditions, etag};
pub(crate) use form::{Form, form_of};
pub(crate) use json::{
    Body, CheckedBody, OptionalBody, Request, ResourceBody,
    fields::{FieldResult, Fields, Member, Patch, RequestValue, ValueError},
    limits,
    request::{About, RequestField, nullable, request, values},
    values::{Members, boolean, distinct, integer, list, object, text},
};
pub(crate) use page::{Kind, List, PageParameters, PageQuery, page_limit};
pub(crate) use path::{ADDRESS, PathAddress, PathId, PathUser};
pub(crate) use query::{pairs, single_value};
pub(crate) use unread_payload::UnreadPayload;
