CREATE TABLE items (
    id uuid NOT NULL CONSTRAINT items_id PRIMARY KEY,
    application_id uuid NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    sku text COLLATE "C" NOT NULL,
    name text,
    description text,
    quantity bigint NOT NULL CHECK (quantity BETWEEN 0 AND 9007199254740991),
    metadata json NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT items_application_id_sku UNIQUE (application_id, sku)
);

CREATE INDEX items_by_application ON items (application_id, id);
