//! API keys of applications (`ask_…`).

pub(crate) mod generate;
mod list;
