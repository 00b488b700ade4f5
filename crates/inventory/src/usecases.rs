//! One verb, one file.

pub(crate) mod list_items;
pub(crate) mod put_item;
