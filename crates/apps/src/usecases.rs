//! Use cases, one per file.

pub(crate) mod clear_deleted_applications;
pub(crate) mod create_application;
pub(crate) mod delete_application;
pub(crate) mod update_application;
pub(crate) mod view;
