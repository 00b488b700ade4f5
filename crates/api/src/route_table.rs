//! Which paths there are, which methods they take, and who may call them: read from the OpenAPI document, so that the two
//! agree.

use actix_web::{dev::ResourceDef, http::Method};
use utoipa::openapi::{OpenApi, PathItem, path::Operation, security::SecurityRequirement};

use crate::{
    openapi::complete::API_KEY,
    problem::{Code, Problem},
};

const NO_SCOPES: [&str; 0] = [];

/// Whom an operation serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anyone; credentials are not looked at.
    Public,
    /// Anyone; users who show their credential are known.
    MaybeUser,
    /// Users.
    User,
    /// Users, and applications by one of their keys.
    Caller,
}

/// Every path of the service.
pub(crate) struct RouteTable(Vec<Route>);

/// What the document says of a GET that changes something (RFC 9110 section 9.2.1): `false`. Where it says nothing, it is true.
const SAFE: &str = "x-safe";

/// One path.
pub(crate) struct Route {
    pattern: String,
    definition: ResourceDef,
    methods: Vec<(Method, Access)>,
    /// Whether a HEAD is served as a GET is: whoever only looks must begin nothing.
    head: bool,
}

impl RouteTable {
    /// The operations of the document, and the pages, which are no operations.
    pub(crate) fn new(document: &OpenApi, pages: Vec<(&str, Vec<Method>)>) -> Self {
        let operations = document.paths.paths.iter().map(|(path, item)| Route::of(path, item));
        let public = |methods: Vec<Method>| methods.into_iter().map(|method| (method, Access::Public)).collect();
        let pages = pages.into_iter().map(|(path, methods)| Route::new(path, public(methods)));
        Self(operations.chain(pages).collect())
    }

    /// The route of a path, decoded as the router decodes it: another spelling must not be another door.
    pub(crate) fn find(&self, path: &str) -> Option<&Route> {
        // Most requests go to a path without parameters, and need no pattern matched to tell.
        let exact = self.0.iter().find(|route| route.pattern == path);
        exact.or_else(|| self.0.iter().find(|route| route.definition.is_match(path)))
    }
}

impl Route {
    fn new(pattern: &str, methods: Vec<(Method, Access)>) -> Self {
        let head = methods.iter().any(|(method, _)| method == Method::GET);
        Self { pattern: pattern.to_owned(), definition: ResourceDef::new(pattern), methods, head }
    }

    fn of(pattern: &str, item: &PathItem) -> Self {
        let route = Self::new(pattern, methods(item));
        Self { head: route.head && item.get.as_ref().is_none_or(is_safe), ..route }
    }

    /// Whether a HEAD is served as a GET is.
    pub(crate) const fn takes_head(&self) -> bool {
        self.head
    }

    /// The path with its parameters by name: what may be logged.
    pub(crate) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Whom the operation serves, if the path takes the method.
    pub(crate) fn access(&self, method: &Method) -> Result<Access, Problem> {
        let known = self.methods.iter().find(|(known, _)| known == method);
        known.map(|(_, access)| *access).ok_or_else(|| Problem::new(Code::MethodNotAllowed).allow(self.allowed()))
    }

    fn allowed(&self) -> String {
        let names = self.methods.iter().map(|(method, _)| method.as_str());
        names.chain(self.head.then_some("HEAD")).collect::<Vec<_>>().join(", ")
    }
}

fn methods(item: &PathItem) -> Vec<(Method, Access)> {
    let operations = [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::PATCH, &item.patch),
    ];
    let known = |(method, operation): (Method, &Option<Operation>)| {
        operation.as_ref().map(|operation| (method, access(operation)))
    };
    operations.into_iter().filter_map(known).collect()
}

fn is_safe(operation: &Operation) -> bool {
    let said = operation.extensions.as_ref().and_then(|extensions| extensions.get(SAFE));
    said.is_none_or(|said| said != false)
}

fn access(operation: &Operation) -> Access {
    let ways = operation.security.as_deref().unwrap_or_default();
    match ways {
        [] => Access::Public,
        // The empty way asks for nothing, so the others need not be taken.
        ways if ways.contains(&SecurityRequirement::default()) => Access::MaybeUser,
        ways if ways.contains(&SecurityRequirement::new(API_KEY, NO_SCOPES)) => Access::Caller,
        _ => Access::User,
    }
}
