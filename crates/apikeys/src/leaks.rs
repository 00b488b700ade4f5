//! Leaked keys: the search for keys in text.

mod finder;

pub use finder::{FoundText, KeyFinder};
