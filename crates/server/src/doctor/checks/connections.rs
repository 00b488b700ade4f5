//! The connections of all nodes, compared with those that PostgreSQL accepts.

use tessera_adapters::{ConnectionUse, Inspection};
use tessera_kernel::StoreError;

use crate::doctor::{context::Context, finding::Finding};

/// Connections of a node beside its pool: two that follow the revocations, and one at its start.
const BESIDE_POOL: u64 = 3;

pub(super) async fn check(context: &Context, database: &mut Inspection) -> Result<Finding, StoreError> {
    let Some(found) = database.connections().await? else {
        return Ok(Finding::skip("SQLite has no server"));
    };
    let pool = u64::try_from(context.config.database_pool).unwrap_or(u64::MAX);
    Ok(of_server(found, pool))
}

fn of_server(found: ConnectionUse, pool: u64) -> Finding {
    let ConnectionUse { maximum, open, of_nodes, of_feeds } = found;
    let each = pool.saturating_add(BESIDE_POOL);
    let nodes = of_feeds.div_ceil(2).max(1);
    let needed = nodes.saturating_mul(each).saturating_add(open.saturating_sub(of_nodes));
    let detail = format!(
        "{nodes} running or planned nodes use up to {each} connections each, and other clients {}: {needed} of {maximum}",
        open.saturating_sub(of_nodes)
    );
    let advice = "lower TESSERA_DATABASE_POOL, raise max_connections of PostgreSQL and restart it, or use PgBouncer in session mode";
    Finding::graded(detail, advice, needed > maximum, needed.saturating_mul(10) > maximum.saturating_mul(9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Status;

    #[test]
    fn the_pools_of_all_nodes_are_compared_with_the_maximum() {
        let three_nodes = ConnectionUse { maximum: 97, open: 20, of_nodes: 15, of_feeds: 6 };
        assert_eq!(of_server(three_nodes, 10).status, Status::Ok, "3 × 13 + 5");
        assert_eq!(of_server(three_nodes, 27).status, Status::Warn, "3 × 30 + 5");
        assert_eq!(of_server(three_nodes, 30).status, Status::Fail, "3 × 33 + 5");
        let stopped = ConnectionUse { maximum: 97, open: 1, of_nodes: 0, of_feeds: 0 };
        assert_eq!(of_server(stopped, 95).status, Status::Fail, "98 + 1");
    }
}
