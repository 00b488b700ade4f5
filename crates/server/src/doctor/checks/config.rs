//! The settings.

use crate::doctor::finding::Finding;

/// Without valid settings there is no context, and the command reports what is wrong with them.
pub(super) fn check() -> Finding {
    Finding::ok("the settings are valid")
}
