//! The route table: paths, methods and access rules. It is derived from the OpenAPI document, so that the two agree.

use actix_web::{dev::ResourceDef, http::Method};
use utoipa::openapi::{OpenApi, PathItem, path::Operation, security::SecurityRequirement};

use crate::{
    openapi::{
        complete::{API_KEY, ORGANIZATION_KEY},
        extensions::{counts, is_safe},
        idempotency::takes_idempotency_key,
    },
    problem::{Code, Problem},
};

const NO_SCOPES: [&str; 0] = [];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Any caller. Credentials are not read.
    Public,
    /// Any caller. User tokens are optional.
    OptionalUser,
    /// Users.
    User,
    /// Users, and keys of organizations.
    OrganizationKey,
    /// Users, and keys of organizations and applications.
    Caller,
}

/// What applies to a method of a path before its handler runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) access: Access,
    /// Whether its requests count in the limit `requests`.
    pub(crate) counts: bool,
    /// Whether an `Idempotency-Key` applies.
    pub(crate) takes_key: bool,
}

/// All paths of the service.
pub(crate) struct RouteTable(Vec<Route>);

pub(crate) struct Route {
    position: usize,
    pattern: String,
    definition: ResourceDef,
    methods: Vec<(Method, Rule)>,
    /// Whether HEAD is handled as GET. A HEAD must not start anything, so it is excluded where GET changes state.
    head: bool,
}

impl RouteTable {
    /// Builds the table from the operations of the document, and from the pages, which are not operations.
    pub(crate) fn new(document: &OpenApi, pages: Vec<(&str, Vec<Method>)>) -> Self {
        let operations = document.paths.paths.iter().map(|(path, item)| Route::of(path, item));
        let public = |methods: Vec<Method>| {
            methods
                .into_iter()
                .map(|method| (method, Rule { access: Access::Public, counts: true, takes_key: false }))
                .collect()
        };
        let pages = pages.into_iter().map(|(path, methods)| Route::new(path, public(methods)));
        let placed = |(position, route)| Route { position, ..route };
        Self(operations.chain(pages).enumerate().map(placed).collect())
    }

    /// Finds the route of a path. The path is decoded exactly as in the router, so that a different spelling cannot
    /// bypass an access rule.
    pub(crate) fn find(&self, path: &str) -> Option<&Route> {
        // Most requests use a path without parameters, which needs no pattern matching.
        let exact = self.0.iter().find(|route| route.pattern == path);
        exact.or_else(|| self.0.iter().find(|route| route.definition.is_match(path)))
    }

    /// The paths of all routes, with parameter names in braces.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Route::pattern)
    }
}

impl Route {
    fn new(pattern: &str, methods: Vec<(Method, Rule)>) -> Self {
        let head = methods.iter().any(|(method, _)| method == Method::GET);
        Self { position: 0, pattern: pattern.to_owned(), definition: ResourceDef::new(pattern), methods, head }
    }

    fn of(pattern: &str, item: &PathItem) -> Self {
        let route = Self::new(pattern, methods(item));
        Self { head: route.head && item.get.as_ref().is_none_or(is_safe), ..route }
    }

    /// The position in the table.
    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    /// Returns whether HEAD is handled as GET.
    pub(crate) const fn takes_head(&self) -> bool {
        self.head
    }

    /// The path with parameter names instead of values. It is safe to log.
    pub(crate) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// Returns the rule of a method. Fails if the path does not accept the method.
    pub(crate) fn rule(&self, method: &Method) -> Result<Rule, Problem> {
        let known = self.methods.iter().find(|(known, _)| known == method);
        known.map(|(_, rule)| *rule).ok_or_else(|| {
            let allowed = self.allowed();
            let detail = format!("this path does not support this method; it supports {allowed}");
            Problem::new(Code::MethodNotAllowed).detail(detail).allow(allowed)
        })
    }

    fn allowed(&self) -> String {
        let names = self.methods.iter().map(|(method, _)| method.as_str());
        names.chain(self.head.then_some("HEAD")).collect::<Vec<_>>().join(", ")
    }
}

fn methods(item: &PathItem) -> Vec<(Method, Rule)> {
    let operations = [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::DELETE, &item.delete),
        (Method::PATCH, &item.patch),
    ];
    let known = |(method, operation): (Method, &Option<Operation>)| {
        let operation = operation.as_ref()?;
        let rule =
            Rule { access: access(operation), counts: counts(operation), takes_key: takes_idempotency_key(operation) };
        Some((method, rule))
    };
    operations.into_iter().filter_map(known).collect()
}

fn access(operation: &Operation) -> Access {
    let ways = operation.security.as_deref().unwrap_or_default();
    match ways {
        [] => Access::Public,
        // An empty requirement makes credentials optional.
        ways if ways.contains(&SecurityRequirement::default()) => Access::OptionalUser,
        ways if ways.contains(&SecurityRequirement::new(API_KEY, NO_SCOPES)) => Access::Caller,
        ways if ways.contains(&SecurityRequirement::new(ORGANIZATION_KEY, NO_SCOPES)) => Access::OrganizationKey,
        _ => Access::User,
    }
}
