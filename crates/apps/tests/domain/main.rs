//! Tests of applications, on fakes. One binary, because each further one costs a link.

mod access;
mod create_application;
mod delete_application;
mod redirect_uri;
mod update_application;
mod view;
