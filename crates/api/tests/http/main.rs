//! Tests of the HTTP edge from outside, with domains that run on fakes.

mod accounts;
mod any_input;
mod bodies;
mod branding;
mod client_address;
mod compression;
mod connections;
mod cors;
mod credentials;
mod documents;
mod faults;
mod full_limits;
mod headers;
mod key_formats;
mod leaked_keys;
mod limits;
mod lists;
mod operations;
mod pages;
mod passwords;
mod paths;
mod read_only;
mod sso;
mod sso_limits;
mod support;
mod tokens;
