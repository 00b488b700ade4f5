//! Mail templates.

mod names;
mod notices;
mod organizations;
mod reset;
mod text;
mod verification;

pub use text::AskamaMails;
