//! Leaked keys: the search for keys in text, and reports of found ones.

mod finder;
pub(crate) mod model;
mod report_leaked_keys;

pub use finder::{FoundText, KeyFinder};
pub use model::{LeakReport, LeakSource, LeakUrl, LeakUrlError, LeakedKeys, LeakedKeysError, OrganizationOwner};
pub use report_leaked_keys::ReportLeakedKeys;
