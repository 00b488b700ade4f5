//! Tests of API keys, on fakes. One binary, because each further one costs a link.

mod finder;
mod generate;
mod leaks;
mod list_and_revoke;
mod organization_keys;
mod raw_key;
mod usage;
mod values;
mod verify;
