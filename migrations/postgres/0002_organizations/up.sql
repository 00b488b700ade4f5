CREATE TABLE organizations (
    id uuid NOT NULL CONSTRAINT organizations_id PRIMARY KEY,
    name text NOT NULL,
    slug text COLLATE "C" NOT NULL CONSTRAINT organizations_slug UNIQUE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- No cascade from users: an organization that loses its last owner with an account is a decision, not a side effect.
CREATE TABLE memberships (
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    joined_at timestamptz NOT NULL,
    CONSTRAINT memberships_organization_id_user_id PRIMARY KEY (organization_id, user_id)
);

CREATE INDEX memberships_by_user ON memberships (user_id);
