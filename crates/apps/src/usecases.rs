//! Use cases, one per file.

mod clear_deleted_applications;
pub(crate) mod create_application;
mod delete_application;
pub(crate) mod update_application;
mod view;
