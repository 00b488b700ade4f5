//! Data that an application attaches to an item. The service does not interpret it.

use tessera_kernel::Document;

/// A JSON object in compact form, up to 16 KiB.
pub type Metadata = Document<{ 16 * 1024 }>;
