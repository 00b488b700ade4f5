//! The deletion of old rows.

use std::{fmt, sync::Arc};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};
use tessera_adapters::DeletedRows;

use super::text::counters;

#[derive(Debug)]
pub(super) struct RetentionCollector(pub(super) Arc<DeletedRows>);

impl Collector for RetentionCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let tables = self.0.tables().map(|(table, rows)| ([("table", table)], rows));
        counters(&mut encoder, "tessera_pruned_rows", "Rows that were deleted because of their age.", tables)
    }
}
