-- Rows that are locked in place of advisory locks (0 to 127) and of tables (128 and 129), where the server does not support
-- those or the role must not use them. No row is ever added, changed or deleted.
CREATE TABLE lock_rows (
    id integer NOT NULL CONSTRAINT lock_rows_id PRIMARY KEY
);
INSERT INTO lock_rows (id) SELECT generate_series(0, 129);
