//! Damage of the files of a database.

use tessera_kernel::StoreError;

use super::Inspection;

/// The version since which PostgreSQL knows the collation version of a database.
const POSTGRES_15: u64 = 150_000;

impl Inspection {
    /// Checks all pages and indexes of a SQLite file. On PostgreSQL, returns the indexes that are invalid. The result is empty if
    /// there is no damage.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn check_integrity(&mut self) -> Result<Vec<String>, StoreError> {
        if self.is_postgres() {
            return self
                .values("SELECT indexrelid::regclass::text AS a FROM pg_index WHERE NOT indisvalid OR NOT indisready")
                .await;
        }
        let found = self.values("SELECT integrity_check AS a FROM pragma_integrity_check LIMIT 20").await?;
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }

    /// Returns the collations that have another version now than when the indexes were built. Empty for SQLite.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn changed_collations(&mut self) -> Result<Vec<String>, StoreError> {
        if !self.is_postgres() {
            return Ok(Vec::new());
        }
        let mut changed = self
            .values(
                "SELECT DISTINCT collname::text AS a FROM pg_collation
                 WHERE collversion IS NOT NULL AND collversion <> pg_collation_actual_version(oid)
                 AND oid IN (SELECT attcollation FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
                     WHERE relnamespace = current_schema()::regnamespace)",
            )
            .await?;
        if self.number("SELECT current_setting('server_version_num') AS a").await? >= POSTGRES_15 {
            let database =
                "SELECT 'the default collation'::text AS a FROM pg_database WHERE datname = current_database()
                AND datcollversion <> pg_database_collation_actual_version(oid)";
            changed.extend(self.values(database).await?);
        }
        Ok(changed)
    }
}
