//! Tests of the single sign-on domain, on fakes. One binary, because each further one costs a link.

mod audience;
mod exchange_token;
mod key_ring;
mod maintain_signing_keys;
mod never_issued;
mod sso_begin;
mod sso_flow;
mod sso_values;
