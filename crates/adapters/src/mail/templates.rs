//! Mail templates.

mod names;
mod notices;
mod organizations;
mod reset;
mod text;

pub use text::AskamaMails;
