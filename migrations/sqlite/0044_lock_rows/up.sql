-- Only PostgreSQL needs rows that are locked in place of advisory locks. SQLite has one writer.
CREATE TABLE lock_rows (
    id INTEGER NOT NULL CONSTRAINT lock_rows_id PRIMARY KEY
) STRICT;
