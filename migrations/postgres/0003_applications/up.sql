-- json and not jsonb, here and below: a document comes back byte for byte.
CREATE TABLE applications (
    id uuid NOT NULL CONSTRAINT applications_id PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name text NOT NULL,
    description text,
    redirect_uris json NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX applications_by_organization ON applications (organization_id, id);
