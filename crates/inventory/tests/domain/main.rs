//! Tests of inventories, on fakes. One binary, because each further one costs a link.

mod list_items;
mod put_item;
mod values;
