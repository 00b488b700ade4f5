//! Use cases, one per file.

pub(crate) mod list_items;
pub(crate) mod put_item;
