//! The problem of a path without a route. It names a close path, if there is one.

use actix_web::dev::ServiceRequest;
use strsim::osa_distance;

use crate::{
    middleware::base_path,
    problem::{Code, Problem},
    state::AppState,
};

/// The maximum length of a path that is compared with the routes and repeated in the detail, in bytes.
const MAX_PATH: usize = 256;

/// The maximum number of typing errors in a path.
const MAX_DISTANCE: usize = 2;

/// Prefixes that clients forget.
const MISSING: [&[&str]; 3] = [&[], &["api"], &["api", "v1"]];

pub(crate) fn no_route(state: &AppState, request: &ServiceRequest) -> Problem {
    let (method, path) = (request.method(), request.uri().path());
    let base = state.services.public_url.path();
    if path.len() > MAX_PATH {
        return Code::RouteNotFound.into();
    }
    let hint = match closest(state.routes.patterns(), base_path::relative(base, path)) {
        Some(close) => format!("did you mean {base}{close}?"),
        None => format!("{base}/docs lists all endpoints"),
    };
    Problem::new(Code::RouteNotFound).detail(format!("no endpoint matches {method} {path}; {hint}"))
}

/// Returns the closest path with at most two typing errors. Of equally close paths, one with fewer parameters is closer.
fn closest<'a>(patterns: impl Iterator<Item = &'a str>, path: &str) -> Option<String> {
    let given: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let spellings: Vec<Vec<&str>> = spellings(&given).collect();
    let candidates = patterns.flat_map(|pattern| spellings.iter().filter_map(|given| filled(pattern, given)));
    candidates.min_by_key(|candidate| candidate.rank).map(|candidate| candidate.path)
}

/// The segments as given, and with a missing prefix. `/api/orgs` lacks only `v1`.
fn spellings<'a>(given: &'a [&'a str]) -> impl Iterator<Item = Vec<&'a str>> {
    let rest = if given.first() == Some(&"api") { &given[1..] } else { given };
    MISSING.into_iter().map(move |missing| if missing.is_empty() { given.to_vec() } else { [missing, rest].concat() })
}

struct Candidate {
    path: String,
    /// Number of typing errors, then number of parameters.
    rank: (usize, usize),
}

/// The pattern with the given values of its parameters, if the other segments are close to the given ones.
fn filled(pattern: &str, given: &[&str]) -> Option<Candidate> {
    let pattern: Vec<&str> = pattern.split('/').filter(|segment| !segment.is_empty()).collect();
    if pattern.len() != given.len() {
        return None;
    }
    let mut candidate = Candidate { path: String::new(), rank: (0, 0) };
    for (&expected, &value) in pattern.iter().zip(given) {
        candidate.path.push('/');
        if expected.starts_with('{') {
            candidate.rank.1 += 1;
            candidate.path.push_str(value);
        } else {
            candidate.rank.0 += distance(expected, value);
            candidate.path.push_str(expected);
        }
        if candidate.rank.0 > MAX_DISTANCE {
            return None;
        }
    }
    Some(candidate)
}

/// The number of typing errors. A short segment must not become another one: `me` is not close to `apps`.
fn distance(expected: &str, value: &str) -> usize {
    if expected.len().abs_diff(value.len()) > MAX_DISTANCE {
        return MAX_DISTANCE + 1;
    }
    let errors = osa_distance(expected, &value.to_ascii_lowercase());
    if errors > expected.len() / 2 { MAX_DISTANCE + 1 } else { errors }
}

#[cfg(test)]
mod tests {
    use super::closest;

    const PATTERNS: [&str; 7] = [
        "/api/v1/users/me",
        "/api/v1/users/{userId}/custom-data",
        "/api/v1/orgs",
        "/api/v1/orgs/{orgId}",
        "/api/v1/orgs/{orgId}/members",
        "/api/v1/auth/login",
        "/health/live",
    ];

    #[test]
    fn a_close_path_is_found() {
        for (path, close) in [
            ("/api/v1/orgs/", "/api/v1/orgs"),
            ("//api//v1/orgs", "/api/v1/orgs"),
            ("/v1/orgs", "/api/v1/orgs"),
            ("/api/orgs", "/api/v1/orgs"),
            ("/orgs", "/api/v1/orgs"),
            ("/api/v2/orgs", "/api/v1/orgs"),
            ("/API/v1/Orgs", "/api/v1/orgs"),
            ("/api/v1/user/me", "/api/v1/users/me"),
            ("/users/me/", "/api/v1/users/me"),
            ("/api/v1/org/7/member", "/api/v1/orgs/7/members"),
            ("/api/v1/auth/lgoin", "/api/v1/auth/login"),
            ("/api/v1/user/me/custom_data", "/api/v1/users/me/custom-data"),
            ("/health/life", "/health/live"),
        ] {
            assert_eq!(closest(PATTERNS.into_iter(), path).as_deref(), Some(close), "{path}");
        }
    }

    #[test]
    fn another_path_is_not_close() {
        for path in ["/", "/api", "/api/v1/", "/metrics", "/api/v1/me", "/api/v1/auth/register", "/api/v1/auth%2Flogin"]
        {
            assert_eq!(closest(PATTERNS.into_iter(), path), None, "{path}");
        }
    }
}
