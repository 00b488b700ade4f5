//! What mails say.

mod names;
mod notices;
mod organizations;
mod reset;
mod text;

pub use text::AskamaLetters;
