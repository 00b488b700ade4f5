//! What the tests of the whole service share. No crate owns them, so they have a package of their own.

pub mod database;
