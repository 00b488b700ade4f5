CREATE TABLE settings (
    organization_id BLOB NOT NULL CONSTRAINT settings_organization_id PRIMARY KEY
        REFERENCES organizations (id) ON DELETE CASCADE,
    data TEXT NOT NULL CHECK (json_valid(data)),
    version INTEGER NOT NULL CHECK (version >= 1),
    updated_at INTEGER NOT NULL
) STRICT;

-- Of the user and not of the membership: what an organization knows of somebody stays when they leave.
CREATE TABLE system_data (
    organization_id BLOB NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    data TEXT NOT NULL CHECK (json_valid(data)),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT system_data_organization_id_user_id PRIMARY KEY (organization_id, user_id)
) STRICT;

CREATE INDEX system_data_by_user ON system_data (user_id);

CREATE TABLE custom_data (
    user_id BLOB NOT NULL CONSTRAINT custom_data_user_id PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    data TEXT NOT NULL CHECK (json_valid(data)),
    version INTEGER NOT NULL CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
