//! Use cases, one per file.

mod list_items;
pub(crate) mod put_item;
