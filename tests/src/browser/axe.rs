//! Checks of accessibility with axe-core.

use serde_json::{Value, json};

use super::tab::{Tab, target};

/// Runs all rules of axe-core, and lists each violation with the elements that have it.
const RUN: &str = "axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations.flatMap( \
    ({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`)))";

impl Tab {
    /// The violations of the rules of axe-core on the page. There are no exceptions: the colors of Swagger UI that have
    /// too little contrast are replaced in `docs.css`.
    ///
    /// # Panics
    /// Panics if axe-core is not installed or does not run.
    pub async fn violations(&self) -> Value {
        let file = target().join("tools/axe/node_modules/axe-core/axe.min.js");
        let script = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}: run scripts/test, which installs it", file.display()));
        // Scripts of a page that was loaded without them are not run later.
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": false })).await;
        // The policy of a page blocks scripts of the page, but not those of the protocol.
        if self.evaluate("typeof axe").await == "undefined" {
            self.evaluate(&script).await;
        }
        let found = self.evaluate(RUN).await;
        assert!(found.is_array(), "axe-core does not run: {found}");
        found
    }
}
