//! The product name of an installation.

use crate::text_value;

text_value! {
    /// The name by which the users of an installation know it. Pages and mails show it.
    ProductName, single_line, 60;
}

impl Default for ProductName {
    fn default() -> Self {
        Self("Tessera".to_owned())
    }
}
