CREATE TABLE organizations (
    id BLOB NOT NULL CONSTRAINT organizations_id PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    slug TEXT NOT NULL CONSTRAINT organizations_slug UNIQUE,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- No cascade from users: an organization that loses its last owner with an account is a decision, not a side effect.
CREATE TABLE memberships (
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id),
    role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    joined_at INTEGER NOT NULL,
    CONSTRAINT memberships_organization_id_user_id PRIMARY KEY (organization_id, user_id)
) STRICT;

CREATE INDEX memberships_by_user ON memberships (user_id);
