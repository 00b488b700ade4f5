//! References between rows, and the rule that every organization has an owner.

use tessera_kernel::StoreError;

use super::{Inspection, Row, RowProblem};

/// Ids without a foreign key that must exist: table, column, and the table of the id. A test compares this list and
/// [`UNCHECKED`] with the schema.
const WITHOUT_FOREIGN_KEY: [(&str, &str, &str); 2] =
    [("api_keys", "organization_id", "organizations"), ("sso_codes", "organization_id", "organizations")];

/// Ids without a foreign key whose row may be gone: audit entries, invitations and what a user has created outlive the user, and
/// jobs delete keys, mails and invitations in batches. The owner of an idempotency key and the claim of an invitation are requests.
const UNCHECKED: [(&str, &str); 11] = [
    ("api_keys", "created_by"),
    ("service_accounts", "created_by"),
    ("invitations", "invited_by"),
    ("invitations", "claimed_by"),
    ("events", "actor_id"),
    ("events", "organization_id"),
    ("events", "subject"),
    ("api_keys", "rotated_from"),
    ("invitation_mails", "mail_id"),
    ("invitation_mails", "invitation_id"),
    ("idempotency_keys", "owner"),
];

/// The foreign keys of PostgreSQL: the table, its reference, and the condition for a row without its parent.
const FOREIGN_KEYS: &str = "
    SELECT child.relname AS a, child.relname || ' refers to ' || parent.relname AS b,
        (SELECT format('NOT EXISTS (SELECT 1 FROM %s p WHERE %s) AND %s', confrelid::regclass,
                string_agg(format('p.%I = c.%I', pa.attname, ca.attname), ' AND '),
                string_agg(format('c.%I IS NOT NULL', ca.attname), ' AND '))
         FROM unnest(conkey, confkey) AS k (child, parent)
         JOIN pg_attribute ca ON ca.attrelid = conrelid AND ca.attnum = k.child
         JOIN pg_attribute pa ON pa.attrelid = confrelid AND pa.attnum = k.parent) AS c
    FROM pg_constraint
    JOIN pg_class child ON child.oid = conrelid
    JOIN pg_class parent ON parent.oid = confrelid
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2";

impl Inspection {
    /// Returns the references to rows that do not exist.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn check_references(&mut self) -> Result<Vec<RowProblem>, StoreError> {
        let mut problems = if self.is_postgres() {
            self.dangling_foreign_keys().await?
        } else {
            let query = "SELECT CAST(\"table\" AS TEXT) AS a, CAST(count(*) AS TEXT) AS b, CAST(parent AS TEXT) AS c
                FROM pragma_foreign_key_check GROUP BY \"table\", parent";
            let rows = self.rows(query).await?;
            rows.into_iter().filter_map(from_sqlite).collect()
        };
        for (table, column, parent) in WITHOUT_FOREIGN_KEY {
            let (rule, key) = (format!("{table}.{column} refers to {parent}"), self.id_text(column));
            let rows = format!(
                "FROM {table} c WHERE {column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.id = c.{column})"
            );
            problems.extend(self.violations(rule, &key, &rows).await?);
        }
        Ok(problems)
    }

    async fn dangling_foreign_keys(&mut self) -> Result<Vec<RowProblem>, StoreError> {
        let mut problems = Vec::new();
        for row in self.rows(FOREIGN_KEYS).await? {
            let Row { a: Some(table), b: Some(rule), c: Some(condition) } = row else { continue };
            let rows = format!("FROM {table} c WHERE {condition}");
            problems.extend(self.violations(rule, "NULL::text", &rows).await?);
        }
        Ok(problems)
    }

    /// Returns the organizations without an owner.
    ///
    /// # Errors
    /// Fails like any read.
    pub async fn check_owners(&mut self) -> Result<Option<RowProblem>, StoreError> {
        let key = self.id_text("o.id");
        let rows = "FROM organizations o WHERE deleted_at IS NULL AND NOT EXISTS
            (SELECT 1 FROM memberships m WHERE m.organization_id = o.id AND m.role = 'owner')";
        self.violations("organizations have no owner".to_owned(), &key, rows).await
    }

    /// The ids without a foreign key, as `table.column`: those that are checked and those that are not.
    #[must_use]
    pub fn ids_without_foreign_key() -> Vec<String> {
        let checked = WITHOUT_FOREIGN_KEY.iter().map(|(table, column, _)| (table, column));
        let all = checked.chain(UNCHECKED.iter().map(|(table, column)| (table, column)));
        all.map(|(table, column)| format!("{table}.{column}")).collect()
    }
}

fn from_sqlite(row: Row) -> Option<RowProblem> {
    let (table, parent) = (row.a?, row.c?);
    Some(RowProblem { rule: format!("{table} refers to {parent}"), rows: row.b?.parse().ok()?, example: None })
}
