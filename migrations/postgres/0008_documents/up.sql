CREATE TABLE settings (
    organization_id uuid NOT NULL CONSTRAINT settings_organization_id PRIMARY KEY
        REFERENCES organizations (id) ON DELETE CASCADE,
    data json NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    updated_at timestamptz NOT NULL
);

-- Of the user and not of the membership: what an organization knows of somebody stays when they leave.
CREATE TABLE system_data (
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    data json NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT system_data_organization_id_user_id PRIMARY KEY (organization_id, user_id)
);

CREATE INDEX system_data_by_user ON system_data (user_id);

CREATE TABLE custom_data (
    user_id uuid NOT NULL CONSTRAINT custom_data_user_id PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    data json NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
