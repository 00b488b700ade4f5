//! What an application attaches to an item, and only it understands.

use tessera_kernel::Document;

/// A JSON object in compact form, up to 16 KiB.
pub type Metadata = Document<{ 16 * 1024 }>;
