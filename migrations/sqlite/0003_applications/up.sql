CREATE TABLE applications (
    id BLOB NOT NULL CONSTRAINT applications_id PRIMARY KEY CHECK (length(id) = 16),
    organization_id BLOB NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    description TEXT,
    redirect_uris TEXT NOT NULL CHECK (json_valid(redirect_uris)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX applications_by_organization ON applications (organization_id, id);
