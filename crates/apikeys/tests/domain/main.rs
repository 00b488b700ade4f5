//! Tests of API keys, on fakes. One binary, because each further one costs a link.

mod edit;
mod finder;
mod generate;
mod leaks;
mod limits;
mod list_and_revoke;
mod managed;
mod organization_keys;
mod raw_key;
mod rotate;
mod usage;
mod values;
mod verify;
