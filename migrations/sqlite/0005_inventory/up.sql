CREATE TABLE items (
    id BLOB NOT NULL CONSTRAINT items_id PRIMARY KEY CHECK (length(id) = 16),
    application_id BLOB NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    sku TEXT NOT NULL,
    name TEXT,
    description TEXT,
    quantity INTEGER NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740991),
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT items_application_id_sku UNIQUE (application_id, sku)
) STRICT;

CREATE INDEX items_by_application ON items (application_id, id);
