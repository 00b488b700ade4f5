//! The settings.

use std::sync::Arc;

use super::{Context, Finding};

/// Without valid settings there is no context, and the command reports what is wrong with them.
pub(super) async fn check(_: Arc<Context>) -> Finding {
    Finding::ok("the settings are valid")
}
